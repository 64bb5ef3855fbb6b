"""The key-value store of Ray's GCS: with Redis it outlives the head."""

from __future__ import annotations

from typing import Any

from ray.exceptions import RayError
from ray.experimental.internal_kv import internal_kv_get_gcs_client

from orchestrator.core.errors import EnvironmentNotReady

NAMESPACE = b"qorch"
TIMEOUT_S = 2.0


class KvError(EnvironmentNotReady):
    """It cannot be read or written now, or what is there is of no use."""


def kv_put(key: bytes, value: bytes) -> None:
    """Waits for the GCS, at most `TIMEOUT_S`; raises KvError."""
    try:
        _client().internal_kv_put(key, value, True, NAMESPACE, timeout=TIMEOUT_S)
    except RayError as error:
        raise KvError(f"Ray's GCS takes nothing now: {error}") from None


def kv_get(key: bytes) -> bytes | None:
    """As it was written, None where nothing was; waits and raises as `kv_put`."""
    try:
        value: bytes | None = _client().internal_kv_get(key, NAMESPACE, timeout=TIMEOUT_S)
    except RayError as error:
        raise KvError(f"Ray's GCS tells nothing now: {error}") from None
    return value


def kv_keys(prefix: bytes) -> list[bytes]:
    """Those that begin so; waits and raises as `kv_put`."""
    try:
        keys: list[bytes] = _client().internal_kv_keys(prefix, NAMESPACE, timeout=TIMEOUT_S)
    except RayError as error:
        raise KvError(f"Ray's GCS tells nothing now: {error}") from None
    return keys


def kv_remove(key: bytes) -> None:
    """Waits and raises as `kv_put`."""
    try:
        _client().internal_kv_del(key, False, NAMESPACE, timeout=TIMEOUT_S)
    except RayError as error:
        raise KvError(f"Ray's GCS takes nothing now: {error}") from None


def _client() -> Any:
    """Of this process, which Ray has made and connected."""
    client = internal_kv_get_gcs_client()
    if client is None:
        raise KvError("this process is no part of a Ray cluster")
    return client
