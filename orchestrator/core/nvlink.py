"""Devices in sets for tensor parallelism: those that NVLink joins go together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.core.accelerators import Accelerator


def sets_of(devices: Sequence[Accelerator], size: int) -> tuple[tuple[Accelerator, ...], ...]:
    """As many sets of this size as there are devices for, the better devices first; what is left over is in none.

    Each set is one whose devices all reach each other over NVLink, while there is one.
    """
    rest, found = list(devices), []
    while len(rest) >= size:
        chosen = _best_linked(rest, size) or tuple(rest[:size])
        found.append(chosen)
        names = {one.id for one in chosen}
        rest = [one for one in rest if one.id not in names]
    return tuple(found)


def linked(devices: Sequence[Accelerator]) -> bool:
    """Whether each of them reaches each other one over NVLink."""
    return all(_peers(one, other) for one in devices for other in devices if one is not other)


def _best_linked(devices: Sequence[Accelerator], size: int) -> tuple[Accelerator, ...] | None:
    """The linked set whose worst device is the best; one device needs no link."""
    joined = [one for one in devices if len(one.nvlink_peers) >= size - 1] if size > 1 else []
    for end, last in enumerate(joined):
        peers = [one for one in joined[:end] if _peers(one, last)]
        for others in _cliques(peers, size - 1):
            return (*others, last)
    return None


def _cliques(devices: Sequence[Accelerator], size: int) -> Iterator[tuple[Accelerator, ...]]:
    if size == 0:
        yield ()
    for index, first in enumerate(devices if size else ()):
        peers = [other for other in devices[index + 1 :] if _peers(first, other)]
        if len(peers) >= size - 1:
            yield from ((first, *others) for others in _cliques(peers, size - 1))


def _peers(one: Accelerator, other: Accelerator) -> bool:
    return other.pci_bus_id in one.nvlink_peers
