"""What a plan becomes as a RayService."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.deployment import DRAIN_S, gateway_spec_from_data
from orchestrator.core.errors import DoesNotFit, UsageError
from orchestrator.core.lora import Lora
from orchestrator.core.manifests.settings import Upgrade
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaling.budget import Budget
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.wish import Wish
from tests.manifests.rendered import BOUNDS, IMAGE, PAIR, SCALED, Fleet, plan, rendered

MIXED = "a100-80gb:2@3;l4:2@2"


def application(fleet: Fleet) -> Any:
    (found,) = json.loads(fleet.service["serveConfigV2"])["applications"]
    return found


def deployments(fleet: Fleet) -> dict[str, Any]:
    return {each["name"]: each for each in application(fleet)["deployments"]}


def container(group: Any) -> Any:
    return group["template"]["spec"]["containers"][0]


def test_the_head_serves_nothing_and_has_no_gpu() -> None:
    fleet = rendered()
    head = fleet.cluster["headGroupSpec"]
    assert (head["rayStartParams"]["num-cpus"], head["rayStartParams"]["num-gpus"]) == ("0", "0")
    assert not any("gpu" in name for name in container(head)["resources"]["limits"])
    assert fleet.service["excludeHeadPodFromServeSvc"] is True


@pytest.mark.parametrize("hardware", [PAIR, MIXED, "cpu:16c:64gb", "h100-80gb/mig-3g.40gb:2"])
def test_each_replica_has_one_pod_that_has_just_what_it_takes(hardware: str) -> None:
    """Ray places a replica where its resource is, which only the pods of its own group have, each once."""
    fleet = rendered(hardware, Wish(model="qwen3.5-4b", num_replicas=2))
    groups = fleet.cluster["workerGroupSpecs"]
    offered = [json.loads(group["rayStartParams"]["resources"].strip("'")) for group in groups]
    wanted = [each["ray_actor_options"]["resources"] for each in application(fleet)["deployments"]]
    assert sorted(map(str, offered)) == sorted(map(str, wanted))
    for group, offer in zip(groups, offered, strict=True):
        (name,) = offer
        deployment = deployments(fleet)[name]
        assert group["rayStartParams"]["num-gpus"] == str(deployment["ray_actor_options"].get("num_gpus", 0))
        assert group["minReplicas"] == group["maxReplicas"] == group["replicas"] == deployment["num_replicas"]


def test_gpus_are_asked_of_the_device_plugin_exactly() -> None:
    (engine,) = rendered().engines
    limits = container(engine)["resources"]["limits"]
    assert limits["nvidia.com/gpu"] == container(engine)["resources"]["requests"]["nvidia.com/gpu"] == "2"
    assert engine["rayStartParams"]["num-gpus"] == "2"
    assert "cpu" not in limits


def test_a_slice_is_another_resource_on_nodes_with_that_product() -> None:
    (engine,) = rendered("h100-80gb/mig-3g.40gb:2", Wish(model="qwen3.5-9b", profile="bf16")).engines
    assert container(engine)["resources"]["limits"]["nvidia.com/mig-3g.40gb"] == "1"


def products(engine: Any) -> list[str]:
    node = engine["template"]["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (expression,) = node["nodeSelectorTerms"][0]["matchExpressions"]
    assert (expression["key"], expression["operator"]) == ("nvidia.com/gpu.product", "In")
    return list(expression["values"])


def test_engines_go_to_the_gpus_that_were_planned_and_tolerate_their_taint() -> None:
    (engine,) = rendered().engines
    assert "NVIDIA-A100-SXM4-80GB" in products(engine)
    assert not any(" " in name for name in products(engine))
    assert {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"} in engine["template"]["spec"][
        "tolerations"
    ]


def test_a_pool_of_several_kinds_has_a_group_for_each() -> None:
    fleet = rendered(MIXED, Wish(model="qwen3.5-4b", num_replicas=8))
    assert len(fleet.engines) == 2
    assert len({tuple(products(each)) for each in fleet.engines}) == 2
    assert sum(each["maxReplicas"] for each in fleet.engines) == 8


def test_on_a_cpu_nothing_is_said_of_gpus() -> None:
    (engine,) = rendered("cpu:16c:64gb").engines
    assert "affinity" not in engine["template"]["spec"]
    assert set(container(engine)["resources"]["limits"]) == {"memory"}


def test_where_an_autoscaler_has_the_count_only_bounds_are_said() -> None:
    fleet = rendered("a100-80gb:4", SCALED)
    assert fleet.cluster["enableInTreeAutoscaling"] is True
    assert fleet.cluster["autoscalerOptions"]["version"] == "v2"
    assert not any("replicas" in group for group in fleet.cluster["workerGroupSpecs"])
    assert not any("num_replicas" in each for each in application(fleet)["deployments"])
    (engine,) = fleet.engines
    assert (engine["minReplicas"], engine["maxReplicas"]) == (BOUNDS.min_replicas, BOUNDS.max_replicas)


@given(st.integers(0, 8), st.integers(1, 8))
@settings(max_examples=20, deadline=None)
def test_bounds_are_the_wishes_however_they_are_spread(fewest: int, more: int) -> None:
    bounds = ReplicaBounds(min(fewest, more), more)
    fleet = rendered(MIXED, Wish(model="qwen3.5-4b", num_replicas=more, bounds=bounds))
    assert sum(each["minReplicas"] for each in fleet.engines) == bounds.min_replicas
    assert sum(each["maxReplicas"] for each in fleet.engines) == bounds.max_replicas
    served = [each for name, each in deployments(fleet).items() if name != "gateway"]
    scaled = [each["autoscaling_config"] for each in served if "autoscaling_config" in each]
    assert sum(each["max_replicas"] for each in scaled) == bounds.max_replicas


def test_without_bounds_there_is_no_autoscaler() -> None:
    fleet = rendered()
    assert "enableInTreeAutoscaling" not in fleet.cluster
    assert "autoscaling_policy" not in application(fleet)
    assert "goal" not in [each["metadata"]["name"] for each in fleet.objects if each["kind"] == "ConfigMap"]


def test_the_goal_is_where_the_policy_reads_it_and_changes_without_a_new_cluster() -> None:
    goal = ScalingGoal(tok_s=900)
    fleet, other = (rendered("a100-80gb:4", SCALED, each) for each in (goal, ScalingGoal(tok_s=100)))
    assert json.loads(fleet.one("ConfigMap", "goal")["data"]["goal.json"])["tok_s"] == 900
    policy = application(fleet)["autoscaling_policy"]["policy_kwargs"]
    head = fleet.cluster["headGroupSpec"]
    (mount,) = (each for each in container(head)["volumeMounts"] if each["name"] == "goal")
    assert policy["goal"] == f"{mount['mountPath']}/goal.json"
    assert "subPath" not in mount  # which would not follow a change
    assert fleet.one("RayService") == other.one("RayService")


def test_engines_listen_for_gateways_of_other_pods() -> None:
    fleet = rendered()
    (engine,) = fleet.engines
    (spec,) = application(fleet)["args"]["engines"].values()
    ports = {each["name"]: each["containerPort"] for each in container(engine)["ports"]}
    assert spec["port"] == ports["engine"]
    assert spec["gpu_sets"] == []
    assert container(engine)["readinessProbe"]["httpGet"] == {"path": "/health", "port": "engine"}


def test_the_endpoint_goes_by_the_name_of_a_port_that_only_gateways_have() -> None:
    fleet = rendered()
    (port,) = fleet.service["serveService"]["spec"]["ports"]
    assert port["targetPort"] == "serve"
    named = {
        each["groupName"]: [one["name"] for one in container(each)["ports"]]
        for each in fleet.cluster["workerGroupSpecs"]
    }
    assert [name for name, ports in named.items() if "serve" in ports] == ["gateway"]


def test_a_slow_load_has_the_time_that_was_predicted_and_more() -> None:
    fleet = rendered()
    prediction = plan().placements[0].fit.prediction
    (engine,) = fleet.engines
    probe = container(engine)["startupProbe"]
    assert prediction is not None
    assert probe["periodSeconds"] * probe["failureThreshold"] >= max(900, 4 * prediction.cold_start_s)


def test_a_pod_that_goes_has_the_time_that_its_answers_take() -> None:
    for group in rendered().cluster["workerGroupSpecs"]:
        hook = container(group)["lifecycle"]["preStop"]["exec"]["command"][-1]
        waits_s = int(hook.partition("seq ")[2].partition(")")[0])
        assert DRAIN_S < waits_s < group["template"]["spec"]["terminationGracePeriodSeconds"]
        assert hook.startswith("ray drain-node")


def test_secrets_are_referred_to_and_never_written() -> None:
    fleet = rendered("a100-80gb:4", SCALED, redis_address="redis:6379")
    assert "Secret" not in fleet.kinds()
    volumes = {each["name"]: each for each in fleet.group("gateway")["template"]["spec"]["volumes"]}
    assert volumes["keys"]["secret"]["secretName"] == "qorch-default"
    admin, look = (each["secret"] for each in volumes["admin"]["projected"]["sources"])
    assert (admin["name"], admin.get("optional", False)) == ("qorch-default", False)
    assert (look["name"], look["optional"]) == ("qorch-default.look", True)
    password = fleet.cluster["gcsFaultToleranceOptions"]["redisPassword"]
    assert password["valueFrom"]["secretKeyRef"]["name"] == "qorch-default"
    assert fleet.cluster["authOptions"] == {"mode": "token"}


def test_a_gateways_tokens_are_where_it_reads_them() -> None:
    group, spec = rendered().group("gateway"), gateway_spec_from_data(application(rendered())["args"]["gateway"])
    (folder,) = (each["mountPath"] for each in container(group)["volumeMounts"] if each["name"] == "admin")
    (volume,) = (each for each in group["template"]["spec"]["volumes"] if each["name"] == "admin")
    paths = [item["path"] for each in volume["projected"]["sources"] for item in each["secret"]["items"]]
    assert [f"{folder}/{path}" for path in paths] == [spec.admin_token_path, spec.look_token_path]


def test_keys_are_always_needed() -> None:
    assert application(rendered())["args"]["gateway"]["keys_required"] is True


def test_every_container_has_the_image_that_was_given() -> None:
    for template in rendered(model_claim="models").pod_templates:
        spec = template["spec"]
        assert {each["image"] for each in [*spec["containers"], *spec.get("initContainers", ())]} == {IMAGE}


def test_an_incremental_upgrade_has_what_kuberay_asks_for() -> None:
    fleet = rendered("a100-80gb:4", SCALED, upgrade=Upgrade.INCREMENTAL, gateway_class="istio")
    assert fleet.service["upgradeStrategy"]["type"] == "NewClusterWithIncrementalUpgrade"
    assert fleet.service["upgradeStrategy"]["clusterUpgradeOptions"]["gatewayClassName"] == "istio"
    assert "serve" in [each["name"] for each in container(fleet.cluster["headGroupSpec"])["ports"]]


def test_where_services_go_by_number_no_engine_is_ready_for_clients() -> None:
    fleet = rendered("a100-80gb:4", SCALED, upgrade=Upgrade.INCREMENTAL, gateway_class="istio")
    (engine,) = fleet.engines
    ports = [each["containerPort"] for each in container(engine)["ports"]]
    assert container(engine)["readinessProbe"]["httpGet"]["port"] not in [*ports, "engine"]
    assert "qwen" not in " ".join(each["metadata"]["name"] for each in fleet.objects if "Budget" in each["kind"])


@pytest.mark.parametrize(
    ("wish", "goal", "error", "said"),
    [
        (Wish(loras=(Lora("sql", "/adapters/sql"),)), ScalingGoal(), UsageError, "folder of this machine"),
        (SCALED, ScalingGoal(budget=Budget("team", 8)), UsageError, "fleets of one host"),
    ],
)
def test_what_is_of_one_host_is_refused(wish: Wish, goal: ScalingGoal, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        rendered("a100-80gb:4", replace(wish, loras=wish.loras), goal)


@pytest.mark.parametrize(
    ("hardware", "wish", "said"),
    [
        ("a100-80gb:8@4", Wish(model="qwen3.5-397b-a17b", profile="bf16"), "spans"),
        ("cpu:16c:64gb", Wish(engine=None, profile="auto", model="qwen3.5-4b", num_replicas=1), "Ollama"),
    ],
)
def test_what_one_pod_cannot_do_is_refused(hardware: str, wish: Wish, said: str) -> None:
    if said == "Ollama":
        from orchestrator.core.profile import EngineName

        wish = replace(wish, engine=EngineName.OLLAMA)
    with pytest.raises(DoesNotFit, match=said):
        rendered(hardware, wish)
