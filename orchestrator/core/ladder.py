"""How long a context and how many sequences: what the user left open, settled by what fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.core.amounts import counted
from orchestrator.core.device_memory import Memory
from orchestrator.core.profile import Profile
from orchestrator.core.wish import Wish

CONTEXT_STEP_TOKENS = 1024
SHORTEST_CONTEXT = 4096  # by default: less serves nobody

MemoryOf = Callable[[int, int], Memory]  # (max_model_len, max_num_seqs) -> memory of one device


@dataclass(frozen=True)
class Ladder:
    """Between which figures may be chosen; `enough` sequences matter more than a longer context."""

    shortest: int  # tokens of context
    longest: int
    enough: tuple[int, ...]  # comfortably many sequences, and what is made do with where those do not fit
    most: int  # sequences


@dataclass(frozen=True)
class Settled:
    """A choice and its memory, which may not be there: see `fits`."""

    max_model_len: int
    max_num_seqs: int
    memory: Memory

    @property
    def fits(self) -> bool:
        return self.memory.headroom_bytes >= 0


def ladder(profile: Profile, wish: Wish, context_cap: int, most: int, enough: tuple[int, ...]) -> Ladder:
    """The range for a profile; what the wish names is the whole range."""
    longest = min(profile.model.limits.max_model_len, context_cap)
    return Ladder(
        shortest=wish.max_model_len or min(SHORTEST_CONTEXT, longest),
        longest=wish.max_model_len or longest,
        enough=(wish.max_num_seqs,) if wish.max_num_seqs else enough,
        most=wish.max_num_seqs or most,
    )


def settle(memory_of: MemoryOf, steps: Ladder) -> Settled:
    """The longest context that fits with enough sequences, and as many of these as then fit.

    Where nothing fits, the smallest choice, which misses least.
    """
    for enough in steps.enough:
        if _fits(memory_of, steps.shortest, enough):
            context = _longest(memory_of, steps, enough)
            return _settled(memory_of, context, _most_sequences(memory_of, steps, context, enough))
    return _settled(memory_of, steps.shortest, steps.enough[-1])


def context_note(profile: Profile, wish: Wish, choice: Settled) -> tuple[str, ...]:
    """What to say where memory, and not the user, made the context shorter than the model's."""
    limit = profile.model.limits.max_model_len
    if wish.max_model_len or choice.max_model_len >= limit:
        return ()
    return (
        f"the context is {choice.max_model_len:,} of {limit:,} tokens, the longest "
        f"that fits with {counted(choice.max_num_seqs, 'sequence')}",
    )


def _longest(memory_of: MemoryOf, steps: Ladder, sequences: int) -> int:
    """In whole steps, unless all of the longest fits."""
    if _fits(memory_of, steps.longest, sequences):
        return steps.longest
    low, high = steps.shortest // CONTEXT_STEP_TOKENS, steps.longest // CONTEXT_STEP_TOKENS + 1
    fitting = _bisect(lambda step: _fits(memory_of, step * CONTEXT_STEP_TOKENS, sequences), low, high)
    return max(steps.shortest, fitting * CONTEXT_STEP_TOKENS)


def _most_sequences(memory_of: MemoryOf, steps: Ladder, context: int, enough: int) -> int:
    if _fits(memory_of, context, steps.most):
        return steps.most
    return _bisect(lambda count: _fits(memory_of, context, count), enough, steps.most)


def _bisect(fits: Callable[[int], bool], low: int, high: int) -> int:
    """The most that fits, where `low` fits and `high` does not."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _fits(memory_of: MemoryOf, context: int, count: int) -> bool:
    return memory_of(context, count).headroom_bytes >= 0


def _settled(memory_of: MemoryOf, context: int, count: int) -> Settled:
    return Settled(context, count, memory_of(context, count))
