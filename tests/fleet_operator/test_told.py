"""What a QwenFleet's status says of what is there and not planned on, and of what changed and waits."""

from __future__ import annotations

from tests.core.cluster.objects import node_object, slice_object
from tests.fleet_operator.conftest import Lab

ENGINE = {"model": "qwen3.5-9b", "profile": "bf16", "tensorParallelSize": 1, "replicas": 1}


def test_gpus_that_no_label_names_are_told_with_and_without_a_plan(lab: Lab) -> None:
    lab.nodes("bare", labels={})
    lab.ask(**ENGINE)
    with lab.operator():
        told = lab.until_holds("GpusPlannedOn", "False", "GpusUnlabelled")
        assert told["message"].startswith("not planned on: 1 node (bare) with GPUs that no label names; ")
        assert told["message"].endswith("hint: kubectl get nodes -L nvidia.com/gpu.product")
        assert lab.holds("Planned", "False")
        lab.nodes("a")
        lab.until_holds("PlanCurrent")
        assert lab.holds("GpusPlannedOn", "False", "GpusUnlabelled")
        lab.remove_node("bare")
        lab.until_holds("GpusPlannedOn", "True", "NoneLeftOut")


def test_gpus_that_claims_alone_can_have_are_told_until_a_device_plugin_offers_them(lab: Lab) -> None:
    lab.server.put(node_object("claimed"))
    lab.server.put(slice_object("claimed"))
    lab.server.put(slice_object("a", driver="dra.cpu.example"))
    lab.nodes("a")
    lab.ask(**ENGINE)
    with lab.operator():
        told = lab.until_holds("GpusPlannedOn", "False", "GpusByClaimsOnly")
        assert "1 node (claimed) with GPUs by claims (ResourceSlices) alone" in told["message"]
        lab.nodes("claimed")
        lab.until_holds("GpusPlannedOn")


def test_what_is_not_planned_on_is_no_trouble_of_a_fleet_that_runs_elsewhere(lab: Lab) -> None:
    lab.nodes("bare", labels={})
    lab.nodes("a")
    lab.secret()
    lab.ask(**ENGINE)
    with lab.operator(), lab.kuberay.running():
        lab.until_holds("Ready")
        assert lab.holds("GpusPlannedOn", "False")
        lab.cluster.until(lambda: lab.status()["phase"] == "Ready")


def test_tolerations_that_wait_for_the_next_ray_cluster_are_told_with_how_it_is_made(lab: Lab) -> None:
    lab.nodes("a")
    lab.secret()
    lab.ask(**ENGINE)
    with lab.operator(), lab.kuberay.running():
        lab.until_holds("Ready")
        (cluster,) = lab.ray_clusters()
        name = cluster["metadata"]["name"]
        lab.ask(**ENGINE, tolerations=["team=llm:NoSchedule"])
        told = lab.until_holds("Applied", "True", "TolerationsWait")
        assert f"the pods of Ray cluster {name} have the tolerations of before" in told["message"]
        assert told["message"].endswith(f"hint: kubectl delete raycluster {name} -n default (with a gap in answers)")
        lab.cluster.until(lambda: lab.status()["phase"] == "Ready")
        lab.cluster.ok("DELETE", lab.cluster.path("rayclusters", name, "ray.io/v1"))
        lab.until_holds("Applied", "True", "Applied")
