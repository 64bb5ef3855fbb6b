"""Which files a profile is made of, and what is refused before an engine sees them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from orchestrator.adapters.gguf_header import GgufError, GgufHeader, read_gguf_header
from orchestrator.adapters.safetensors_header import check_safetensors
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.model_config import other_architecture, other_model
from orchestrator.core.profile import Architecture, Profile

FIRST_SHARD = re.compile(r"(?P<stem>.+)-00001-of-(?P<count>(?!00000)\d{5})\.gguf")
INDEX = "model.safetensors.index.json"
SAFETENSORS_PARTS = (".safetensors", ".json", ".jinja")
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
QWEN35_ARCHITECTURES = ("qwen35", "qwen35moe")
PROJECTOR_ARCHITECTURE = "clip"


class UnsafeModel(EnvironmentNotReady):
    """Loading these files would run code that came with them."""


def shards(first: str) -> tuple[str, ...]:
    """`first` alone, or all N shards where its name ends in `-00001-of-0000N.gguf`."""
    match = FIRST_SHARD.fullmatch(first)
    if match is None:
        return (first,)
    count = int(match["count"])
    return tuple(f"{match['stem']}-{number:05}-of-{count:05}.gguf" for number in range(1, count + 1))


def gguf_names(profile: Profile) -> tuple[str, ...]:
    """The files of a GGUF profile: every shard, then the vision projector if there is one."""
    weights = profile.weights
    projector = (weights.mmproj_file,) if weights.mmproj_file else ()
    return shards(weights.file) + projector if weights.file else ()


def is_safetensors_part(name: str) -> bool:
    """Whether a file at the root of a repository is weights, index, config, tokenizer or template."""
    return "/" not in name and (name.endswith(SAFETENSORS_PARTS) or name == "merges.txt")


def indexed_names(folder: Path) -> frozenset[str]:
    """The weight files that the index of a safetensors model names; without an index, its single file."""
    if not (folder / INDEX).is_file():
        return frozenset({"model.safetensors"})
    weight_map = _json(folder / INDEX).get("weight_map")
    names = list(weight_map.values()) if isinstance(weight_map, dict) else []
    if not names or not all(isinstance(name, str) and PurePosixPath(name).name == name for name in names):
        raise EnvironmentNotReady(f"{folder / INDEX}: weight_map does not name the weight files", hint=f"ls {folder}")
    return frozenset(names)


def check_gguf_model(profile: Profile, path: Path, mmproj_path: Path | None) -> None:
    """Read every header: the shards must be sound, model and projector must be what the profile names."""
    first, *others = (path.parent / name for name in shards(path.name))
    _same_model(profile, first, read_gguf_header(first))
    for shard in others:
        read_gguf_header(shard)
    if mmproj_path is not None and (header := read_gguf_header(mmproj_path)).architecture != PROJECTOR_ARCHITECTURE:
        raise GgufError(f"{mmproj_path}: architecture {header.architecture!r}, expected a projector ('clip')")


def check_safetensors_model(profile: Profile, folder: Path) -> None:
    """Refuse pickles, code and another model, then check the extent of every weight file."""
    refuse_pickles(entry.name for entry in folder.iterdir())
    refuse_code(folder)
    _same_config(profile, folder / "config.json")
    for name in sorted(indexed_names(folder)):
        check_safetensors(folder / name)


def refuse_pickles(names: Iterable[str]) -> None:
    """Refuse files that run code when they are loaded."""
    pickles = sorted(name for name in names if name.lower().endswith(PICKLES))
    if pickles:
        raise UnsafeModel(
            f"{', '.join(pickles[:3])}: pickles run code when they are loaded; expected *.safetensors",
            hint="qorch profiles list  # for a profile with safetensors or GGUF weights",
        )


def refuse_code(folder: Path) -> None:
    """Refuse configs whose `auto_map` names Python code, wherever it stands in them (CVE-2025-66448)."""
    for config in sorted(folder.glob("*config*.json")):
        if _names_code(_json(config)):
            raise UnsafeModel(
                f"{config}: auto_map names Python code to run, and qorch never sets trust_remote_code",
                hint="qorch profiles list  # for a profile whose model brings no code",
            )


def size_notice(profile: Profile, weights_bytes: int) -> tuple[str, ...]:
    """Says when the weights are not as large as the catalogue has them, by more than a hundredth."""
    catalogued = profile.weights.bytes
    if abs(weights_bytes - catalogued) * 100 <= catalogued:
        return ()
    return (f"the weights are {weights_bytes:,} bytes, the catalogue says {catalogued:,}: another upload",)


def _same_config(profile: Profile, path: Path) -> None:
    """The checkpoint must be of the profile's architecture, depth and width."""
    config, wanted, hint = _json(path), profile.model.architecture, "qorch profiles list"
    if (problem := other_architecture(config)) is not None:
        raise EnvironmentNotReady(f"{path}: weights for another architecture: {problem}", hint)
    if wanted is not None and (problem := other_model(wanted, config)) is not None:
        raise EnvironmentNotReady(f"{path}: weights for another model than {profile.model.name}: {problem}", hint)


def _same_model(profile: Profile, path: Path, header: GgufHeader) -> None:
    """The file must be of the profile's architecture, depth and width."""
    wanted = profile.model.architecture
    if header.architecture not in QWEN35_ARCHITECTURES:
        raise GgufError(
            f"{path}: weights for another architecture: {header.architecture!r}, "
            f"expected {' or '.join(QWEN35_ARCHITECTURES)}"
        )
    if wanted is not None and (problem := _difference(wanted, header)):
        raise GgufError(f"{path}: weights for another model than {profile.model.name}: {problem}")


def _difference(wanted: Architecture, header: GgufHeader) -> str | None:
    """What the header says otherwise than the profile; the multi-token-prediction layers may be in or out."""
    layers = wanted.num_hidden_layers
    if header.architecture != ("qwen35moe" if wanted.experts else "qwen35"):
        return f"architecture {header.architecture!r}"
    if header.embedding_length != wanted.hidden_size:
        return f"hidden size {header.embedding_length}, expected {wanted.hidden_size}"
    if header.block_count not in (layers, layers + wanted.mtp_num_hidden_layers):
        return f"{header.block_count} layers, expected {layers}"
    return None


def _json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as wrong:
        raise EnvironmentNotReady(f"{path}: not JSON that can be read: {wrong}", hint=f"rm {path}") from wrong
    return data if isinstance(data, dict) else {}


def _names_code(data: Any) -> bool:
    """Whether `auto_map` stands anywhere in the data."""
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "auto_map" in value:
                return True
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return False
