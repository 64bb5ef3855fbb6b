"""What an API server promises about objects, lists and watches.

Held to the in-process server, and with QORCH_TEST_KUBECONFIG to a real cluster.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.kube.cluster import Cluster, config_map
from tests.kube.patches import JSON_PATCH, STRATEGIC_PATCH


def test_discovery_tells_groups_kinds_scopes_and_subresources(cluster: Cluster) -> None:
    assert "v1" in cluster.ok("GET", "/api")["versions"]
    groups = {group["name"]: group for group in cluster.ok("GET", "/apis")["groups"]}
    assert {"apps", "batch", "policy", "networking.k8s.io", "rbac.authorization.k8s.io", "coordination.k8s.io"} <= set(
        groups
    )
    assert groups[cluster.custom_group]["preferredVersion"]["groupVersion"] == f"{cluster.custom_group}/v1"
    core = {each["name"]: each for each in cluster.ok("GET", "/api/v1")["resources"]}
    assert (core["pods"]["kind"], core["pods"]["namespaced"], core["nodes"]["namespaced"]) == ("Pod", True, False)
    ours = {each["name"] for each in cluster.ok("GET", f"/apis/{cluster.custom_group}/v1")["resources"]}
    assert ours == {"samples", "samples/status", "samples/scale"}
    assert "gitVersion" in cluster.ok("GET", "/version")
    assert cluster.call("GET", "/apis/nobody.example/v1/things").code == 404


def test_what_is_created_is_given_an_identity_and_read_back(cluster: Cluster) -> None:
    made = cluster.ok("POST", cluster.config_maps(), config_map("a", {"x": "1"}))
    metadata = made["metadata"]
    assert metadata["namespace"] == cluster.namespace
    assert metadata["uid"]
    assert metadata["resourceVersion"]
    assert metadata["creationTimestamp"].endswith("Z")
    assert "generation" not in metadata
    assert cluster.ok("GET", cluster.config_maps("a")) == made


def test_a_name_is_taken_once_and_a_prefix_is_given_a_name(cluster: Cluster) -> None:
    cluster.ok("POST", cluster.config_maps(), config_map("a"))
    again = cluster.call("POST", cluster.config_maps(), config_map("a"))
    assert (again.code, again.reason) == (409, "AlreadyExists")
    nameless = {"metadata": {"generateName": "b-"}}
    names = {cluster.ok("POST", cluster.config_maps(), nameless)["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("b-") and len(name) == 7 for name in names)


def test_what_is_not_there_and_where_nothing_can_be_is_not_found(cluster: Cluster) -> None:
    missing = cluster.call("GET", cluster.config_maps("a"))
    assert (missing.code, missing.reason, missing.message) == (404, "NotFound", 'configmaps "a" not found')
    nowhere = cluster.call("POST", "/api/v1/namespaces/nowhere-at-all/configmaps", config_map("a"))
    assert (nowhere.code, nowhere.message) == (404, 'namespaces "nowhere-at-all" not found')


@pytest.mark.parametrize("name", ["Upper", "under_score", "-dash", "a..b", "a" * 254])
def test_a_bad_name_is_refused(cluster: Cluster, name: str) -> None:
    reply = cluster.call("POST", cluster.config_maps(), config_map(name))
    assert (reply.code, reply.reason, reply.fields) == (422, "Invalid", {"metadata.name"})


def test_what_has_no_name_is_refused(cluster: Cluster) -> None:
    reply = cluster.call("POST", cluster.config_maps(), {"metadata": {}})
    assert (reply.code, reply.fields) == (422, {"metadata.name"})
    assert "name or generateName is required" in reply.message


def test_what_is_no_object_is_refused(cluster: Cluster) -> None:
    assert cluster.call("POST", cluster.config_maps(), ["a"]).code == 400


def test_a_bad_label_is_refused(cluster: Cluster) -> None:
    reply = cluster.call("POST", cluster.config_maps(), config_map("a", labels={"x": "no spaces"}))
    assert (reply.code, reply.fields) == (422, {"metadata.labels"})


def test_who_writes_what_he_read_too_long_ago_is_refused(cluster: Cluster) -> None:
    first = cluster.ok("POST", cluster.config_maps(), config_map("a", {"x": "1"}))
    second = cluster.ok("PUT", cluster.config_maps("a"), {**first, "data": {"x": "2"}})
    assert second["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]
    late = cluster.call("PUT", cluster.config_maps("a"), {**first, "data": {"x": "3"}})
    assert (late.code, late.reason) == (409, "Conflict")
    assert "the object has been modified" in late.message
    assert cluster.ok("GET", cluster.config_maps("a"))["data"] == {"x": "2"}


def test_of_many_who_write_at_once_nobody_is_lost(cluster: Cluster) -> None:
    cluster.ok("POST", cluster.config_maps(), config_map("a", {"count": "0"}))

    def count_up(_: int) -> None:
        while True:
            read = cluster.ok("GET", cluster.config_maps("a"))
            more = {**read, "data": {"count": str(int(read["data"]["count"]) + 1)}}
            if cluster.call("PUT", cluster.config_maps("a"), more).code == 200:
                return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count_up, range(20)))
    assert cluster.ok("GET", cluster.config_maps("a"))["data"] == {"count": "20"}


def test_a_write_that_changes_nothing_is_no_change(cluster: Cluster) -> None:
    first = cluster.ok("POST", cluster.config_maps(), config_map("a", {"x": "1"}))
    assert cluster.ok("PUT", cluster.config_maps("a"), first) == first
    assert cluster.merge(cluster.config_maps("a"), {"data": {"x": "1"}}) == first


def test_patches_merge_and_remove(cluster: Cluster) -> None:
    cluster.ok("POST", cluster.config_maps(), config_map("a", {"x": "1", "y": "2"}))
    merged = cluster.merge(cluster.config_maps("a"), {"data": {"x": None, "z": "3"}})
    assert merged["data"] == {"y": "2", "z": "3"}
    steps = [{"op": "replace", "path": "/data/y", "value": "4"}, {"op": "remove", "path": "/data/z"}]
    assert cluster.ok("PATCH", cluster.config_maps("a"), steps, JSON_PATCH)["data"] == {"y": "4"}
    guarded = [{"op": "test", "path": "/data/y", "value": "no"}, {"op": "remove", "path": "/data/y"}]
    assert cluster.call("PATCH", cluster.config_maps("a"), guarded, JSON_PATCH).code == 422
    assert cluster.ok("GET", cluster.config_maps("a"))["data"] == {"y": "4"}


def test_a_strategic_patch_knows_containers_by_name_and_is_not_for_custom_kinds(cluster: Cluster) -> None:
    deployments = cluster.path("deployments", group_version="apps/v1")
    cluster.ok("POST", deployments, deployment("d", [container("a"), container("b")]))
    cluster.merge(f"{deployments}/d", {"metadata": {"labels": {"one": "1"}}})
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "b", "image": "new"}]}}}}
    patched = cluster.ok("PATCH", f"{deployments}/d", patch, STRATEGIC_PATCH)
    images = {each["name"]: each["image"] for each in patched["spec"]["template"]["spec"]["containers"]}
    assert images == {"a": "image-a", "b": "new"}
    gone = {"spec": {"template": {"spec": {"containers": [{"name": "b", "$patch": "delete"}]}}}}
    left = cluster.ok("PATCH", f"{deployments}/d", gone, STRATEGIC_PATCH)["spec"]["template"]["spec"]["containers"]
    assert [each["name"] for each in left] == ["a"]
    only = {"metadata": {"labels": {"$patch": "replace", "only": "this"}}}
    assert cluster.ok("PATCH", f"{deployments}/d", only, STRATEGIC_PATCH)["metadata"]["labels"] == {"only": "this"}
    for finalizer in ("qorch.dev/a", "qorch.dev/b"):
        held = cluster.ok("PATCH", f"{deployments}/d", {"metadata": {"finalizers": [finalizer]}}, STRATEGIC_PATCH)
    assert set(held["metadata"]["finalizers"]) >= {"qorch.dev/a", "qorch.dev/b"}
    cluster.merge(f"{deployments}/d", {"metadata": {"finalizers": None}})
    cluster.ok("POST", cluster.samples(), cluster.sample("s"))
    assert cluster.call("PATCH", cluster.samples("s"), {"spec": {}}, STRATEGIC_PATCH).code == 415


def test_a_dry_run_answers_and_keeps_nothing(cluster: Cluster) -> None:
    made = cluster.ok("POST", cluster.config_maps(), config_map("a"), dryRun="All")
    assert made["metadata"]["uid"]
    assert cluster.is_gone(cluster.config_maps("a"))
    cluster.ok("POST", cluster.config_maps(), config_map("a", {"x": "1"}))
    assert cluster.merge(cluster.config_maps("a"), {"data": {"x": "2"}}, dryRun="All")["data"] == {"x": "2"}
    cluster.ok("DELETE", cluster.config_maps("a"), dryRun="All")
    assert cluster.ok("GET", cluster.config_maps("a"))["data"] == {"x": "1"}
    refused = cluster.call("POST", cluster.config_maps(), config_map("Bad"), dryRun="All")
    assert refused.code == 422


def test_lists_take_selectors(cluster: Cluster) -> None:
    for name, labels in (("a", {"app": "x", "tier": "1"}), ("b", {"app": "y"}), ("c", {})):
        cluster.ok("POST", cluster.config_maps(), config_map(name, labels=labels))

    def names(**query: str) -> set[str]:
        found = cluster.ok("GET", cluster.config_maps(), **query)["items"]
        return {item["metadata"]["name"] for item in found} & {"a", "b", "c"}

    assert names() == {"a", "b", "c"}
    assert names(labelSelector="app=x") == {"a"}
    assert names(labelSelector="app!=x") == {"b", "c"}
    assert names(labelSelector="app in (x,y),!tier") == {"b"}
    assert names(labelSelector="app notin (x)") == {"b", "c"}
    assert names(labelSelector="app") == {"a", "b"}
    assert names(fieldSelector="metadata.name=c") == {"c"}
    assert cluster.call("GET", cluster.config_maps(), fieldSelector="data.x=1").code == 400


def test_a_long_list_comes_in_pages_of_one_moment(cluster: Cluster) -> None:
    for number in range(5):
        cluster.ok("POST", cluster.config_maps(), config_map(f"a{number}", labels={"page": "yes"}))
    first = cluster.ok("GET", cluster.config_maps(), limit=2, labelSelector="page=yes")
    cluster.ok("POST", cluster.config_maps(), config_map("a9", labels={"page": "yes"}))
    names = [item["metadata"]["name"] for item in first["items"]]
    page = first
    while page["metadata"].get("continue"):
        page = cluster.ok(
            "GET",
            cluster.config_maps(),
            limit=2,
            labelSelector="page=yes",
            **{"continue": page["metadata"]["continue"]},
        )
        assert page["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
        names += [item["metadata"]["name"] for item in page["items"]]
    assert names == [f"a{number}" for number in range(5)]


def test_a_page_tells_how_many_are_left(cluster: Cluster) -> None:
    for number in range(3):
        cluster.ok("POST", cluster.samples(), cluster.sample(f"s{number}"))
    first = cluster.ok("GET", cluster.samples(), limit=1)
    assert first["metadata"]["remainingItemCount"] == 2
    token = first["metadata"]["continue"]
    last = cluster.ok("GET", cluster.samples(), limit=2, **{"continue": token})
    assert [item["metadata"]["name"] for item in last["items"]] == ["s1", "s2"]
    assert not {"continue", "remainingItemCount"} & set(last["metadata"])


def test_a_watch_tells_what_happened_since_a_list(cluster: Cluster) -> None:
    cluster.ok("POST", cluster.config_maps(), config_map("a", labels={"w": "yes"}))
    version = cluster.ok("GET", cluster.config_maps())["metadata"]["resourceVersion"]
    cluster.merge(cluster.config_maps("a"), {"data": {"x": "1"}})
    cluster.ok("POST", cluster.config_maps(), config_map("b", labels={"w": "yes"}))
    cluster.merge(cluster.config_maps("b"), {"metadata": {"labels": {"w": None}}})
    cluster.ok("DELETE", cluster.config_maps("a"))
    seen = list(cluster.watch(cluster.config_maps(), 1, resourceVersion=version, labelSelector="w=yes"))
    told = [(event["type"], event["object"]["metadata"]["name"]) for event in seen]
    assert told == [("MODIFIED", "a"), ("ADDED", "b"), ("DELETED", "b"), ("DELETED", "a")]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in seen]
    assert versions == sorted(set(versions))


def test_a_watch_from_nowhere_begins_with_what_is_there(cluster: Cluster) -> None:
    cluster.ok("POST", cluster.config_maps(), config_map("a", labels={"w": "yes"}))
    first = next(cluster.watch(cluster.config_maps(), 2, labelSelector="w=yes"))
    assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", "a")


def test_a_watch_with_a_selector_that_cannot_be_is_refused(cluster: Cluster) -> None:
    assert cluster.call("GET", cluster.config_maps(), watch="true", fieldSelector="data.x=1").code == 400


def container(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "image": f"image-{name}", **more}


def deployment(name: str, containers: list[dict[str, object]], **spec: object) -> dict[str, object]:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers}}
    whole = {"selector": {"matchLabels": {"app": name}}, "template": template, "replicas": 0, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": whole}


def test_a_service_is_reached_through_the_server_where_anything_is_behind_it(cluster: Cluster) -> None:
    proxied = f"{cluster.path('services', 'web:8000')}/proxy/ready"
    missing = cluster.call("GET", proxied)
    assert (missing.code, missing.reason, missing.message) == (404, "NotFound", 'services "web" not found')
    spec = {"ports": [{"name": "serve", "port": 8000, "protocol": "TCP"}]}
    cluster.ok("POST", cluster.path("services"), {"metadata": {"name": "web"}, "spec": spec})
    empty = cluster.call("GET", proxied)
    assert (empty.code, empty.reason) == (503, "ServiceUnavailable")
    assert empty.message == 'no endpoints available for service "web"'
