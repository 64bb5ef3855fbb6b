"""`bench fit` over a runtime in memory, with clients that measure what the test says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.adapters.in_memory import InMemoryRuntime
from orchestrator.app.bench_fit import measure
from orchestrator.app.scale import Asked, scale
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.fit_report import MeasuredLoad
from orchestrator.core.load_time import Load
from orchestrator.core.prediction import Prediction
from tests.app.samples import Recording, demo_spec

SPEED = Prediction(40.0, 120.0, 8, 900.0, 1.5, 1024, 256, 12.0, ())


class HalfAsFast:
    """Clients that see half of what was predicted, and remember what they were asked for."""

    def __init__(self) -> None:
        self.asked: list[Load] = []

    def run(self, load: Load) -> MeasuredLoad:
        self.asked.append(load)
        return MeasuredLoad(ttft_s=3.0, tpot_s=1 / 20, tok_s=60.0)


def deployed(speed: Prediction | None = SPEED) -> InMemoryRuntime:
    spec = demo_spec()
    variant = spec.variants[0]
    return running(replace(spec, variants=(replace(variant, predicted=replace(variant.predicted, speed=speed)),)))


def running(spec: DeploymentSpec) -> InMemoryRuntime:
    runtime = InMemoryRuntime()
    runtime.prepare(4, 0)
    runtime.apply(spec)
    scale(runtime, Asked(1, 1), 2**40, 5, True, Recording())
    return runtime


def test_one_request_alone_and_then_as_many_as_saturate_are_measured() -> None:
    clients = HalfAsFast()
    found = {each.figure: each for each in measure(deployed(), "default", clients)}
    assert clients.asked == [Load(1, 1024, 256), Load(8, 1024, 256)]
    assert {name: each.ratio for name, each in found.items() if name != "engine start"} == {
        "one stream": 0.5,
        "first token after 1,024": 2.0,
        "8 at once": 0.5,
    }


def test_what_cannot_be_compared_is_refused_before_anything_is_sent() -> None:
    clients, two = HalfAsFast(), deployed()
    scale(two, Asked(2, 2), 2**40, 5, True, Recording())
    for runtime, words in (
        (InMemoryRuntime(), "there is no fleet"),
        (two, "has 2"),
        (deployed(speed=None), "predicted no speed"),
    ):
        with pytest.raises(EnvironmentNotReady, match=words):
            measure(runtime, "default", clients)
    assert clients.asked == []
