"""Which nodes a fleet's pods would be put on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.cluster.node import read_node, unusable
from tests.core.cluster.objects import node, node_object

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"conditions": [{"type": "Ready", "status": "False"}]}, "not Ready"),
        ({"conditions": [{"type": "Ready", "status": "Unknown"}]}, "not Ready"),
        ({"conditions": []}, "not Ready"),
        ({"spec": {"unschedulable": True}}, "cordoned"),
        ({"labels": {"kubernetes.io/os": "windows"}}, "runs windows"),
        ({"spec": {"taints": [{"key": "team", "value": "db", "effect": "NoSchedule"}]}}, "tainted team=db:NoSchedule"),
        (
            {"spec": {"taints": [{"key": "nvidia.com/gpu", "effect": "NoExecute"}]}},
            "tainted nvidia.com/gpu:NoExecute",
        ),
        ({"spec": {"taints": [{"key": "gone", "effect": "NoExecute"}]}}, "tainted gone:NoExecute"),
    ],
)
def test_a_node_that_pods_are_kept_off_says_why(changes: dict[str, Any], why: str):
    assert unusable(node(**changes)) == why


@pytest.mark.parametrize(
    "taint",
    [
        {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"},
        {"key": "team", "value": "db", "effect": "PreferNoSchedule"},
    ],
)
def test_a_taint_that_a_fleet_tolerates_or_that_is_a_wish_keeps_nothing_off(taint: dict[str, str]):
    assert unusable(node(spec={"taints": [taint]})) is None


def test_allocatable_devices_are_counted_and_nonsense_is_none():
    assert node(gpus=8).count("nvidia.com/gpu") == 8
    assert node(gpus="-1").count("nvidia.com/gpu") == 0
    assert node(gpus="many").count("nvidia.com/gpu") == 0


@given(JUNK, st.sampled_from(["metadata", "spec", "status", "labels", "taints", "conditions", "allocatable"]))
def test_a_field_of_any_shape_can_be_read(junk: Any, field: str):
    plain = node_object(gpus=8)
    part = next((each for each in ("metadata", "spec", "status") if field in plain[each]), None)
    changed = {**plain, field: junk} if part is None else {**plain, part: {**plain[part], field: junk}}
    assert read_node(changed).count("nvidia.com/gpu") in (0, 8)
