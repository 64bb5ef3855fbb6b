"""How long a context and how many sequences: what the user left open, settled by what fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.core.amounts import counted
from orchestrator.core.plan import Memory, Wish
from orchestrator.core.profile import Profile

CONTEXTS = (262144, 131072, 65536, 32768, 16384, 8192, 4096)

MemoryOf = Callable[[int, int], Memory]  # (max_model_len, max_num_seqs) -> memory of one device


@dataclass(frozen=True)
class Ladder:
    """What may be chosen, the most wanted first; `enough` sequences matter more than a longer context."""

    contexts: tuple[int, ...]
    sequences: tuple[int, ...]
    enough: tuple[int, ...]  # comfortably many, and what is made do with where those do not fit


@dataclass(frozen=True)
class Settled:
    """A choice and its memory, which may not be there: see `fits`."""

    max_model_len: int
    max_num_seqs: int
    memory: Memory

    @property
    def fits(self) -> bool:
        return self.memory.headroom_bytes >= 0


def ladder(
    profile: Profile, wish: Wish, context_cap: int, sequences: tuple[int, ...], enough: tuple[int, ...]
) -> Ladder:
    """The steps for a profile; what the wish names is the only step."""
    longest = min(profile.model.limits.max_model_len, context_cap)
    contexts = (longest, *(context for context in CONTEXTS if context < longest))
    return Ladder(
        contexts=(wish.max_model_len,) if wish.max_model_len else contexts,
        sequences=(wish.max_num_seqs,) if wish.max_num_seqs else sequences,
        enough=(wish.max_num_seqs,) if wish.max_num_seqs else enough,
    )


def settle(memory_of: MemoryOf, steps: Ladder) -> Settled:
    """The longest context that fits with enough sequences, and as many of these as then fit.

    Where nothing fits, the smallest choice, which misses least.
    """
    for enough in steps.enough:
        for context in steps.contexts:
            if memory_of(context, enough).headroom_bytes >= 0:
                return _most_sequences(memory_of, context, steps.sequences)
    return _settled(memory_of, steps.contexts[-1], steps.sequences[-1])


def context_note(profile: Profile, wish: Wish, choice: Settled) -> tuple[str, ...]:
    """What to say where memory, and not the user, made the context shorter than the model's."""
    limit = profile.model.limits.max_model_len
    if wish.max_model_len or choice.max_model_len >= limit:
        return ()
    return (
        f"the context is {choice.max_model_len:,} of {limit:,} tokens, the longest step "
        f"that fits with {counted(choice.max_num_seqs, 'sequence')}",
    )


def _most_sequences(memory_of: MemoryOf, context: int, sequences: tuple[int, ...]) -> Settled:
    """The first of `sequences` that fits; the last one does, as the caller has seen."""
    choices = (_settled(memory_of, context, count) for count in sequences[:-1])
    fitting = (choice for choice in choices if choice.fits)
    return next(fitting, None) or _settled(memory_of, context, sequences[-1])


def _settled(memory_of: MemoryOf, context: int, count: int) -> Settled:
    return Settled(context, count, memory_of(context, count))
