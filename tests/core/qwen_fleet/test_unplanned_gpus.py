"""GPUs that are there and in no plan."""

from __future__ import annotations

import pytest

from orchestrator.core.cluster.node import Node
from orchestrator.core.qwen_fleet.unplanned_gpus import unplanned_gpus
from tests.core.cluster.objects import A100_LABELS, node
from tests.core.machines import PREDICT

BY_CLOUD = {"cloud.google.com/gke-accelerator": "nvidia-tesla-a100"}


@pytest.mark.parametrize(
    ("seen", "by_claims", "reasons"),
    [
        (node("a", A100_LABELS, gpus=8), (), ()),
        (node("a", BY_CLOUD, gpus=8), (), ()),
        (node("a", {}, gpus=8), (), ("GpusUnlabelled",)),
        (node("a", {}, gpus=0), (), ()),
        (node("a"), (), ()),
        (node("a"), ("a",), ("GpusByClaimsOnly",)),
        (node("a"), ("b",), ()),
        (node("a", A100_LABELS, gpus=8), ("a",), ()),
        (node("a", {}, gpus=8), ("a",), ("GpusUnlabelled",)),
        (node("a", A100_LABELS, gpus=0), ("a",), ("GpusByClaimsOnly",)),
    ],
    ids=[
        "labelled",
        "by a cloud",
        "unlabelled",
        "none",
        "no GPU",
        "claims",
        "elsewhere",
        "both",
        "both, bare",
        "0 of 8",
    ],
)
def test_each_reason_is_told(seen: Node, by_claims: tuple[str, ...], reasons: tuple[str, ...]) -> None:
    assert tuple(each.reason.value for each in unplanned_gpus([seen], by_claims, PREDICT.gpus)) == reasons


def test_many_nodes_are_counted_and_a_few_named() -> None:
    (told,) = unplanned_gpus([node(name, {}, gpus=1) for name in "abcde"], (), PREDICT.gpus)
    assert told.message.startswith("not planned on: 5 nodes (a, b, c, …) with GPUs that no label names")
