"""What deletion promises: finalizers, owners, preconditions, namespaces."""

from __future__ import annotations

from typing import Any

from tests.kube.cluster import Cluster, config_map
from tests.kube.kinds import Object


def _owned(name: str, owner: Object, **reference: Any) -> Object:
    told = {"apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
    return config_map(name, ownerReferences=[{**told, **reference}])


def test_what_is_deleted_is_gone_and_cannot_be_deleted_again(cluster: Cluster) -> None:
    made = cluster.ok("POST", cluster.config_maps(), config_map("a"))
    told = cluster.ok("DELETE", cluster.config_maps("a"))
    assert (told["kind"], told["status"], told["details"]["uid"]) == ("Status", "Success", made["metadata"]["uid"])
    assert cluster.call("DELETE", cluster.config_maps("a")).code == 404


def test_a_finalizer_holds_an_object_until_it_is_taken_off(cluster: Cluster) -> None:
    cluster.ok("POST", cluster.config_maps(), config_map("a", finalizers=["qorch.dev/hold"]))
    going = cluster.ok("DELETE", cluster.config_maps("a"))
    assert going["metadata"]["deletionTimestamp"]
    again = cluster.ok("DELETE", cluster.config_maps("a"))
    assert again["metadata"]["deletionTimestamp"] == going["metadata"]["deletionTimestamp"]
    cluster.merge(cluster.config_maps("a"), {"data": {"x": "still"}})
    cluster.merge(cluster.config_maps("a"), {"metadata": {"finalizers": None}})
    cluster.until(lambda: cluster.is_gone(cluster.config_maps("a")))


def test_a_deletion_can_be_of_one_certain_object(cluster: Cluster) -> None:
    cluster.ok("POST", cluster.config_maps(), config_map("a"))
    reply = cluster.call("DELETE", cluster.config_maps("a"), {"preconditions": {"uid": "another"}})
    assert (reply.code, reply.reason) == (409, "Conflict")
    assert "Precondition failed" in reply.message
    cluster.ok("GET", cluster.config_maps("a"))


def test_dependents_go_after_their_owner(cluster: Cluster) -> None:
    owner = cluster.ok("POST", cluster.config_maps(), config_map("owner"))
    child = cluster.ok("POST", cluster.config_maps(), _owned("child", owner))
    cluster.ok("POST", cluster.config_maps(), _owned("grandchild", child))
    cluster.ok("DELETE", cluster.config_maps("owner"), {"propagationPolicy": "Background"})
    cluster.until(lambda: cluster.is_gone(cluster.config_maps("grandchild")))
    assert cluster.is_gone(cluster.config_maps("child"))


def test_a_dependent_with_another_owner_stays(cluster: Cluster) -> None:
    first = cluster.ok("POST", cluster.config_maps(), config_map("first"))
    second = cluster.ok("POST", cluster.config_maps(), config_map("second"))
    shared = _owned("shared", first)
    shared["metadata"]["ownerReferences"] += _owned("shared", second)["metadata"]["ownerReferences"]
    cluster.ok("POST", cluster.config_maps(), shared)
    cluster.ok("DELETE", cluster.config_maps("first"))
    cluster.ok("GET", cluster.config_maps("shared"))
    cluster.ok("DELETE", cluster.config_maps("second"))
    cluster.until(lambda: cluster.is_gone(cluster.config_maps("shared")))


def test_foreground_deletion_waits_for_the_dependents(cluster: Cluster) -> None:
    owner = cluster.ok("POST", cluster.config_maps(), config_map("owner"))
    held = _owned("child", owner, blockOwnerDeletion=True)
    held["metadata"]["finalizers"] = ["qorch.dev/hold"]
    cluster.ok("POST", cluster.config_maps(), held)
    going = cluster.ok("DELETE", cluster.config_maps("owner"), {"propagationPolicy": "Foreground"})
    assert "foregroundDeletion" in going["metadata"]["finalizers"]
    cluster.until(lambda: "deletionTimestamp" in cluster.ok("GET", cluster.config_maps("child"))["metadata"])
    cluster.ok("GET", cluster.config_maps("owner"))
    cluster.merge(cluster.config_maps("child"), {"metadata": {"finalizers": None}})
    cluster.until(lambda: cluster.is_gone(cluster.config_maps("owner")))


def test_orphans_stay_and_have_no_owner(cluster: Cluster) -> None:
    owner = cluster.ok("POST", cluster.config_maps(), config_map("owner"))
    cluster.ok("POST", cluster.config_maps(), _owned("child", owner))
    cluster.ok("DELETE", cluster.config_maps("owner"), {"propagationPolicy": "Orphan"})
    cluster.until(lambda: cluster.is_gone(cluster.config_maps("owner")))
    assert "ownerReferences" not in cluster.ok("GET", cluster.config_maps("child"))["metadata"]


def test_a_selection_is_deleted_at_once(cluster: Cluster) -> None:
    for name, labels in (("a", {"x": "1"}), ("b", {"x": "1"}), ("c", {})):
        cluster.ok("POST", cluster.config_maps(), config_map(name, labels=labels))
    cluster.ok("DELETE", cluster.config_maps(), labelSelector="x=1")
    cluster.until(lambda: cluster.is_gone(cluster.config_maps("a")) and cluster.is_gone(cluster.config_maps("b")))
    cluster.ok("GET", cluster.config_maps("c"))


def test_a_namespace_takes_what_is_in_it_and_nothing_new(cluster: Cluster) -> None:
    inner = Cluster(cluster.client, f"{cluster.namespace}-inner", cluster.custom_group)
    made = inner.ok("POST", "/api/v1/namespaces", {"metadata": {"name": inner.namespace}})
    assert made["status"]["phase"] == "Active"
    inner.ok("POST", inner.config_maps(), config_map("held", finalizers=["qorch.dev/hold"]))
    inner.ok("POST", inner.samples(), inner.sample("s"))
    inner.ok("DELETE", f"/api/v1/namespaces/{inner.namespace}")
    inner.until(lambda: inner.is_gone(inner.samples("s")))
    refused = inner.call("POST", inner.config_maps(), config_map("late"))
    assert (refused.code, refused.reason) == (403, "Forbidden")
    assert "because it is being terminated" in refused.message
    inner.merge(inner.config_maps("held"), {"metadata": {"finalizers": None}})
    inner.until(lambda: inner.is_gone(f"/api/v1/namespaces/{inner.namespace}"))
