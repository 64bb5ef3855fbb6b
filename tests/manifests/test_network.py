"""Who may speak with a fleet's pods, decided as Kubernetes decides it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from orchestrator.core.manifests.naming import Role, pod_labels
from tests.manifests.rendered import SCALED, Fleet, rendered

OWN, CLIENT = "llm", {"app": "web"}
PROMETHEUS = {"app.kubernetes.io/name": "prometheus"}
KUBERAY = {"app.kubernetes.io/name": "kuberay-operator"}
ENGINE, GATEWAY, HEAD = (pod_labels("default", role) for role in (Role.ENGINE, Role.GATEWAY, Role.HEAD))
OTHERS_ENGINE = pod_labels("other", Role.ENGINE)


def selected(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    wanted = selector.get("matchLabels", {})
    among = [labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", ())]
    return all(labels.get(key) == value for key, value in wanted.items()) and all(among)


def comes_in(fleet: Fleet, to: Mapping[str, str], port: str, labels: Mapping[str, str], namespace: str = OWN) -> bool:
    """Whether some policy allows it; pods that no policy selects are open."""
    policies = [each["spec"] for each in fleet.objects if each["kind"] == "NetworkPolicy"]
    about = [each for each in policies if selected(each["podSelector"], to) and "Ingress" in each["policyTypes"]]
    rules = [rule for each in about for rule in each.get("ingress", ())]
    return not about or any(_allows(rule, port, labels, namespace) for rule in rules)


def _allows(rule: Mapping[str, Any], port: str, labels: Mapping[str, str], namespace: str) -> bool:
    on_port = "ports" not in rule or port in [each["port"] for each in rule["ports"]]
    return on_port and any(_is_peer(peer, labels, namespace) for peer in rule["from"])


def _is_peer(peer: Mapping[str, Any], labels: Mapping[str, str], namespace: str) -> bool:
    spaces = peer.get("namespaceSelector")
    here = namespace == OWN if spaces is None else selected(spaces, {"kubernetes.io/metadata.name": namespace})
    return here and selected(peer.get("podSelector", {}), labels)


@pytest.mark.parametrize(
    ("to", "port", "labels", "namespace", "allowed"),
    [
        (GATEWAY, "serve", CLIENT, OWN, True),
        (GATEWAY, "serve", CLIENT, "jobs", True),
        (GATEWAY, "serve", CLIENT, "elsewhere", False),
        (GATEWAY, "metrics", CLIENT, OWN, False),
        (ENGINE, "engine", CLIENT, OWN, False),
        (ENGINE, "serve", CLIENT, OWN, False),
        (ENGINE, "engine", OTHERS_ENGINE, OWN, False),
        (ENGINE, "engine", GATEWAY, OWN, True),
        (ENGINE, "engine", GATEWAY, "elsewhere", False),
        (HEAD, "dashboard", KUBERAY, "ray-system", True),
        (HEAD, "dashboard", CLIENT, OWN, False),
        (HEAD, "gcs", KUBERAY, "ray-system", False),
        (HEAD, "metrics", PROMETHEUS, "monitoring", True),
        (HEAD, "gcs", PROMETHEUS, "monitoring", False),
    ],
)
def test_only_who_is_named_comes_in(
    to: Mapping[str, str], port: str, labels: Mapping[str, str], namespace: str, allowed: bool
) -> None:
    fleet = rendered(client_namespaces=("jobs",), monitoring=True)
    assert comes_in(fleet, to, port, labels, namespace) is allowed


def goes_out(fleet: Fleet, role: Role) -> list[int]:
    """Ports outside the fleet that its pods may reach."""
    policies = [each["spec"] for each in fleet.objects if each["kind"] == "NetworkPolicy"]
    about = [each for each in policies if selected(each["podSelector"], pod_labels("default", role))]
    assert any(each.get("egress") == [] for each in about), "nothing is refused"
    rules = [rule for each in about for rule in each.get("egress", ()) if "ports" in rule]
    return sorted({port["port"] for rule in rules for port in rule["ports"]})


def test_pods_reach_only_what_they_need() -> None:
    fleet = rendered("a100-80gb:4", SCALED, redis_address="redis:6380", model_claim="models")
    reached = {role: goes_out(fleet, role) for role in Role}
    assert reached == {
        Role.HEAD: [53, 443, 6380, 6443],
        Role.GATEWAY: [53],
        Role.ENGINE: [53],
        Role.WEIGHTS: [53, 443],
    }


def test_an_engine_that_fetches_its_own_weights_reaches_the_hub() -> None:
    assert goes_out(rendered(), Role.ENGINE) == [53, 443]


def test_every_pod_is_of_a_role_that_policies_know() -> None:
    for template in rendered(model_claim="models").pod_templates:
        labels = template["metadata"]["labels"]
        assert labels["qorch.dev/fleet"] == "default"
        assert Role(labels["qorch.dev/role"])


def test_no_more_than_one_of_a_kind_is_taken_away_at_once() -> None:
    fleet = rendered("a100-80gb:2@3;l4:1@2", SCALED)
    budgets = {each["metadata"]["name"]: each["spec"] for each in fleet.objects if "Budget" in each["kind"]}
    assert budgets["qorch-default-gateway"]["minAvailable"] == 1
    assert budgets["qorch-default-head"]["minAvailable"] == 1
    assert not any("maxUnavailable" in each for each in budgets.values())  # a Ray cluster has no `scale`
    for budget in budgets.values():
        assert any(selected(budget["selector"], each["metadata"]["labels"]) for each in fleet.pod_templates)


def test_a_head_that_may_come_back_may_be_drained() -> None:
    names = [each["metadata"]["name"] for each in rendered(redis_address="redis:6379").objects]
    assert "qorch-default-head" not in names


def test_a_single_gateway_does_not_block_a_drain() -> None:
    names = [each["metadata"]["name"] for each in rendered(num_gateways=1).objects if "Budget" in each["kind"]]
    assert names == ["qorch-default-head"]
