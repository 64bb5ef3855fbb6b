"""What the pods of a cluster have asked for, and what of it a fleet's own pods have."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.cluster.requests import NOTHING_REQUESTED, with_requests
from tests.core.cluster.objects import Object, pod_object


def of_fleet(pod: Object, namespace: str, fleet: str) -> Object:
    return {**pod, "metadata": {**pod["metadata"], "namespace": namespace, "labels": {"qorch.dev/fleet": fleet}}}


def test_pods_that_have_ended_or_have_no_node_hold_nothing():
    pods = [
        pod_object("runs", "a", gpu=1),
        pod_object("starts", "a", phase="Pending", gpu=2),
        pod_object("done", "a", phase="Succeeded", gpu=4),
        pod_object("failed", "a", phase="Failed", gpu=4),
        pod_object("waits", None, phase="Pending", gpu=4),
        {"spec": "nonsense"},
    ]
    assert with_requests(NOTHING_REQUESTED, pods).by_node == {"a": {"nvidia.com/gpu": 3}}


HELD = st.tuples(st.sampled_from("abc"), st.integers(0, 8), st.sampled_from([None, "chat", "code"]))


def pods_of(held: Iterable[tuple[str, int, str | None]]) -> list[Object]:
    pods = [(pod_object(str(number), node, gpu=gpus), fleet) for number, (node, gpus, fleet) in enumerate(held)]
    return [pod if fleet is None else of_fleet(pod, "llm", fleet) for pod, fleet in pods]


@given(st.lists(HELD, max_size=30), st.integers(1, 7))
def test_pages_come_to_the_same_as_all_at_once(held: list[tuple[str, int, str | None]], page: int):
    pods, by_page = pods_of(held), NOTHING_REQUESTED
    for start in range(0, len(pods), page):
        by_page = with_requests(by_page, pods[start : start + page])
    assert by_page == with_requests(NOTHING_REQUESTED, pods)


@given(st.lists(HELD, max_size=30))
def test_beside_a_fleet_is_what_is_requested_where_it_has_no_pods(held: list[tuple[str, int, str | None]]):
    requests = with_requests(NOTHING_REQUESTED, pods_of(held))
    others = with_requests(NOTHING_REQUESTED, pods_of(each for each in held if each[2] != "chat"))
    beside = requests.beside(("llm", "chat"))
    assert {node: asked for node, asked in beside.items() if any(asked.values())} == {
        node: asked for node, asked in others.by_node.items() if any(asked.values())
    }
    own = sum(gpus for _, gpus, fleet in held if fleet == "chat")
    assert requests.of_fleet(("llm", "chat")).get("nvidia.com/gpu", 0) == own


def test_a_fleet_of_the_same_name_in_another_namespace_is_another_one():
    pods = [of_fleet(pod_object("p", "a", gpu=2), "llm", "chat"), of_fleet(pod_object("q", "a", gpu=1), "web", "chat")]
    requests = with_requests(NOTHING_REQUESTED, pods)
    assert requests.beside(("llm", "chat")) == {"a": {"nvidia.com/gpu": 1}}
    assert requests.beside(("llm", "other")) == {"a": {"nvidia.com/gpu": 3}}
