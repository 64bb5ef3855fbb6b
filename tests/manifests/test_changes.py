"""What applying would change."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.cluster.toleration import Toleration
from orchestrator.core.manifests.changes import Action, FieldChange, change
from orchestrator.core.manifests.fleet import fleet_objects
from orchestrator.core.manifests.fleet_on_pods import FleetOnPods, fleet_from_data, fleet_on_pods
from orchestrator.core.manifests.settings import ClusterSettings, MigStrategy
from orchestrator.core.profile import Profile
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.views.changes import changes_text
from tests.core.machines import BY_NAME
from tests.manifests.rendered import SCALED, SETTINGS, TABLE, plan

HEAD = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3),
)


def fields(old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    made = change(HEAD, {**HEAD, "spec": old}, {**HEAD, "spec": new})
    return [(each.path, each.old, each.new) for each in made.fields]


@given(VALUES)
def test_what_is_alike_does_not_differ(value: Any) -> None:
    assert fields(value, copy.deepcopy(value)) == []


@given(VALUES, VALUES)
def test_what_differs_is_found_whichever_way_it_is_compared(old: Any, new: Any) -> None:
    forth, back = fields(old, new), fields(new, old)
    assert sorted((path, repr(a), repr(b)) for path, a, b in forth) == sorted(
        (path, repr(b), repr(a)) for path, a, b in back
    )
    assert bool(forth) or old == new


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, [("spec.a[0].b", 1, 2)]),
        ({"a": [1]}, {"a": [1, 2]}, [("spec.a", [1], [1, 2])]),
        ({"a.b/c": 1}, {}, [("spec[a.b/c]", 1, "(none)")]),
        ({"a": json.dumps({"b": 1})}, {"a": json.dumps({"b": 2})}, [("spec.a.b", 1, 2)]),
        ({"a": json.dumps({"b": 1})}, {"a": json.dumps({"b": 1}, indent=2)}, []),
        ({"a": "1"}, {"a": "2"}, [("spec.a", "1", "2")]),
    ],
)
def test_a_field_is_named_by_its_path(old: Any, new: Any, expected: list[tuple[str, Any, Any]]) -> None:
    assert fields(old, new) == expected


def test_what_the_server_and_controllers_write_is_no_change() -> None:
    live = {**HEAD, "metadata": {"name": "a", "resourceVersion": "1", "generation": 1, "managedFields": [1]}}
    applied = {**HEAD, "metadata": {"name": "a", "resourceVersion": "2"}, "status": {"x": 1}}
    assert change(HEAD, live, applied).action is Action.SAME
    assert change(HEAD, None, applied).action is Action.CREATE


def test_long_values_are_cut_for_people() -> None:
    made = change(HEAD, {**HEAD, "data": "x"}, {**HEAD, "data": "y" * 1000})
    assert made.fields == (FieldChange("data", "x", "y" * 1000),)
    text = changes_text((made,), fields=True)
    assert text == f"~ change configmap/a\n    data: x -> {'y' * 100}… (1,000 characters)"


TOLERANT = replace(
    SETTINGS, tolerations=(Toleration("team", "llm", "NoSchedule"), Toleration("spot")), mig_strategy=MigStrategy.SINGLE
)


@pytest.mark.parametrize("settings", [SETTINGS, TOLERANT])
@pytest.mark.parametrize("wish", [None, SCALED])
def test_a_fleet_is_rendered_from_what_is_kept_as_it_was_at_first(wish: Any, settings: ClusterSettings) -> None:
    made = plan("a100-80gb:4", wish)
    fleet = fleet_on_pods("chat", made, ScalingGoal(ttft_s=30), settings, TABLE, {"model": "qwen3.5-9b"})
    profiles: dict[str, Profile] = BY_NAME
    objects = fleet_objects(fleet, profiles)
    (record,) = (each for each in objects if each["metadata"]["name"] == "qorch-chat-spec")
    read = fleet_from_data(json.loads(record["data"]["fleet.json"]), "llm")
    assert read == FleetOnPods(fleet.spec, fleet.needs, read.settings)
    assert replace(read.settings, namespace=None) == settings
    assert read.settings.namespace == "llm"
    for one, other in zip(fleet_objects(read, profiles), objects, strict=True):
        assert one == {**other, "metadata": {**other["metadata"], "namespace": "llm"}}


def test_what_a_later_version_wrote_is_refused() -> None:
    fleet = fleet_on_pods("chat", plan(), ScalingGoal(), SETTINGS, TABLE, {})
    data = json.loads(json.dumps(fleet.to_data()))
    data["needs"][0]["more"] = 1
    with pytest.raises(TypeError, match="unknown: more"):
        fleet_from_data(data, "llm")
