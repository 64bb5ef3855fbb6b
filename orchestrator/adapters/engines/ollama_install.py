"""Which Ollama this host has: a server that answers, the program, the model store.

The routes are those of docs/api.md in github.com/ollama/ollama, read at v0.33.0-rc2.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from orchestrator.core.errors import SettingsError
from orchestrator.core.ollama_names import Address, address, manifest_path, version_of

HOST, MODELS = "OLLAMA_HOST", "OLLAMA_MODELS"
OLDEST = (0, 30, 0)  # the first that runs llama.cpp's server, whose memory the plan reckons (PR #16031)
LOOK_TIMEOUT_S = 2.0
UPGRADE = "curl -fsSL https://ollama.com/install.sh | sh"


@dataclass(frozen=True)
class OllamaInstall:
    """What there is; `problem` says why none of it can serve, and is empty where it can."""

    address: Address
    version: str | None  # of the server that answers; None: none does
    tags: Mapping[str, int] = field(default_factory=dict)  # that the server or the store lists, with their bytes
    program: str | None = None
    problem: str = ""

    @property
    def found(self) -> str:
        """For people."""
        if self.version is not None:
            leaves = "" if self.address.on_this_host else ": prompts leave this host, unencrypted"
            return f"Ollama {self.version} at {self.address.url}{leaves}"
        return f"{self.program}, which qorch starts"


def ollama_install(environment: Mapping[str, str] = os.environ) -> OllamaInstall:
    """What can be told of it in a moment."""
    try:
        where = address(environment.get(HOST))
    except SettingsError as wrong:
        return OllamaInstall(address(None), None, problem=wrong.message)
    return _of_server(where) or _of_program(where, environment)


def too_old(version: str) -> str | None:
    """Why a server of this version cannot serve."""
    if version_of(version) >= OLDEST:
        return None
    oldest = ".".join(map(str, OLDEST))
    return f"Ollama {version} is too old: {oldest} is the first that runs Qwen 3.5 with llama.cpp's server"


def model_store(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder that `ollama serve` of this user reads."""
    return Path(environment.get(MODELS) or Path.home() / ".ollama" / "models")


def local_tags(listed: Mapping[str, Any]) -> dict[str, int]:
    """The models of an answer to /api/tags with their bytes; those that run elsewhere are left out."""
    return {one["name"]: int(one["size"]) for one in listed["models"] if not one.get("remote_host")}


def _of_server(where: Address) -> OllamaInstall | None:
    """None where nobody answers."""
    try:
        with httpx.Client(base_url=where.url, timeout=LOOK_TIMEOUT_S, trust_env=False) as client:
            version = str(client.get("/api/version").raise_for_status().json()["version"])
            tags = local_tags(client.get("/api/tags").raise_for_status().json())
    except httpx.TransportError:
        return None
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return OllamaInstall(where, None, problem=f"what answers at {where.url} is not Ollama")
    return OllamaInstall(where, version, tags, problem=too_old(version) or "")


def _of_program(where: Address, environment: Mapping[str, str]) -> OllamaInstall:
    """The program that we may start: never in the place of a server on another host."""
    program = shutil.which("ollama", path=environment.get("PATH"))
    if not where.on_this_host:
        return OllamaInstall(where, None, problem=f"no Ollama server answers at {where.url}, which {HOST} names")
    if program is None:
        problem = f"no Ollama server answers at {where.url}, and no program ollama is on PATH"
        return OllamaInstall(where, None, problem=problem)
    return OllamaInstall(where, None, _stored(model_store(environment)), program)


def _stored(store: Path) -> dict[str, int]:
    """The tags of Ollama's library in a model store, with the bytes of their layers."""
    root = store / manifest_path("x:y").removesuffix("/x/y")
    found = ((path, _layers_bytes(path)) for path in sorted(root.glob("*/*")) if path.is_file())
    return {f"{path.parent.name}:{path.name}": size for path, size in found if size}


def _layers_bytes(manifest: Path) -> int:
    """0 of what is no manifest."""
    try:
        return sum(int(layer["size"]) for layer in json.loads(manifest.read_text())["layers"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
