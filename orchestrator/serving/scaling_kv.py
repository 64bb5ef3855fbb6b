"""What a fleet's policy tells, in the key-value store of Ray's GCS."""

from __future__ import annotations

import zlib

from orchestrator.adapters.deflated import inflated
from orchestrator.adapters.typed_json import TypedJson
from orchestrator.core.scaling.told import ScalingTold
from orchestrator.serving.gcs_kv import KvError, kv_get, kv_put

KEY = b"scaling/1"  # the version of what is kept
MOST_BYTES = 4 * 2**20  # compressed; a pool of 1,000 replicas takes some 80 KB
MOST_TEXT_BYTES = 256 * 2**20

JSON: TypedJson[ScalingTold] = TypedJson(ScalingTold)


def put_told(told: ScalingTold) -> None:
    """Raises KvError."""
    value = zlib.compress(JSON.dump(told))
    if len(value) > MOST_BYTES:
        raise KvError(f"what scaling tells takes {len(value)} bytes, and {MOST_BYTES} is the most")
    kv_put(KEY, value)


def read_value() -> bytes | None:
    """As it was written, None where nothing was; raises KvError."""
    return kv_get(KEY)


def told_from(value: bytes) -> ScalingTold:
    """Raises KvError for what is damaged, or another version's."""
    try:
        return JSON.load(inflated(value, MOST_TEXT_BYTES))
    except ValueError as error:
        raise KvError(f"what Ray's GCS has of scaling is damaged, or another version's: {error}") from None
