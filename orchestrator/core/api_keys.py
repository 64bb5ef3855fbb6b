"""API keys: how they look, how they are stored (hashed), how one is checked (constant time).

A key is `qk_<id>_<secret>`: 8 hexadecimal digits that name it, and 32 random bytes in base64url. Only
HMAC-SHA-256(pepper, secret) is stored, so a stolen file opens no door.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

PREFIX = "qk"
_NOBODY = "0" * 64


@dataclass(frozen=True)
class ApiKey:
    """A stored key; times are ISO 8601 in UTC."""

    key_id: str
    name: str
    secret_hash: str
    created_at: str
    revoked_at: str | None = None

    @property
    def active(self) -> bool:
        return self.revoked_at is None


@dataclass(frozen=True)
class KeyRing:
    """All keys of one user, with the pepper that their hashes were made with."""

    pepper: bytes
    keys: tuple[ApiKey, ...] = ()

    @property
    def active(self) -> tuple[ApiKey, ...]:
        return tuple(key for key in self.keys if key.active)


def new_key(key_id: str, secret: str, name: str, pepper: bytes, created_at: str) -> ApiKey:
    return ApiKey(key_id, name, hash_secret(secret, pepper), created_at)


def presented(key_id: str, secret: str) -> str:
    """The key as its owner writes it."""
    return f"{PREFIX}_{key_id}_{secret}"


def hash_secret(secret: str, pepper: bytes) -> str:
    return hmac.new(pepper, secret.encode(), hashlib.sha256).hexdigest()


def find_key(text: str, ring: KeyRing) -> ApiKey | None:
    """The active key that `text` opens, or None; the work is the same whether the id is known or not."""
    key_id, secret = _split(text)
    stored = _by_id(ring.keys, key_id)
    expected = stored.secret_hash if stored else _NOBODY
    matches = hmac.compare_digest(hash_secret(secret, ring.pepper), expected)
    return stored if matches and stored is not None and stored.active else None


def _split(text: str) -> tuple[str, str]:
    parts = text.split("_", 2)
    return (parts[1], parts[2]) if len(parts) == 3 and parts[0] == PREFIX else ("", text)


def _by_id(keys: Sequence[ApiKey], key_id: str) -> ApiKey | None:
    return next((key for key in keys if key.key_id == key_id), None)
