"""The file that holds API keys: hashed, readable by its owner only, replaced whole."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, replace
from pathlib import Path

from orchestrator.adapters.files import changing, file_version, write_private
from orchestrator.core.api_keys import ApiKey, KeyRing, new_key, presented
from orchestrator.core.errors import EnvironmentNotReady, UsageError


class KeyStore:
    """Keys in one JSON file; a missing file is an empty ring."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> KeyRing:
        """All keys; raises EnvironmentNotReady when the file cannot be understood."""
        try:
            data = json.loads(self.path.read_text())
            return KeyRing(bytes.fromhex(data["pepper"]), tuple(ApiKey(**key) for key in data["keys"]))
        except FileNotFoundError:
            return KeyRing(secrets.token_bytes(32))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EnvironmentNotReady(
                f"the key file {self.path} cannot be read: {error}",
                hint=f"move it away and create new keys: mv {self.path} {self.path}.broken",
            ) from error

    def create(self, name: str, created_at: str) -> str:
        """Add a key and return it as its owner will write it; it cannot be shown again."""
        key_id, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        with changing(self.path):
            ring = self.read()
            key = new_key(key_id, secret, name, ring.pepper, created_at)
            self._write(replace(ring, keys=(*ring.keys, key)))
        return presented(key_id, secret)

    def revoke(self, key_id: str, revoked_at: str) -> ApiKey:
        """Close a key for good; raises UsageError when there is none of that id."""
        with changing(self.path):
            ring = self.read()
            if not any(key.key_id == key_id for key in ring.active):
                raise UsageError(f"there is no active key with the id {key_id!r}", hint="qorch keys list")
            keys = tuple(replace(k, revoked_at=revoked_at) if k.key_id == key_id else k for k in ring.keys)
            self._write(replace(ring, keys=keys))
        return next(key for key in keys if key.key_id == key_id)

    def version(self) -> tuple[int, ...]:
        """Changes whenever the file does."""
        return file_version(self.path)

    def _write(self, ring: KeyRing) -> None:
        data = {"pepper": ring.pepper.hex(), "keys": [asdict(key) for key in ring.keys]}
        write_private(self.path, json.dumps(data, indent=2) + "\n")
