"""What access rules promise: nothing is allowed but what a role says that is bound to the user."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.kube.cluster import Cluster, config_map

Rule = dict[str, list[str]]
_RBAC = "rbac.authorization.k8s.io"


@pytest.fixture
def bob(cluster: Cluster) -> Cluster:
    """Somebody who has been given nothing yet."""
    return replace(cluster, user=f"bob-{cluster.namespace}")


def _let(cluster: Cluster, subject: dict[str, str], *rules: Rule) -> None:
    head = {"apiVersion": f"{_RBAC}/v1", "metadata": {"name": "test"}}
    cluster.ok("POST", cluster.path("roles", "", f"{_RBAC}/v1"), {**head, "kind": "Role", "rules": list(rules)})
    role = {"apiGroup": _RBAC, "kind": "Role", "name": "test"}
    binding = {**head, "kind": "RoleBinding", "subjects": [subject], "roleRef": role}
    cluster.ok("POST", cluster.path("rolebindings", "", f"{_RBAC}/v1"), binding)


def _user(cluster: Cluster) -> dict[str, str]:
    return {"apiGroup": _RBAC, "kind": "User", "name": cluster.user}


def test_a_refusal_says_who_may_not_do_what_to_which_where(bob: Cluster) -> None:
    reply = bob.call("GET", "/api/v1/nodes")
    assert (reply.code, reply.reason) == (403, "Forbidden")
    cannot = f'User "{bob.user}" cannot'
    where = f'in the namespace "{bob.namespace}"'
    assert reply.message == f'nodes is forbidden: {cannot} list resource "nodes" in API group "" at the cluster scope'
    made = bob.call("POST", bob.config_maps(), config_map("a"))
    assert made.message == f'configmaps is forbidden: {cannot} create resource "configmaps" in API group "" {where}'
    status = bob.call("GET", bob.samples("s/status"))
    group = bob.custom_group
    said = f'samples.{group} "s" is forbidden: {cannot} get resource "samples/status" in API group "{group}" {where}'
    assert status.message == said


def test_a_role_lets_what_it_says_in_its_namespace(cluster: Cluster, bob: Cluster) -> None:
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "get"]}
    _let(cluster, _user(bob), rule)
    bob.until(lambda: bob.call("GET", bob.config_maps("a")).code == 404)
    bob.ok("POST", bob.config_maps(), config_map("a"))
    assert bob.call("GET", bob.config_maps()).code == 403
    assert bob.call("DELETE", bob.config_maps("a")).code == 403
    assert bob.apply(bob.config_maps("a"), config_map("a"), "git").code == 403
    assert bob.call("GET", replace(bob, namespace="default").config_maps("a")).code == 403


def test_a_role_can_be_about_certain_names_and_all_verbs(cluster: Cluster, bob: Cluster) -> None:
    _let(cluster, _user(bob), {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"], "resourceNames": ["a"]})
    bob.until(lambda: bob.call("GET", bob.config_maps("a")).code == 404)
    assert bob.call("GET", bob.config_maps("b")).code == 403
    assert bob.call("DELETE", bob.config_maps("a")).code == 404


def test_the_status_is_a_resource_of_its_own(cluster: Cluster, bob: Cluster) -> None:
    _let(cluster, _user(bob), {"apiGroups": [cluster.custom_group], "resources": ["samples"], "verbs": ["*"]})
    bob.until(lambda: bob.call("GET", bob.samples()).code == 200)
    bob.ok("POST", bob.samples(), bob.sample("s"))
    assert bob.call("GET", bob.samples("s/status")).code == 403


def test_service_accounts_are_users_too(cluster: Cluster) -> None:
    account = replace(cluster, user=f"system:serviceaccount:{cluster.namespace}:qorch")
    subject = {"kind": "ServiceAccount", "name": "qorch", "namespace": cluster.namespace}
    _let(cluster, subject, {"apiGroups": ["*"], "resources": ["*"], "verbs": ["list"]})
    account.until(lambda: account.call("GET", account.samples()).code == 200)
    account.ok("GET", account.config_maps())


@pytest.mark.parametrize("group", ["system:authenticated", "system:serviceaccounts", "system:serviceaccounts:{}"])
def test_what_a_group_is_given_its_members_may(cluster: Cluster, group: str) -> None:
    account = replace(cluster, user=f"system:serviceaccount:{cluster.namespace}:qorch")
    subject = {"apiGroup": _RBAC, "kind": "Group", "name": group.format(cluster.namespace)}
    _let(cluster, subject, {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]})
    account.until(lambda: account.call("GET", account.config_maps()).code == 200)


def test_a_user_can_ask_what_is_allowed(cluster: Cluster, bob: Cluster) -> None:
    _let(cluster, _user(bob), {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]})

    def may(verb: str) -> bool:
        asked = {"verb": verb, "resource": "pods", "namespace": bob.namespace}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        return bool(bob.ok("POST", path, {**review, "spec": {"resourceAttributes": asked}})["status"]["allowed"])

    bob.until(lambda: may("list"))
    assert not may("delete")
