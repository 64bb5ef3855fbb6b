"""A safetensors file read as the format's page describes it: for tests of what writes one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

KINDS = {"BF16": np.uint16, "F16": np.float16, "I32": np.int32}


def header(path: Path) -> dict[str, Any]:
    """Each tensor's dtype, shape and place."""
    return _parts(path)[0]


def arrays(path: Path) -> dict[str, Any]:
    """The tensors; a bfloat16 as the float32 that it is the upper half of."""
    entries, data = _parts(path)
    return {name: _array(data, **entry) for name, entry in entries.items()}


def tensor_bytes(path: Path) -> int:
    return len(_parts(path)[1])


def _parts(path: Path) -> tuple[dict[str, Any], bytes]:
    raw = path.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    entries = json.loads(raw[8:start])
    del entries["__metadata__"]
    return entries, raw[start:]


def _array(data: bytes, dtype: str, shape: list[int], data_offsets: list[int]) -> Any:
    values = np.frombuffer(data[slice(*data_offsets)], KINDS[dtype])
    if dtype == "BF16":
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return values.reshape(shape)
