"""Memory as a bar of letters, so that it can be read without colour."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.core.device_memory import Memory

FREE, EDGE = ".", "|"  # what is left, and where the memory ends when more is needed


def part_letters(names: Sequence[str]) -> tuple[str, ...]:
    """A capital letter for each part, its first one that is still free."""
    letters: list[str] = []
    for name in names:
        letters.append(next(letter for letter in name.upper() + "XYZ" if letter.isalpha() and letter not in letters))
    return tuple(letters)


def memory_bar(memory: Memory, width: int) -> str:
    """`[WWWWWKKRRA..]` within `width`; each part has one letter at least, and what misses stands behind the edge."""
    letters = part_letters([part.name for part in memory.parts])
    sizes = [part.bytes for part in memory.parts]
    room = width - 2
    if memory.headroom_bytes >= 0:
        return f"[{_cells([*sizes, memory.headroom_bytes], [*letters, FREE], room)}]"
    cells = _cells(sizes, letters, room - 1)
    edge = round(len(cells) * memory.available_bytes / memory.needed_bytes)
    return f"[{cells[:edge]}{EDGE}{cells[edge:]}]"


def _cells(sizes: Sequence[int], letters: Sequence[str], room: int) -> str:
    return "".join(letter * count for letter, count in zip(letters, shares(sizes, room), strict=True))


def shares(sizes: Sequence[int], room: int) -> list[int]:
    """`room` cells divided by size: what is not 0 has one at least, and the largest give for it."""
    total = sum(sizes) or 1
    counts = [max(int(size > 0), size * room // total) for size in sizes]
    by_rest = sorted(range(len(sizes)), key=lambda at: -(sizes[at] * room % total))
    for at in by_rest[: max(0, room - sum(counts))]:
        counts[at] += 1
    while sum(counts) > room and max(counts) > 1:
        counts[counts.index(max(counts))] -= 1
    return counts
