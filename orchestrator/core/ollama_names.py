"""Names and addresses as Ollama writes them."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from orchestrator.core.errors import SettingsError

LIBRARY = "registry.ollama.ai/library"
DEFAULT_PORT = 11434
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # a server's address may be any, a client's may not
HINT = "OLLAMA_HOST=127.0.0.1:11434, or unset"


@dataclass(frozen=True)
class Address:
    """Where an Ollama server is."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    @property
    def on_this_host(self) -> bool:
        """Whether what it is sent stays on this machine, as far as the address tells."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def address(text: str | None) -> Address:
    """OLLAMA_HOST as Ollama reads it (envconfig/config.go, v0.30.0), loopback by default; raises SettingsError.

    TLS and paths are refused: the gateway speaks plain HTTP to an engine, and asks for /v1 at the root.
    """
    given = (text or "").strip().strip("\"'")
    parts = urlsplit(given if "://" in given else f"http://{given}")
    if parts.scheme != "http" or parts.path.strip("/"):
        raise SettingsError(f"OLLAMA_HOST: expected HOST:PORT or http://HOST:PORT, got {given!r}", hint=HINT)
    try:
        port = parts.port or (80 if given.startswith("http://") else DEFAULT_PORT)
    except ValueError as error:
        raise SettingsError(f"OLLAMA_HOST: expected a port of 1 to 65535, got {given!r}", hint=HINT) from error
    host = parts.hostname or "127.0.0.1"
    return Address(EVERYWHERE.get(host, host), port)


def runs_elsewhere(tag: str) -> bool:
    """Whether Ollama sends the prompts of a tag to its cloud (internal/modelref, v0.30.0: `:cloud`, `:SIZE-cloud`)."""
    suffix = tag.rpartition(":")[2].lower()
    return suffix == "cloud" or suffix.endswith("-cloud")


def manifest_path(tag: str) -> str:
    """Where a model store says what belongs to a tag, below its folder."""
    name, _, version = tag.partition(":")
    return f"manifests/{LIBRARY}/{name}/{version}"


def derived_name(tag: str, owner: str) -> str:
    """The name of a tag with another context; `owner` makes it one replica's. A part holds at most 80 characters."""
    name, _, version = tag.partition(":")
    return f"qorch/{name}:{version}-{re.sub(r'[^A-Za-z0-9_.-]', '-', owner)[-40:]}"


def version_of(text: str) -> tuple[int, ...]:
    """0.30.1 of "0.30.1-rc2"; nothing of what is no version."""
    found = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, found.group().split("."))) if found else ()
