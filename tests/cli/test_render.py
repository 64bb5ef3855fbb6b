"""`qorch render`: objects on stdout, what they need besides on stderr."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Done

PAIR = ("--hardware", "a100-80gb:2")
DIGEST = "registry.example/qorch@sha256:" + "a" * 64
Qorch = Callable[..., Done]


def test_yaml_for_kubectl_is_all_that_stdout_has(qorch: Qorch) -> None:
    done = qorch("render", *PAIR)
    assert done.code == 0
    kinds = [each["kind"] for each in yaml.safe_load_all(done.out)]
    assert kinds.count("RayService") == 1
    assert "kubectl create secret generic qorch-default --from-file=keys.json=" in done.err
    assert "kubectl create secret generic qorch-default.look --from-literal=look-token=" in done.err


def test_json_is_one_list_and_names_are_kubectls(qorch: Qorch) -> None:
    listed = json.loads(qorch("render", *PAIR, "-o", "json").out)
    assert (listed["kind"], len(listed["items"])) == ("List", len(qorch("render", *PAIR, "-o", "name").out.split()))
    assert "rayservice.ray.io/qorch-default" in qorch("render", *PAIR, "-o", "name").out.split()


@pytest.mark.parametrize("format_", ["table", "wide"])
def test_a_setting_for_other_verbs_leaves_it_yaml(qorch: Qorch, format_: str) -> None:
    assert qorch("render", *PAIR, "-o", format_, "-q").out == qorch("render", *PAIR, "-q").out


def test_a_stand_in_is_rendered_for_whoever_names_it(qorch: Qorch) -> None:
    """It needs no route to the hub, so it shows whether a cluster does."""
    done = qorch("render", "--hardware", "cpu:4c:16gb", "--profile", "demo", "-q")
    assert "qorch pull --quiet demo-gguf" in done.out


def test_names_and_namespaces_are_the_users(qorch: Qorch) -> None:
    done = qorch("render", *PAIR, "--fleet", "chat", "-n", "llm", "--image", DIGEST, "-q")
    for each in yaml.safe_load_all(done.out):
        assert each["metadata"]["name"].startswith("qorch-chat")
        assert each["metadata"]["namespace"] == "llm"
    assert done.err == ""


def test_what_is_tolerated_is_rendered_on_every_pod(qorch: Qorch) -> None:
    done = qorch("render", *PAIR, "--tolerate", "team=llm:NoSchedule", "--tolerate", "spot", "-q")
    (service,) = (each for each in yaml.safe_load_all(done.out) if each["kind"] == "RayService")
    cluster = service["spec"]["rayClusterConfig"]
    team = {"key": "team", "operator": "Equal", "value": "llm", "effect": "NoSchedule"}
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        assert group["template"]["spec"]["tolerations"][-2:] == [team, {"key": "spot", "operator": "Exists"}]


def test_a_written_plan_that_scales_can_be_upgraded_step_by_step(qorch: Qorch, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    bounds = ("--model", "qwen3.5-9b", "--min-replicas", "1", "--max-replicas", "2")
    path.write_text(qorch("plan", *PAIR, *bounds, "-o", "yaml").out)
    upgrade = ("--upgrade", "NewClusterWithIncrementalUpgrade", "--gateway-class", "istio", "-q")
    assert qorch("render", "--plan", str(path), *upgrade).code == 0


def test_a_tag_is_told_of_and_a_digest_is_not(qorch: Qorch) -> None:
    assert "may change under its tag" in qorch("render", *PAIR).err
    assert "may change under its tag" not in qorch("render", *PAIR, "--image", DIGEST).err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--upgrade", "Rolling"), "'Rolling' is not one of"),
        (("--upgrade", "NewClusterWithIncrementalUpgrade"), "needs --gateway-class"),
        (("--upgrade", "NewClusterWithIncrementalUpgrade", "--gateway-class", "istio"), "--max-replicas"),
        (("--gateway-class", "istio"), "--gateway-class is for --upgrade"),
        (("--min-replicas", "3", "--max-replicas", "1"), "are no range"),
        (("--gateways", "0"), "0 is not in the range"),
        (("--namespace", "Not_A_Namespace"), "expected a namespace"),
        (("--image", "an image"), "expected an image"),
        (("--image", "qorch@sha256:short"), "expected an image"),
        (("--redis", "redis"), "expected an address"),
        (("--model-claim", "../models"), "expected the name"),
        (("--lora", "sql=/nowhere"), "/nowhere"),
        (("--tolerate", "team=llm:Never"), "expected KEY[=VALUE][:EFFECT]"),
        (("--mig-strategy", "none"), "'none' is not one of"),
        (("--target-ttft", "2s"), "for a number of replicas that follows the load"),
    ],
)
def test_what_a_cluster_would_refuse_is_refused_here(qorch: Qorch, options: tuple[str, ...], said: str) -> None:
    done = qorch("render", *PAIR, *options)
    assert done.code == 2
    assert done.out == ""
    assert said in done.error
    assert done.hint


def test_what_fits_nowhere_renders_nothing(qorch: Qorch) -> None:
    done = qorch("render", "--hardware", "l4:1", "--profile", "qwen3.5-397b-a17b-fp8")
    assert (done.code, done.out) == (3, "")
    assert done.hint


@pytest.mark.parametrize(
    "options",
    [
        PAIR,
        ("--hardware", "a100-80gb:2@2;l4:1@4", "--model", "qwen3.5-4b", "--replicas", "6"),
        ("--hardware", "h100-80gb/mig-3g.40gb:2;cpu:16c:64gb", "--model", "qwen3.5-4b"),
        (*PAIR, "--model", "qwen3.5-9b", "--min-replicas", "0", "--max-replicas", "2"),
    ],
)
def test_a_written_plan_is_rendered_as_it_was_made(qorch: Qorch, tmp_path: Path, options: tuple[str, ...]) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(qorch("plan", *options, "-o", "yaml").out)
    planned, wished = (objects(qorch("render", *how, "-q")) for how in (("--plan", str(path)), options))
    assert [without_wish(each) for each in planned] == [without_wish(each) for each in wished]


def objects(done: Done) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(done.out))


def without_wish(item: dict[str, Any]) -> dict[str, Any]:
    """What was asked for is kept beside what runs, and a plan asks for more than a wish."""
    if "fleet.json" in item.get("data", {}):
        fleet = json.loads(item["data"]["fleet.json"])
        del fleet["spec"]["asked"]
        return fleet
    return item


def test_a_plan_is_changed_where_it_is_written(qorch: Qorch, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(qorch("plan", *PAIR, "-o", "yaml").out)
    assert "cannot be combined with --plan" in qorch("render", "--plan", str(path), "--model", "qwen3.5-9b").error
    assert "cannot be combined with --plan" in qorch("render", "--plan", str(path), *PAIR).error


def test_a_host_that_a_plan_describes_wrongly_is_named_with_its_line(qorch: Qorch, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    text = qorch("plan", *PAIR, "-o", "yaml").out
    path.write_text(text.replace("mig_enabled: false", "mig_enabled: perhaps", 1))
    done = qorch("render", "--plan", str(path))
    assert (done.code, done.out) == (2, "")
    line = text[: text.index("mig_enabled")].count("\n") + 1
    assert f"{path}:{line}: hosts.0.inventory.gpus.0.mig_enabled" in done.error
