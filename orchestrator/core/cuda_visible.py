"""Which GPUs and MIG slices CUDA_VISIBLE_DEVICES leaves to us.

Read as CUDA reads it (CUDA programming guide, 5.2.1.1; torch/cuda/__init__.py, `_parse_visible_devices`): the list ends
at its first entry that names no device, and one that names a device twice is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from orchestrator.core.inventory import Gpu, MigInstance

VARIABLE, ORDER = "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"
KINDS = ("GPU-", "MIG-")
INDEX = re.compile(r"\+?(\d+)")
UNSURE = f"; its numbers are read as nvidia-smi's, CUDA's own differ unless {ORDER}=PCI_BUS_ID"


def with_hidden(gpus: Sequence[Gpu], environment: Mapping[str, str]) -> tuple[Gpu, ...]:
    """The same GPUs, those marked that the variable hides; without the variable all are visible."""
    value = environment.get(VARIABLE)
    if value is None:
        return tuple(gpus)
    seen = _visible(value, gpus)
    why = f"hidden by {VARIABLE}={value}{_caveat(value, gpus, environment)}"
    return tuple(_marked(gpu, seen, why) for gpu in gpus)


def _visible(value: str, gpus: Sequence[Gpu]) -> frozenset[str]:
    """The names of the visible devices: a GPU's index, a slice's UUID."""
    entries = [entry.strip() for entry in value.split(",")]
    names = _by_uuid(entries, gpus) if entries[0].startswith(KINDS) else _by_index(entries, gpus)
    found = list(names)
    return frozenset(found) if len(found) == len(set(found)) else frozenset()


def _by_index(entries: Sequence[str], gpus: Sequence[Gpu]) -> Iterator[str]:
    there = {gpu.index for gpu in gpus}
    for entry in entries:
        number = INDEX.match(entry)
        if number is None or int(number[1]) not in there:
            return
        yield str(int(number[1]))


def _by_uuid(entries: Sequence[str], gpus: Sequence[Gpu]) -> Iterator[str]:
    """The beginning of a UUID will do where only one device has it; all entries are of the first one's kind."""
    names = {str(gpu.uuid): str(gpu.index) for gpu in gpus if isinstance(gpu.uuid, str)}
    names |= {part.uuid: part.uuid for gpu in gpus for part in gpu.mig_instances}
    kind = entries[0][: len(KINDS[0])]
    for entry in entries:
        matches = [entry] if entry in names else [uuid for uuid in names if uuid.startswith(entry)]
        if not entry.startswith(kind) or len(matches) != 1:
            return
        yield names[matches[0]]


def _marked(gpu: Gpu, seen: frozenset[str], why: str) -> Gpu:
    """A visible GPU shows all its slices, and a visible slice its GPU, but not the other slices."""
    if str(gpu.index) in seen:
        return gpu
    slices = tuple(_marked_slice(part, seen, why) for part in gpu.mig_instances)
    hidden = None if any(part.hidden is None for part in slices) else why
    return replace(gpu, mig_instances=slices, hidden=hidden)


def _marked_slice(part: MigInstance, seen: frozenset[str], why: str) -> MigInstance:
    return part if part.uuid in seen else replace(part, hidden=why)


def _caveat(value: str, gpus: Sequence[Gpu], environment: Mapping[str, str]) -> str:
    """By default CUDA numbers the fastest GPU 0, which only matters where GPUs differ."""
    unequal = len({gpu.name for gpu in gpus}) > 1
    by_number = INDEX.match(value.strip()) is not None
    return UNSURE if unequal and by_number and environment.get(ORDER) != "PCI_BUS_ID" else ""
