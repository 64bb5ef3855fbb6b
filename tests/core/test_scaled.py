"""Which variants grow and which shrink."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.deployment import DeploymentSpec, ScalingSpec, Variant
from orchestrator.core.fleet import Application, Replica
from orchestrator.core.observed import fleet_of
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaled import as_seen, bounded, host_bytes, most_replicas, scaled
from tests.app.samples import demo_spec

DEMO = demo_spec()
STATES = tuple(enumerate(("RUNNING", "STARTING", "STOPPING")))


def variant(num_replicas: int, sets: int | None, memory_bytes: int = 0) -> Variant:
    """On GPUs, with so many sets of them; None: on a CPU."""
    on_cpu = DEMO.variants[0]
    gpu_sets = tuple((f"GPU-{number}",) for number in range(sets or 0))
    engine = replace(on_cpu.engine, gpu_sets=gpu_sets)
    return replace(
        on_cpu, engine=engine, num_replicas=num_replicas, num_gpus=sets is not None, memory_bytes=memory_bytes
    )


def spec(*variants: Variant) -> DeploymentSpec:
    return replace(DEMO, variants=variants)


def counts(of: DeploymentSpec) -> list[int]:
    return [one.num_replicas for one in of.variants]


def test_the_best_variant_grows_first_and_the_last_one_shrinks_first() -> None:
    fleet = spec(variant(2, 4), variant(1, 2))
    assert counts(scaled(fleet, 5)) == [4, 1]
    assert counts(scaled(fleet, 6)) == [4, 2]
    assert counts(scaled(fleet, 2)) == [2, 0]
    assert counts(scaled(fleet, 1)) == [1, 0]


def test_no_variant_grows_beyond_its_gpus() -> None:
    fleet = spec(variant(1, 2), variant(1, 1))
    assert counts(scaled(fleet, 9)) == [2, 1]
    assert most_replicas(fleet, available_bytes=0) == 3


def test_on_a_cpu_only_memory_bounds_the_count() -> None:
    fleet = spec(variant(2, None, memory_bytes=100))
    assert counts(scaled(fleet, 7)) == [7]
    assert most_replicas(fleet, available_bytes=350) == 5
    assert host_bytes(fleet) == 200


VARIANTS = st.integers(0, 4).flatmap(
    lambda sets: st.tuples(st.integers(0, sets), st.just(sets)).map(lambda pair: variant(*pair))
)


@given(st.lists(VARIANTS, min_size=1, max_size=4), st.integers(0, 20))
def test_it_has_as_many_as_asked_for_or_as_there_are_gpus(variants: list[Variant], wanted: int) -> None:
    fleet = spec(*variants)
    assert scaled(fleet, wanted).num_replicas == min(wanted, most_replicas(fleet, 0) or 0)
    assert scaled(fleet, fleet.num_replicas) == fleet


def test_bounds_of_a_fleet_are_those_of_its_variants_together() -> None:
    fleet = replace(spec(variant(2, 4), variant(1, 2)), scaling=ScalingSpec("/scaling.json"))
    opened = bounded(fleet, ReplicaBounds(1, 5))
    assert [str(each.bounds) for each in opened.variants] == ["1..4", "0..1"]
    assert opened.bounds == ReplicaBounds(1, 5)
    assert counts(opened) == [1, 0]


def test_a_fleet_is_seen_with_the_replicas_that_there_are_only_where_their_number_follows_the_load() -> None:
    def seen(fleet: DeploymentSpec) -> list[int]:
        replicas = tuple(Replica(f"r{n}", DEMO.variants[0].name, state, 1, None, None) for n, state in STATES)
        return counts(as_seen(fleet, fleet_of(fleet, "", Application("RUNNING", "", 2, replicas), True)))

    assert seen(DEMO) == [1]
    assert seen(bounded(DEMO, ReplicaBounds(1, 3))) == [2]
