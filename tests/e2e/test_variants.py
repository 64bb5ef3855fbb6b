"""Two variants of one model in one real fleet: Ray Serve, two llama.cpp engines, and the gateway before both."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from orchestrator.adapters.bare_host import BareHost
from orchestrator.adapters.demo_model import make_demo_gguf
from orchestrator.adapters.ports import free_ports
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.fleet import Fleet, FleetPhase
from tests.app.samples import demo_spec

pytestmark = pytest.mark.e2e

CONTEXTS = {"short": 512, "long": 4096}
PATIENCE_S = 90.0


def two_variants(spec: DeploymentSpec) -> DeploymentSpec:
    """The one variant of `spec` twice, with different contexts."""
    (variant,), (limits,) = spec.variants, spec.gateway.variants
    engines = {name: replace(variant.engine, max_model_len=length) for name, length in CONTEXTS.items()}
    variants = tuple(replace(variant, name=name, engine=engine) for name, engine in engines.items())
    told = tuple(replace(limits, name=name, max_model_len=length) for name, length in CONTEXTS.items())
    return replace(spec, variants=variants, gateway=replace(spec.gateway, variants=told))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("variants")
    host = BareHost(folder / "state", "variants")
    try:
        yield up(host, folder)
    finally:
        host.remove()


def up(host: BareHost, folder: Path) -> Fleet:
    """Until every replica answers and the gateway has seen it."""
    paths = host.prepare(num_cpus=2, num_gpus=0)
    model, port = make_demo_gguf(folder), free_ports(1)[0]
    host.apply(two_variants(demo_spec("variants", model, port, paths, folder / "keys.json")))
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        fleet, failure = host.observe(), host.failure()
        assert failure is None, failure
        if (
            fleet is not None
            and fleet.phase is FleetPhase.READY
            and sum(r.engine is not None for r in fleet.replicas) == 2
        ):
            return fleet
        time.sleep(0.3)
    raise AssertionError(f"not ready within {PATIENCE_S:g} s: {host.observe()}")


def takers(fleet: Fleet, words: int, times: int = 4) -> set[str]:
    """The deployments that answer a prompt of so many words."""
    deployments = {replica.replica_id: replica.deployment for replica in fleet.replicas}
    body = {"model": "demo", "prompt": "hello " * words, "max_tokens": 4}
    answers = [httpx.post(f"{fleet.endpoint}/completions", json=body, timeout=30) for _ in range(times)]
    assert [answer.status_code for answer in answers] == [200] * times
    return {deployments[answer.headers["x-qorch-replica"]] for answer in answers}


def test_each_prompt_goes_to_the_engines_whose_context_holds_it(fleet: Fleet) -> None:
    assert takers(fleet, 1) == {"short", "long"}
    assert takers(fleet, 600) == {"long"}


def test_what_no_engine_holds_is_refused_with_the_longest_context(fleet: Fleet) -> None:
    body = {"model": "demo", "prompt": "hello " * 6000, "max_tokens": 4}
    answer = httpx.post(f"{fleet.endpoint}/completions", json=body, timeout=30)
    assert answer.status_code == 400
    assert "the context holds 4,096 tokens" in answer.json()["error"]["message"]
