"""When each source was last heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.core.live.reading import SourceState


def heard(before: Sequence[SourceState], silent: Mapping[str, str | None], at_s: float) -> tuple[SourceState, ...]:
    """Each source, heard now unless `silent` has why it is not; then it was heard when it was `before`."""
    known = {source.name: source.at_s for source in before}
    return tuple(SourceState(name, known.get(name) if error else at_s, error) for name, error in silent.items())
