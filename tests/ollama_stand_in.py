"""A server that answers as Ollama's documentation says Ollama does; no Ollama took part in these tests.

Held to github.com/ollama/ollama at v0.33.0-rc2: docs/api.md (version, tags, ps, show, create, delete, generate),
docs/faq.mdx (keep_alive), docs/api/errors.mdx, docs/api/openai-compatibility.mdx, middleware/openai.go (the form of
streams), server/sched.go (one runner a model file; a change of context loads it anew). `python ollama_stand_in.py
serve` is the program: it reads OLLAMA_HOST, OLLAMA_MODELS and OLLAMA_CONTEXT_LENGTH.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WORDS = ("Hel", "lo", "!")
LIBRARY = "manifests/registry.ollama.ai/library"


@dataclass
class Model:
    """A name in the store: whose layers it has, and a context of its own."""

    layers: str
    num_ctx: int | None = None
    remote_host: str | None = None


@dataclass
class Loaded:
    """A runner: one a model file, whatever name it was loaded by."""

    name: str
    context_length: int
    keep_alive: Any


@dataclass
class Ollama:
    """The server's state, for a test to look at and to change."""

    models: dict[str, Model] = field(default_factory=dict)
    default_context: int = 4096
    version: str = "0.33.0"
    word_pause_s: float = 0.0
    loaded: dict[str, Loaded] = field(default_factory=dict)  # by layers
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    authorizations: set[str | None] = field(default_factory=set)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def bodies(self, path: str) -> list[Any]:
        return [body for _, asked, body in self.asked if asked == path]

    def load(self, name: str, keep_alive: Any) -> None:
        model = self.models[name]
        context = model.num_ctx or self.default_context
        runner = self.loaded.get(model.layers)
        if runner is None or runner.context_length != context:
            runner = self.loaded[model.layers] = Loaded(name, context, "5m")
        if keep_alive is not None:
            runner.keep_alive = keep_alive


def answer(ollama: Ollama, method: str, path: str, body: Any) -> tuple[int, Any]:
    """Status and JSON of every route but /v1."""
    match method, path:
        case "GET", "/api/version":
            return 200, {"version": ollama.version}
        case "GET", "/api/tags":
            return 200, {"models": [_listed(name, model) for name, model in ollama.models.items()]}
        case "GET", "/api/ps":
            rows = [{"name": one.name, "model": one.name, "context_length": one.context_length}
                    for one in ollama.loaded.values()]  # fmt: skip
            return 200, {"models": rows}
    named = body.get("from", body["model"]) if path == "/api/create" else body["model"]
    if named not in ollama.models:
        return 404, {"error": f"model '{named}' not found"}
    match method, path:
        case "POST", "/api/generate":
            return 200, _generate(ollama, body)
        case "POST", "/api/create":
            ollama.models[body["model"]] = Model(ollama.models[named].layers, body["parameters"]["num_ctx"])
            return 200, {"status": "success"}
        case "DELETE", "/api/delete":
            del ollama.models[named]
            return 200, None
    return 404, {"error": "no such route"}


def _generate(ollama: Ollama, body: Any) -> dict[str, Any]:
    """Without a prompt: only loads, or with a keep_alive of 0 unloads."""
    if body.get("keep_alive") == 0:
        ollama.loaded.pop(ollama.models[body["model"]].layers, None)
        return {"model": body["model"], "response": "", "done": True, "done_reason": "unload"}
    ollama.load(body["model"], body.get("keep_alive"))
    return {"model": body["model"], "response": "", "done": True, "done_reason": "load"}


def _listed(name: str, model: Model) -> dict[str, Any]:
    remote = {"remote_host": model.remote_host} if model.remote_host else {}
    return {"name": name, "model": name, "size": 6_594_474_711, "digest": "0a8c", **remote}


def events(path: str, body: Any) -> Iterator[dict[str, Any]]:
    """A stream's events, as middleware/openai.go writes them; thinking comes in `reasoning`."""
    chat = path == "/v1/chat/completions"
    head = {"id": "chatcmpl-1" if chat else "cmpl-1", "object": "chat.completion.chunk" if chat else "text_completion",
            "created": 1, "model": body["model"], "system_fingerprint": "fp_ollama"}  # fmt: skip
    if chat and body.get("reasoning_effort") != "none":
        for thought in ("hm", "m"):
            yield {**head, "choices": [_delta({"role": "assistant", "content": "", "reasoning": thought})]}
    for word in WORDS[: body.get("max_tokens") or len(WORDS)]:
        text = _delta({"content": word}) if chat else {"text": word, "index": 0, "finish_reason": None}
        yield {**head, "choices": [text]}
    yield {**head, "choices": [_delta({}, "stop") if chat else {"text": "", "index": 0, "finish_reason": "stop"}]}
    if (body.get("stream_options") or {}).get("include_usage"):
        yield {**head, "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}}


def _delta(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish_reason}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        ollama: Ollama = self.server.ollama  # type: ignore[attr-defined]
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(raw) if raw else {}
        ollama.asked.append((self.command, self.path, body))
        ollama.authorizations.add(self.headers.get("Authorization"))
        if self.path.startswith("/v1/"):
            return self._generate(ollama, body)
        self._send(*answer(ollama, self.command, self.path, body))

    def _generate(self, ollama: Ollama, body: Any) -> None:
        if body["model"] not in ollama.models:
            return self._send(404, {"error": {"message": f"model '{body['model']}' not found", "type": "not_found"}})
        ollama.load(body["model"], None)
        if not body.get("stream"):
            last = {"text": WORDS[0], "index": 0, "finish_reason": "stop"}
            return self._send(200, {"object": "text_completion", "model": body["model"], "choices": [last]})
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events(self.path, body):
            self._chunk(f"data: {json.dumps(event, separators=(',', ':'))}\n\n")
            time.sleep(ollama.word_pause_s)
        self._chunk("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, text: str) -> None:
        self.wfile.write(f"{len(text):x}\r\n{text}\r\n".encode())
        self.wfile.flush()

    def _send(self, status: int, data: Any) -> None:
        content = b"" if data is None else json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _serve

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is nothing to tell of."""


@contextmanager
def ollama_stand_in(**state: Any) -> Iterator[Ollama]:
    """One that listens on a free port of loopback."""
    ollama = Ollama(**state)
    server = Server(("127.0.0.1", 0), Handler)
    server.ollama = ollama  # type: ignore[attr-defined]
    ollama.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield ollama
    finally:
        server.shutdown()
        server.server_close()


def stored(folder: Path, *tags: str) -> None:
    """A model store with these tags of the library."""
    for tag in tags:
        name, _, version = tag.partition(":")
        manifest = folder / LIBRARY / name / version
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text(json.dumps({"schemaVersion": 2, "layers": [{"size": 6_000_000}, {"size": 70}]}))


def program(folder: Path) -> Path:
    """An executable `ollama` in `folder`, to be put on PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ollama"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).resolve()} "$@"\n')
    path.chmod(0o755)
    return path


def serve() -> None:
    """As `ollama serve`; what it was started with can be read in its log."""
    host, _, port = os.environ["OLLAMA_HOST"].partition(":")
    library = Path(os.environ["OLLAMA_MODELS"]) / LIBRARY
    tags = [f"{path.parent.name}:{path.name}" for path in library.glob("*/*")]
    server = Server((host, int(port)), Handler)
    models = {tag: Model(tag) for tag in tags}
    server.ollama = Ollama(models, int(os.environ["OLLAMA_CONTEXT_LENGTH"]), word_pause_s=0.1)  # type: ignore[attr-defined]
    told = {name: value for name, value in os.environ.items() if name.startswith("OLLAMA_")}
    print(f"Listening on {host}:{port}", json.dumps(told), file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    assert sys.argv[1:] == ["serve"]
    serve()
