"""`qorch top` for who only watches: with the Roles of `manifests/viewer`, and with fewer of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.cluster_lab import NAMESPACE, UP, Lab, look_secret
from tests.cli.conftest import Done, Qorch
from tests.cli.viewer import ALL, ROLES, viewers_kubeconfig


@pytest.fixture
def viewer(there: Qorch, qorch: Qorch, cluster: Lab, tmp_path: Path) -> Qorch:
    """`qorch` by who has the Roles of a fleet that runs which are named first."""
    assert there("up", *UP, "--timeout", "20").code == 0
    gateways = [name for plural, name in cluster.objects() if plural == "pods" and "-gateway-" in name]
    assert cluster.gateway is not None
    for name in gateways:
        cluster.server.behind.services[NAMESPACE, f"{name}:8000"] = cluster.gateway.url

    def by(roles: str, *words: str) -> Done:
        return qorch(*words, "--kubeconfig", viewers_kubeconfig(cluster.server, tmp_path, roles))

    return by


def sources(viewer: Qorch, roles: str) -> dict[str, str | None]:
    done = viewer(roles, "top", "--once", "-o", "json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert (told["phase"], len(told["replicas"])) == ("Ready", 4)
    return {each["name"]: each["error"] for each in told["sources"]}


def test_with_all_of_them_everything_is_seen_and_nothing_can_be_changed(viewer: Qorch, cluster: Lab) -> None:
    cluster.server.put(look_secret())
    assert set(sources(viewer, ALL).values()) == {None}
    assert viewer(ALL, "scale", "1").code == 4
    assert viewer(ALL, "down").code == 4


def test_a_fleet_without_a_look_token_says_how_to_have_one(viewer: Qorch) -> None:
    hint = 'kubectl create secret generic qorch-default.look -n llm --from-literal=look-token="$(openssl rand -hex 32)"'
    why = f"the gateway is not asked for its engines: there is no Secret qorch-default.look; hint: {hint}"
    assert sources(viewer, ALL)["gateway"] == why


def test_without_nodes_one_line_says_so_and_the_rest_is_seen(viewer: Qorch, cluster: Lab) -> None:
    cluster.server.put(look_secret())
    seen = sources(viewer, "viewer viewer-engines")
    hint = "kubectl --context lab auth can-i list nodes --all-namespaces"
    assert seen.pop("nodes") == f"forbidden: needs list nodes; hint: {hint}"
    assert set(seen.values()) == {None}


def test_without_the_secret_pods_are_seen_and_no_engine_is(viewer: Qorch) -> None:
    seen = sources(viewer, "viewer viewer-nodes")
    hint = "kubectl --context lab auth can-i get secrets --namespace llm"
    assert seen["gateway"] == f"the gateway is not asked for its engines: forbidden: needs get secrets; hint: {hint}"
    assert (seen["Kubernetes"], seen["nodes"]) == (None, None)


def test_they_let_nobody_write_and_read_one_secret_alone() -> None:
    verbs = {verb for each in ROLES.values() for rule in each["rules"] for verb in rule["verbs"]}
    assert verbs == {"get", "list", "watch"}
    (secret,) = (rule for each in ROLES.values() for rule in each["rules"] if "secrets" in rule["resources"])
    assert secret["resourceNames"] == ["qorch-default.look"]
