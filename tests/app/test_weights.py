"""Weights from a list of sources, and `qorch pull` over them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.app.pull import pull
from orchestrator.app.weights import OnProgress, Progress, ResolvedWeights, WeightsSources
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.plan import Availability
from orchestrator.core.profile import Profile
from tests.adapters.model_samples import gguf_profile

NOT_MINE = Availability(obtainable=False, on_disk=False, reason="")
NOWHERE = Availability(obtainable=False, on_disk=False, reason="the hub does not answer")
FETCHABLE = Availability(obtainable=True, on_disk=False, reason="the hub answers")
ON_DISK = Availability(obtainable=True, on_disk=True, reason="in the folder")


@dataclass(frozen=True)
class Source:
    """Answers what it was made with."""

    answer: Availability

    def holds(self, profile: Profile) -> Availability:
        return self.answer

    def fetch(self, profile: Profile, progress: OnProgress) -> ResolvedWeights | None:
        if not self.answer.obtainable:
            return None
        progress(Progress("f", 1, 1, "fetch"))
        return ResolvedWeights(Path("/f"), None, 1, self.answer.reason)


def store(*answers: Availability) -> WeightsSources:
    return WeightsSources(tuple(Source(answer) for answer in answers))


def test_a_source_that_has_the_files_is_preferred_to_one_that_can_get_them() -> None:
    assert store(FETCHABLE, ON_DISK).availability(gguf_profile()) == ON_DISK
    assert store(NOWHERE, FETCHABLE).availability(gguf_profile()) == FETCHABLE


def test_when_no_source_has_them_every_reason_is_given() -> None:
    other = Availability(obtainable=False, on_disk=False, reason="not in /models")
    answer = store(other, NOT_MINE, NOWHERE).availability(gguf_profile())
    assert answer == Availability(False, False, "not in /models; the hub does not answer")


def test_the_first_source_that_answers_for_the_profile_resolves_it() -> None:
    weights = store(NOT_MINE, ON_DISK, FETCHABLE).resolve(gguf_profile(), lambda _: None)
    assert weights.source == "in the folder"


def test_weights_that_no_source_has_are_an_error_with_the_reasons() -> None:
    with pytest.raises(EnvironmentNotReady, match="sample-gguf: its weights cannot be had: the hub does not"):
        store(NOT_MINE, NOWHERE).resolve(gguf_profile(), lambda _: None)


@pytest.mark.parametrize(("answer", "was_on_disk"), [(ON_DISK, True), (FETCHABLE, False)])
def test_pull_says_whether_anything_had_to_be_fetched(answer: Availability, was_on_disk: bool) -> None:
    steps: list[Progress] = []
    pulled = pull(gguf_profile(), store(answer), steps.append)
    assert pulled.was_on_disk is was_on_disk
    assert pulled.weights.source == answer.reason
    assert len(steps) == 1
