"""What a fleet's policy tells, in the key-value store of Ray's GCS: with Redis it outlives the head."""

from __future__ import annotations

import zlib
from typing import Any

from ray.exceptions import RayError
from ray.experimental.internal_kv import internal_kv_get_gcs_client

from orchestrator.adapters.typed_json import TypedJson
from orchestrator.core.scaling.told import ScalingTold

NAMESPACE, KEY = b"qorch", b"scaling/1"  # the version of what is kept
TIMEOUT_S = 2.0
MOST_BYTES = 4 * 2**20  # compressed; a pool of 1,000 replicas takes some 80 KB

JSON: TypedJson[ScalingTold] = TypedJson(ScalingTold)


class KvError(Exception):
    """It cannot be read or written now, or what is there is of no use."""


def put_told(told: ScalingTold) -> None:
    """Waits for the GCS, at most `TIMEOUT_S`; raises KvError."""
    value = zlib.compress(JSON.dump(told))
    if len(value) > MOST_BYTES:
        raise KvError(f"what scaling tells takes {len(value)} bytes, and {MOST_BYTES} is the most")
    try:
        _client().internal_kv_put(KEY, value, True, NAMESPACE, timeout=TIMEOUT_S)
    except RayError as error:
        raise KvError(f"Ray's GCS takes nothing of scaling now: {error}") from None


def read_value() -> bytes | None:
    """As it was written, None where nothing was; waits and raises as `put_told`."""
    try:
        value: bytes | None = _client().internal_kv_get(KEY, NAMESPACE, timeout=TIMEOUT_S)
    except RayError as error:
        raise KvError(f"Ray's GCS tells nothing of scaling now: {error}") from None
    return value


def told_from(value: bytes) -> ScalingTold:
    """Raises KvError for what is damaged, or another version's."""
    try:
        return JSON.load(zlib.decompress(value))
    except (zlib.error, ValueError) as error:
        raise KvError(f"what Ray's GCS has of scaling is damaged, or another version's: {error}") from None


def _client() -> Any:
    """Of this process, which Ray has made and connected."""
    client = internal_kv_get_gcs_client()
    if client is None:
        raise KvError("this process is no part of a Ray cluster")
    return client
