"""What server-side apply promises: who owns which field, who is in whose way, and what goes."""

from __future__ import annotations

import pytest

from tests.kube.cluster import Cluster, config_map, owners
from tests.kube.test_api_contract import container, deployment


def test_apply_creates_and_tells_who_owns_what(cluster: Cluster) -> None:
    reply = cluster.apply(cluster.config_maps("a"), config_map("a", {"x": "1"}, labels={"app": "q"}), "git")
    assert reply.code == 201
    entry = reply.body["metadata"]["managedFields"][0]
    assert (entry["manager"], entry["operation"], entry["apiVersion"], entry["fieldsType"]) == (
        "git",
        "Apply",
        "v1",
        "FieldsV1",
    )
    assert entry["fieldsV1"] == {"f:data": {"f:x": {}}, "f:metadata": {"f:labels": {"f:app": {}}}}


def test_applying_the_same_again_writes_nothing(cluster: Cluster) -> None:
    whole = config_map("a", {"x": "1"}, labels={"app": "q"})
    first = cluster.applied(cluster.config_maps("a"), whole, "git")
    again = cluster.apply(cluster.config_maps("a"), whole, "git")
    assert (again.code, again.body) == (200, first)


def test_apply_needs_a_manager(cluster: Cluster) -> None:
    reply = cluster.call("PATCH", cluster.config_maps("a"), config_map("a"), "application/apply-patch+yaml")
    assert reply.code in (400, 422)
    assert "fieldManager" in reply.message


def test_apply_takes_no_field_that_the_schema_does_not_name(cluster: Cluster) -> None:
    """A server's error up to Kubernetes 1.34 at least, though it is the client's (kubernetes/kubernetes#139253)."""
    reply = cluster.apply(cluster.samples("s"), cluster.sample("s", color="red"), "git")
    assert reply.code in (400, 500)
    assert reply.message.startswith("failed to create typed patch object")
    assert ".spec.color: field not declared in schema" in reply.message


def test_what_another_set_to_another_value_is_a_conflict(cluster: Cluster) -> None:
    cluster.applied(cluster.config_maps("a"), config_map("a", {"x": "1", "y": "1"}), "git")
    reply = cluster.apply(cluster.config_maps("a"), config_map("a", {"x": "2"}), "other")
    assert (reply.code, reply.reason) == (409, "Conflict")
    assert reply.message == 'Apply failed with 1 conflict: conflict with "git": .data.x'
    cause = reply.body["details"]["causes"][0]
    assert cause == {"reason": "FieldManagerConflict", "message": 'conflict with "git"', "field": ".data.x"}
    assert cluster.ok("GET", cluster.config_maps("a"))["data"]["x"] == "1"


def test_all_conflicts_are_told_by_owner(cluster: Cluster) -> None:
    cluster.applied(cluster.config_maps("a"), config_map("a", {"x": "1", "y": "1"}), "git")
    cluster.applied(cluster.config_maps("a"), config_map("a", {"z": "1"}), "hub")
    reply = cluster.apply(cluster.config_maps("a"), config_map("a", {"x": "2", "y": "2", "z": "2"}), "other")
    told = 'conflicts with "git":\n- .data.x\n- .data.y\nconflicts with "hub":\n- .data.z'
    assert reply.message == f"Apply failed with 3 conflicts: {told}"
    assert [cause["message"] for cause in reply.body["details"]["causes"]] == [
        'conflict with "git"',
        'conflict with "git"',
        'conflict with "hub"',
    ]


def test_the_kind_and_name_applied_are_those_of_the_address(cluster: Cluster) -> None:
    assert cluster.apply(cluster.config_maps("a"), config_map("b"), "git").code == 400
    assert cluster.apply(cluster.config_maps("a"), {**config_map("a"), "kind": "Secret"}, "git").code == 400
    reply = cluster.apply(cluster.config_maps("a"), config_map("a", managedFields=[{"manager": "git"}]), "git")
    assert (reply.code, "managedFields must be nil" in reply.message) == (400, True)


def test_an_apply_can_insist_on_what_it_has_read(cluster: Cluster) -> None:
    first = cluster.applied(cluster.config_maps("a"), config_map("a", {"x": "1"}), "git")
    cluster.merge(cluster.config_maps("a"), {"data": {"y": "1"}})
    version = first["metadata"]["resourceVersion"]
    late = cluster.apply(cluster.config_maps("a"), config_map("a", {"x": "2"}, resourceVersion=version), "git")
    assert (late.code, late.reason) == (409, "Conflict")


def test_a_conflict_with_an_updater_names_the_version_it_used(cluster: Cluster) -> None:
    cluster.ok("POST", cluster.config_maps(), config_map("a", {"x": "1"}), fieldManager="kubectl-create")
    reply = cluster.apply(cluster.config_maps("a"), config_map("a", {"x": "2"}), "git")
    assert 'conflict with "kubectl-create" using v1: .data.x' in reply.message


def test_the_same_value_is_owned_together(cluster: Cluster) -> None:
    cluster.applied(cluster.config_maps("a"), config_map("a", {"x": "1"}), "git")
    both = owners(cluster.applied(cluster.config_maps("a"), config_map("a", {"x": "1"}), "other"))
    assert both == {("git", "Apply"): {"f:data": {"f:x": {}}}, ("other", "Apply"): {"f:data": {"f:x": {}}}}
    left = cluster.applied(cluster.config_maps("a"), config_map("a"), "other")
    assert left["data"] == {"x": "1"}


def test_force_takes_the_field_over(cluster: Cluster) -> None:
    cluster.applied(cluster.config_maps("a"), config_map("a", {"x": "1", "y": "1"}), "git")
    forced = cluster.applied(cluster.config_maps("a"), config_map("a", {"x": "2"}), "other", force="true")
    assert forced["data"] == {"x": "2", "y": "1"}
    assert owners(forced) == {("git", "Apply"): {"f:data": {"f:y": {}}}, ("other", "Apply"): {"f:data": {"f:x": {}}}}


def test_what_is_applied_no_more_goes(cluster: Cluster) -> None:
    cluster.applied(cluster.config_maps("a"), config_map("a", {"x": "1", "y": "1"}, labels={"app": "q"}), "git")
    cluster.merge(cluster.config_maps("a"), {"data": {"z": "1"}}, fieldManager="hand")
    left = cluster.applied(cluster.config_maps("a"), config_map("a", {"x": "1"}), "git")
    assert left["data"] == {"x": "1", "z": "1"}
    assert "labels" not in left["metadata"]


def test_an_item_in_which_another_has_a_field_stays(cluster: Cluster) -> None:
    cluster.applied(cluster.samples("s"), cluster.sample("s", ports=[{"port": 1}, {"port": 2}]), "git")
    ports = [{"port": 1, "protocol": "TCP", "note": "mine"}, {"port": 2, "protocol": "TCP"}]
    changed = owners(cluster.merge(cluster.samples("s"), {"spec": {"ports": ports}}, fieldManager="hand"))
    assert changed["hand", "Update"] == {"f:spec": {"f:ports": {'k:{"port":1,"protocol":"TCP"}': {"f:note": {}}}}}
    left = cluster.applied(cluster.samples("s"), cluster.sample("s"), "git")
    assert left["spec"]["ports"] == [ports[0]]


def test_an_update_takes_what_it_changes_and_the_next_apply_conflicts(cluster: Cluster) -> None:
    cluster.applied(cluster.config_maps("a"), config_map("a", {"x": "1", "y": "1"}), "git")
    changed = owners(cluster.merge(cluster.config_maps("a"), {"data": {"x": "2"}}, fieldManager="hand"))
    assert changed == {("git", "Apply"): {"f:data": {"f:y": {}}}, ("hand", "Update"): {"f:data": {"f:x": {}}}}
    reply = cluster.apply(cluster.config_maps("a"), config_map("a", {"x": "1", "y": "1"}), "git")
    assert (reply.code, reply.body["details"]["causes"][0]["field"]) == (409, ".data.x")


def test_a_count_that_is_not_applied_stays_who_set_it(cluster: Cluster) -> None:
    cluster.applied(cluster.samples("s"), cluster.sample("s", mode="auto"), "git")
    cluster.merge(cluster.samples("s/scale"), {"spec": {"replicas": 7}}, fieldManager="autoscaler")
    again = cluster.applied(cluster.samples("s"), cluster.sample("s", mode="fixed"), "git")
    assert (again["spec"]["replicas"], again["spec"]["mode"]) == (7, "fixed")
    reply = cluster.apply(cluster.samples("s"), cluster.sample("s", replicas=1), "git")
    assert 'conflict with "autoscaler" with subresource "scale"' in reply.message


def test_containers_are_known_by_name_and_ports_by_number_and_protocol(cluster: Cluster) -> None:
    path = cluster.path("deployments", "d", "apps/v1")
    ports = [{"containerPort": 80, "name": "http"}]
    cluster.applied(path, deployment("d", [container("a", ports=ports), container("b")]), "git")
    sidecar = deployment("d", [{"name": "c", "image": "side"}, {"name": "a", "env": [{"name": "E", "value": "1"}]}])
    del sidecar["spec"]["replicas"]  # type: ignore[attr-defined]
    both = cluster.applied(path, sidecar, "injector")
    spec = both["spec"]["template"]["spec"]["containers"]
    assert {each["name"]: each["image"] for each in spec} == {"a": "image-a", "b": "image-b", "c": "side"}
    theirs = owners(both)["injector", "Apply"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert theirs['k:{"name":"a"}'] == {
        ".": {},
        "f:name": {},
        "f:env": {'k:{"name":"E"}': {".": {}, "f:name": {}, "f:value": {}}},
    }
    ours = owners(both)["git", "Apply"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert 'k:{"containerPort":80,"protocol":"TCP"}' in ours['k:{"name":"a"}']["f:ports"]

    fewer = cluster.applied(path, deployment("d", [container("a")]), "git")
    left = {each["name"]: each for each in fewer["spec"]["template"]["spec"]["containers"]}
    assert set(left) == {"a", "c"}
    assert not left["a"].get("ports")
    assert left["a"]["env"] == [{"name": "E", "value": "1"}]


def test_custom_lists_merge_as_their_schema_says(cluster: Cluster) -> None:
    ports = [{"port": 1, "note": "mine"}]
    cluster.applied(cluster.samples("s"), cluster.sample("s", tags=["a"], ports=ports), "git")
    theirs = cluster.sample("s", tags=["b"], ports=[{"port": 1, "protocol": "UDP"}])
    both = cluster.applied(cluster.samples("s"), theirs, "other")
    assert sorted(both["spec"]["tags"]) == ["a", "b"]
    assert {(each["port"], each["protocol"]) for each in both["spec"]["ports"]} == {(1, "TCP"), (1, "UDP")}
    assert owners(both)["git", "Apply"]["f:spec"]["f:tags"] == {'v:"a"': {}}
    clash = cluster.apply(cluster.samples("s"), cluster.sample("s", ports=[{"port": 1, "note": "theirs"}]), "other")
    assert clash.body["details"]["causes"][0]["field"] == '.spec.ports[port=1,protocol="TCP"].note'


@pytest.mark.parametrize(
    ("first", "second", "field"),
    [({"args": ["a"]}, {"args": ["b"]}, ".spec.args"), ({"whole": {"a": "1"}}, {"whole": {"b": "1"}}, ".spec.whole")],
)
def test_what_is_atomic_is_owned_as_one(
    cluster: Cluster, first: dict[str, object], second: dict[str, object], field: str
) -> None:
    cluster.applied(cluster.samples("s"), cluster.sample("s", **first), "git")
    reply = cluster.apply(cluster.samples("s"), cluster.sample("s", **second), "other")
    assert [cause["field"] for cause in reply.body["details"]["causes"]] == [field]


def test_what_is_set_to_nothing_is_owned_as_such(cluster: Cluster) -> None:
    made = cluster.applied(cluster.samples("s"), cluster.sample("s", bounds={}), "git")
    assert owners(made)["git", "Apply"]["f:spec"] == {"f:model": {}, "f:bounds": {}}


def test_status_and_the_rest_are_owned_apart(cluster: Cluster) -> None:
    cluster.applied(cluster.samples("s"), {**cluster.sample("s"), "status": {"phase": "lied"}}, "git")
    assert "status" not in cluster.ok("GET", cluster.samples("s"))
    status = {**cluster.sample("s", model="lied"), "status": {"phase": "Ready"}}
    told = cluster.applied(cluster.samples("s/status"), status, "operator")
    assert (told["status"], told["spec"]["model"]) == ({"phase": "Ready"}, "qwen")
    entry = next(each for each in told["metadata"]["managedFields"] if each["manager"] == "operator")
    assert (entry["subresource"], entry["fieldsV1"]) == ("status", {"f:status": {"f:phase": {}}})


def test_a_dry_apply_finds_conflicts_and_keeps_nothing(cluster: Cluster) -> None:
    assert cluster.apply(cluster.config_maps("a"), config_map("a"), "git", dryRun="All").code == 201
    assert cluster.is_gone(cluster.config_maps("a"))
    cluster.applied(cluster.config_maps("a"), config_map("a", {"x": "1"}), "git")
    assert cluster.apply(cluster.config_maps("a"), config_map("a", {"x": "2"}), "other", dryRun="All").code == 409
