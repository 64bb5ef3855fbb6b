"""GPTQ tensors back into weights, as AutoGPTQ's first format defines them: for tests of what writes them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

PARTS = ("qweight", "qzeros", "scales", "g_idx")
EXPERT = re.compile(r"(?P<stem>.+\.experts)\.(?P<expert>\d+)\.(?P<projection>\w+)\.weight")
FOURS = np.arange(0, 32, 4)


def restored(tensors: dict[str, Any]) -> dict[str, Any]:
    """All weights by name, matrices of 4 bits as [outputs, inputs]; what is stored otherwise stays as it is."""
    plain = {name: tensor for name, tensor in tensors.items() if not name.endswith(PARTS)}
    stems = [name.removesuffix(".qweight") for name in tensors if name.endswith(".qweight")]
    return plain | {
        f"{stem}.weight": dequantized(**{part: tensors[f"{stem}.{part}"] for part in PARTS}) for stem in stems
    }


def dequantized(qweight: Any, qzeros: Any, scales: Any, g_idx: Any) -> Any:
    """(level - zero) * scale, of every input's own group; the zero points are stored less one."""
    levels = (qweight[:, None, :] >> FOURS[:, None] & 15).reshape(-1, qweight.shape[1])
    zeros = (qzeros[:, :, None] >> FOURS & 15).reshape(len(qzeros), -1) + 1
    return ((levels - zeros[g_idx]) * scales.astype(np.float32)[g_idx]).T.astype(np.float32)


def stacked(tensors: dict[str, Any]) -> dict[str, Any]:
    """The experts' matrices one upon the other, [expert, outputs, inputs]; they come in the order of their numbers."""
    whole: dict[str, Any] = {}
    for name, tensor in tensors.items():
        expert = EXPERT.fullmatch(name)
        whole.setdefault(f"{expert['stem']}.{expert['projection']}" if expert else name, []).append(tensor)
    return {
        name: np.stack(parts) if ".experts." in name and len(parts) > 1 else parts[0] for name, parts in whole.items()
    }
