"""A small Hugging Face hub on loopback, for the real huggingface_hub to talk to; faults are switched on as it runs.

It serves what qorch and the library's own `hf_hub_download` use: `HEAD /`, `/api/models/REPO/revision/REV`, and
`/REPO/resolve/REV/FILE`, where files in LFS redirect to another origin that serves ranges, as the hub's CDN does.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

LFS = (".gguf", ".safetensors", ".bin")


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    method: str
    path: str
    range: str | None
    authorization: str | None


@dataclass
class Fault:
    """What to do to the next `times` GET or HEAD requests whose path contains `part`."""

    part: str
    times: int = 1
    status: int | None = None  # answer this
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None  # send so many bytes of the body, then hang up
    no_length: bool = False  # do not say how long the body is, so that its end is not told from a cut
    flip: bool = False  # send the right number of wrong bytes
    ignore_range: bool = False  # send all of it with 200


class HubStandIn:
    """Repositories by name, branch and commit; use as a context manager."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.gated: set[str] = set()
        self.token = "hf_good"
        self.stopped = False
        self._branches: dict[tuple[str, str], str] = {}
        self._commits: dict[tuple[str, str], dict[str, bytes]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> HubStandIn:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Refuse connections from now on, and hang up on those that are open."""
        self.stopped = True
        self._server.shutdown()
        self._server.server_close()

    def commit(self, repo: str, files: dict[str, bytes], branch: str = "main") -> str:
        """Put files on a branch and return the new commit."""
        commit = hashlib.sha1(repr((repo, branch, len(self._commits), sorted(files))).encode()).hexdigest()
        self._commits[repo, commit] = files
        self._branches[repo, branch] = commit
        return commit

    def fault(self, part: str, **fault: object) -> None:
        """Switch on one fault."""
        self.faults.append(Fault(part, **fault))  # type: ignore[arg-type]

    def asked(self, part: str) -> list[Request]:
        """Requests whose path contains `part`."""
        return [request for request in self.requests if part in request.path]

    def resolve(self, repo: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        commit = self._branches.get((repo, revision), revision)
        files = self._commits.get((repo, commit))
        return None if files is None else (commit, files)

    def content(self, digest: str) -> bytes | None:
        contents = (body for files in self._commits.values() for body in files.values())
        return next((body for body in contents if sha256(body) == digest), None)

    def take_fault(self, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.part in path and fault.times > 0:
                fault.times -= 1
                return fault
        return None


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def git_blob_id(body: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    hub: HubStandIn
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self) -> None:
        if self.hub.stopped:
            self.close_connection = True
            return None
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append(Request(self.command, path, self.headers["Range"], self.headers["Authorization"]))
        fault = self.hub.take_fault(path)
        if fault and fault.status:
            return self._answer(fault.status, b"no", fault.headers)
        if path == "/":
            return self._answer(200, b"a hub")
        if path.startswith("/api/models/"):
            repo, _, revision = path.removeprefix("/api/models/").partition("/revision/")
            return self._listing(repo, revision)
        if path.startswith("/cdn/"):
            return self._body(self.hub.content(path.removeprefix("/cdn/")) or b"", {}, fault)
        repo, _, rest = path.removeprefix("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        return self._file(repo, revision, name, fault)

    def _refused(self, repo: str, revision: str) -> bool:
        if repo in self.hub.gated and self.headers["Authorization"] != f"Bearer {self.hub.token}":
            status = 403 if self.headers["Authorization"] else 401
            self._answer(status, b"gated", {"X-Error-Code": "GatedRepo"})
            return True
        if self.hub.resolve(repo, revision) is None:
            known = any(name == repo for name, _ in self.hub._branches)
            self._answer(404, b"", {"X-Error-Code": "RevisionNotFound" if known else "RepoNotFound"})
            return True
        return False

    def _listing(self, repo: str, revision: str) -> None:
        if self._refused(repo, revision):
            return
        commit, files = self.hub.resolve(repo, revision) or ("", {})
        siblings = []
        for name, body in files.items():
            sibling = {"rfilename": name, "size": len(body), "blobId": git_blob_id(body)}
            if name.endswith(LFS):
                sibling["lfs"] = {"sha256": sha256(body), "size": len(body), "pointerSize": 134}
            siblings.append(sibling)
        info = {"id": repo, "modelId": repo, "sha": commit, "private": False, "tags": [], "siblings": siblings}
        self._answer(200, json.dumps(info).encode(), {"Content-Type": "application/json"})

    def _file(self, repo: str, revision: str, name: str, fault: Fault | None) -> None:
        if self._refused(repo, revision):
            return None
        commit, files = self.hub.resolve(repo, revision) or ("", {})
        if name not in files:
            return self._answer(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
        body, headers = files[name], {"X-Repo-Commit": commit}
        if not name.endswith(LFS):
            return self._body(body, headers | {"ETag": f'"{git_blob_id(body)}"'}, fault)
        headers |= {"X-Linked-Etag": f'"{sha256(body)}"', "X-Linked-Size": str(len(body))}
        location = f"http://localhost:{self.hub.port}/cdn/{sha256(body)}"  # another origin than 127.0.0.1
        return self._answer(302, b"", headers | {"Location": location})

    def _body(self, body: bytes, headers: dict[str, str], fault: Fault | None) -> None:
        start = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").partition("-")[0])
        status = 206 if self.headers["Range"] else 200
        if fault and fault.ignore_range:
            start, status = 0, 200
        if fault and fault.flip:
            body = bytes(byte ^ 0xFF for byte in body)
        if status == 206:
            headers = headers | {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
        self._answer(status, body[start:], headers, fault)

    def _answer(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        fault: Fault | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if not (fault and fault.no_length):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[: fault.cut_after] if fault else body)
        self.close_connection = bool(fault)
