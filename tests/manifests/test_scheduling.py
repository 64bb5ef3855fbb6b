"""On which nodes a fleet's pods may be put."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.app.cluster_plan import make_cluster_plan
from orchestrator.core.cluster.cluster_site import Seen
from orchestrator.core.cluster.node import Node, unusable
from orchestrator.core.cluster.toleration import Taint, Toleration
from orchestrator.core.manifests.fleet import manifests
from orchestrator.core.manifests.settings import MigStrategy
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.wish import Wish
from tests.core.cluster.objects import labelled, node
from tests.core.machines import PREDICT, PROFILES
from tests.manifests.rendered import SETTINGS, TABLE, Fleet, rendered

TEAM = Toleration("team", "llm", "NoSchedule")
GPUS = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
SLICE = "h100-80gb/mig-3g.40gb:2"
SMALL = Wish(model="qwen3.5-9b", profile="bf16")


def on_cluster(*nodes: Node) -> Fleet:
    plan = make_cluster_plan(PROFILES, Seen("lab", nodes), SMALL, TABLE, PREDICT)
    return Fleet(manifests("default", plan, ScalingGoal(), SETTINGS, TABLE))


def pods(fleet: Fleet) -> dict[str, Any]:
    """The spec of each kind of pod, by its role."""
    groups = [fleet.cluster["headGroupSpec"], *fleet.cluster["workerGroupSpecs"]]
    jobs = [each["spec"] for each in fleet.objects if each["kind"] == "Job"]
    templates = [each["template"] for each in (*groups, *jobs)]
    return {each["metadata"]["labels"]["qorch.dev/role"]: each["spec"] for each in templates}


def asked(fleet: Fleet) -> tuple[str, str, list[str]]:
    """The engine's device, and the label of its nodes."""
    (engine,) = fleet.engines
    pod = engine["template"]["spec"]
    (device,) = (name for name in pod["containers"][0]["resources"]["limits"] if name.startswith("nvidia"))
    wanted = pod.get("affinity", {}).get("nodeAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution")
    if wanted is None:
        return device, "", []
    ((label,),) = (term["matchExpressions"] for term in wanted["nodeSelectorTerms"])
    return device, label["key"], label["values"]


def test_every_pod_tolerates_what_the_fleet_shall_and_engines_on_gpus_the_taint_of_these():
    found = pods(rendered(tolerations=(TEAM,), model_claim="models"))
    team = {"key": "team", "operator": "Equal", "value": "llm", "effect": "NoSchedule"}
    assert {role: pod["tolerations"] for role, pod in found.items()} == {
        "head": [team],
        "gateway": [team],
        "weights": [team],
        "engine": [GPUS, team],
    }


def test_without_them_only_engines_tolerate_anything():
    assert {role for role, pod in pods(rendered()).items() if "tolerations" in pod} == {"engine"}
    assert not any("tolerations" in pod for pod in pods(rendered("cpu:16c:64gb")).values())


@pytest.mark.parametrize(
    ("toleration", "written"),
    [
        (Toleration("team"), {"key": "team", "operator": "Exists"}),
        (Toleration("team", ""), {"key": "team", "operator": "Equal"}),
        (Toleration("team", None, "NoExecute"), {"key": "team", "operator": "Exists", "effect": "NoExecute"}),
    ],
)
def test_what_is_not_said_of_a_toleration_is_left_out_as_go_does(toleration: Toleration, written: dict[str, str]):
    assert pods(rendered(tolerations=(toleration,)))["head"]["tolerations"] == [written]


def test_a_replica_on_the_cpu_of_a_node_with_gpus_tolerates_their_taint():
    engine = pods(rendered("a100-80gb:1", Wish(profile="qwen3.5-27b-q4_k_m")))["engine"]
    assert "affinity" not in engine
    assert engine["tolerations"] == [GPUS]


@pytest.mark.parametrize("effect", ["NoSchedule", "NoExecute"])
def test_a_node_is_planned_on_where_an_engines_pod_tolerates_the_taint_of_its_gpus(effect: str):
    planned = unusable(Node("a", taints=(Taint("nvidia.com/gpu", "present", effect),))) is None
    assert planned == (GPUS["effect"] == effect)


def test_slices_are_asked_for_as_the_strategy_of_the_device_plugin_offers_them():
    assert asked(rendered(SLICE, SMALL))[:2] == ("nvidia.com/mig-3g.40gb", "nvidia.com/gpu.product")
    device, label, values = asked(rendered(SLICE, SMALL, mig_strategy=MigStrategy.SINGLE))
    assert (device, label) == ("nvidia.com/gpu", "nvidia.com/gpu.product")
    assert "NVIDIA-H100-80GB-HBM3-MIG-3g.40gb" in values


def test_of_a_clusters_nodes_their_own_labels_tell_the_strategy():
    single = labelled(product="NVIDIA-A100-SXM4-80GB-MIG-3g.40gb", memory="40192", count="2")
    device, _, values = asked(on_cluster(node("a", single, gpus=2)))
    assert device == "nvidia.com/gpu"
    assert "NVIDIA-A100-SXM4-80GB-MIG-3g.40gb" in values
    mixed = {**labelled(), "nvidia.com/mig.strategy": "mixed", "nvidia.com/mig-3g.40gb.memory": "40192"}
    device, _, values = asked(on_cluster(node("a", mixed, resources={"nvidia.com/mig-3g.40gb": "2"})))
    assert device == "nvidia.com/mig-3g.40gb"
    assert "NVIDIA-A100-SXM4-80GB" in values


def test_nodes_that_only_their_cloud_labels_are_asked_for_by_its_label():
    gke = {"cloud.google.com/gke-accelerator": "nvidia-tesla-a100"}
    assert asked(on_cluster(node("a", gke, gpus=1)))[1:] == (*gke, ["nvidia-tesla-a100"])


def test_gpus_that_are_shared_are_not_asked_for():
    """Two replicas would be given one GPU, whose memory nothing divides."""
    _, _, values = asked(rendered("l4:1", Wish(model="qwen3.5-4b", profile="bf16")))
    assert values == ["NVIDIA-L4"]
