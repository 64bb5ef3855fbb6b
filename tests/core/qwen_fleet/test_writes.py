"""What has to be written, and what is so already."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from orchestrator.core.qwen_fleet.writes import Writes, needed_writes, only_edits, owned

FLEET = {"apiVersion": "qorch.dev/v1alpha1", "kind": "QwenFleet", "metadata": {"name": "chat", "uid": "1"}}
PORTS = [{"port": 1, "name": "a"}]
(WANTED,) = owned(
    [
        {
            "apiVersion": "v1",
            "kind": "Thing",
            "metadata": {"name": "x"},
            "spec": {"ports": PORTS, "empty": [], "zero": 0},
        }
    ],
    FLEET,
)


def live(**spec: Any) -> dict[str, Any]:
    item = copy.deepcopy(WANTED)
    item["spec"] |= spec
    item["metadata"] |= {"resourceVersion": "7", "labels": {"of": "others"}}
    return item


def found(item: dict[str, Any] | None, wanted: tuple[Any, ...] = (WANTED,)) -> Writes:
    return needed_writes(wanted, [] if item is None else [item], FLEET)


@pytest.mark.parametrize(
    "beside",
    [{}, {"more": 1}, {"ports": [{"port": 1, "name": "a", "protocol": "TCP"}]}, {"empty": None, "zero": None}],
)
def test_what_others_add_and_what_kubernetes_leaves_out_is_no_difference(beside: dict[str, Any]):
    assert found(live(**beside)) == Writes((), (), (), ())


@pytest.mark.parametrize(
    "other", [{"ports": [{"port": 2, "name": "a"}]}, {"ports": []}, {"ports": PORTS * 2}, {"zero": 1}]
)
def test_what_somebody_changed_is_restored(other: dict[str, Any]):
    assert found(live(**other)) == Writes((), (WANTED,), (), ())


def test_what_is_rendered_otherwise_or_is_not_there_is_applied():
    (newer,) = owned([{**WANTED, "spec": {"ports": []}}], FLEET)
    assert found(None).apply == (WANTED,)
    assert found(live(), (newer,)).apply == (newer,)


def test_a_field_that_is_left_out_is_applied_though_the_rest_is_there():
    (fewer,) = owned([{**WANTED, "spec": {"ports": PORTS}}], FLEET)
    assert found(live(), (fewer,)).apply == (fewer,)


def test_only_what_is_owned_is_deleted_and_what_is_not_is_foreign():
    theirs = live()
    theirs["metadata"]["ownerReferences"] = []
    assert found(theirs).foreign == (theirs,)
    assert found(theirs, ()).delete == ()
    assert found(live(), ()).delete == (live(),)


@pytest.mark.parametrize(
    ("owners", "expected"),
    [((), False), (("kubectl-edit",), True), (("argocd",), False), (("kubectl-edit", "argocd"), False)],
)
def test_hands_are_told_from_appliers(owners: tuple[str, ...], expected: bool):
    fields = [{"manager": "kubectl-edit", "operation": "Update"}, {"manager": "argocd", "operation": "Apply"}]
    assert only_edits({"metadata": {"managedFields": fields}}, owners) is expected
