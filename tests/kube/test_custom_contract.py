"""What custom kinds promise: schemas, defaults, pruning, rules, status, scale, generations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kube.cluster import Cluster, config_map
from tests.kube.patches import JSON_PATCH
from tests.kube.sample_kind import sample_definition

_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.mark.parametrize(
    ("spec", "field", "said"),
    [
        ({"model": 7}, "spec.model", 'must be of type string: "integer"'),
        ({"model": ""}, "spec.model", "should be at least 1 chars long"),
        ({"model": "Q w"}, "spec.model", "should match '^[a-z0-9.-]+$'"),
        ({"replicas": "3"}, "spec.replicas", 'must be of type integer: "string"'),
        ({"replicas": -1}, "spec.replicas", "should be greater than or equal to 0"),
        ({"replicas": 11}, "spec.replicas", "should be less than or equal to 10"),
        ({"mode": "often"}, "spec.mode", 'Unsupported value: "often": supported values: "auto", "fixed"'),
        ({"args": "a"}, "spec.args", 'must be of type array: "string"'),
        ({"settings": {"a": 1}}, "spec.settings.a", 'must be of type string: "integer"'),
        ({"ports": [{"note": "x"}]}, "spec.ports[0].port", "Required value"),
        ({"ports": [{"port": 1}, {"port": 1}]}, "spec.ports[1]", "Duplicate value"),
        ({"tags": ["a", "a"]}, "spec.tags[1]", 'Duplicate value: "a"'),
        ({"small": 2**31}, "spec.small", "spec.small"),
        ({"since": "yesterday"}, "spec.since", "must be of type date-time"),
        ({"either": {}}, "spec.either", "must validate one and only one schema (oneOf)"),
        ({"either": {"a": "1", "b": "1"}}, "spec.either", "must not validate the schema (not)"),
        ({"some": {}}, "spec.some", "must validate at least one schema (anyOf)"),
        ({"few": []}, "spec.few", "should have at least 1 items"),
        ({"few": ["a", "b", "c"]}, "spec.few", "Too many: 3: must have at most 2 items"),
        ({"above": 0}, "spec.above", "should be greater than 0"),
        ({"model": "a" * 21}, "spec.model", "Too long: may not be more than 20 bytes"),
        ({"memory": True}, "spec.memory", "must be of type"),
    ],
)
def test_what_breaks_the_schema_is_refused(cluster: Cluster, spec: dict[str, Any], field: str, said: str) -> None:
    reply = cluster.call("POST", cluster.samples(), cluster.sample("s", **spec))
    assert (reply.code, reply.reason) == (422, "Invalid")
    assert f'Sample.{cluster.custom_group} "s" is invalid' in reply.message
    assert field in reply.fields
    assert said in reply.message


def test_what_must_be_there_is_asked_for(cluster: Cluster) -> None:
    body = {**cluster.sample("s"), "spec": {}}
    reply = cluster.call("POST", cluster.samples(), body)
    assert (reply.code, reply.fields) == (422, {"spec.model"})
    assert "spec.model: Required value" in reply.message


def test_all_that_is_wrong_is_told_at_once(cluster: Cluster) -> None:
    reply = cluster.call("POST", cluster.samples(), cluster.sample("s", replicas=99, mode="often"))
    assert reply.fields == {"spec.replicas", "spec.mode"}


def test_defaults_are_filled_in(cluster: Cluster) -> None:
    spec = cluster.ok("POST", cluster.samples(), cluster.sample("s", bounds={}, ports=[{"port": 1}]))["spec"]
    assert (spec["replicas"], spec["bounds"], spec["ports"]) == (1, {"min": 1}, [{"port": 1, "protocol": "TCP"}])


def test_null_is_no_value(cluster: Cluster) -> None:
    spec = cluster.ok("POST", cluster.samples(), cluster.sample("s", replicas=None, mode=None))["spec"]
    assert spec == {"model": "qwen", "replicas": 1}


def test_unknown_fields_are_pruned_but_where_they_are_to_be_kept(cluster: Cluster) -> None:
    spec = cluster.ok("POST", cluster.samples(), cluster.sample("s", color="red", raw={"any": {"thing": 1}}))["spec"]
    assert "color" not in spec
    assert spec["raw"] == {"any": {"thing": 1}}


def test_strict_validation_refuses_unknown_fields(cluster: Cluster) -> None:
    reply = cluster.call("POST", cluster.samples(), cluster.sample("s", color="red"), fieldValidation="Strict")
    assert (reply.code, reply.reason) == (400, "BadRequest")
    assert 'strict decoding error: unknown field "spec.color"' in reply.message
    wrong = {**config_map("a"), "colour": "red"}
    assert cluster.call("POST", cluster.config_maps(), wrong, fieldValidation="Strict").code == 400
    assert "colour" not in cluster.ok("POST", cluster.config_maps(), wrong)


def test_int_or_string_takes_both(cluster: Cluster) -> None:
    for name, memory in (("a", 4), ("b", "4Gi")):
        assert cluster.ok("POST", cluster.samples(), cluster.sample(name, memory=memory))["spec"]["memory"] == memory


def test_rules_are_held(cluster: Cluster) -> None:
    reply = cluster.call("POST", cluster.samples(), cluster.sample("s", bounds={"min": 5, "max": 2}))
    assert (reply.code, reply.fields) == (422, {"spec.bounds.min"})
    assert 'spec.bounds.min: Invalid value: "object": min must not be above max' in reply.message
    unnamed = cluster.call("POST", cluster.samples(), cluster.sample("s", share=2))
    assert "failed rule: self <= 1.0" in unnamed.message
    cluster.ok("POST", cluster.samples(), cluster.sample("s", bounds={"min": 2, "max": 2}, share=1))


def test_rules_about_a_change_are_held_when_there_is_one(cluster: Cluster) -> None:
    cluster.ok("POST", cluster.samples(), cluster.sample("s", fixed="a"))
    cluster.merge(cluster.samples("s"), {"spec": {"fixed": "a", "mode": "auto"}})
    reply = cluster.call("PATCH", cluster.samples("s"), {"spec": {"fixed": "b"}}, "application/merge-patch+json")
    assert (reply.code, reply.fields) == (422, {"spec.fixed"})
    assert "fixed is immutable" in reply.message
    cluster.merge(cluster.samples("s"), {"spec": {"fixed": None}})
    cluster.merge(cluster.samples("s"), {"spec": {"fixed": "c"}})


def test_a_rule_may_say_itself_what_is_wrong(cluster: Cluster) -> None:
    reply = cluster.call("POST", cluster.samples(), cluster.sample("s", pair={"a": 1, "b": 2}))
    assert (reply.code, reply.fields) == (422, {"spec.pair"})
    assert "1 is not 2" in reply.message
    taken = cluster.call("POST", cluster.samples(), cluster.sample("s", pair={"a": 7, "b": 7}))
    (cause,) = taken.body["details"]["causes"]
    assert (cause["reason"], cause["message"]) == ("FieldValueForbidden", "Forbidden: 7 is taken")


def test_a_rule_that_cannot_be_evaluated_is_broken(cluster: Cluster) -> None:
    reply = cluster.call("POST", cluster.samples(), cluster.sample("s", pair={"a": 1}))
    assert (reply.code, reply.fields) == (422, {"spec.pair"})


def test_items_are_followed_by_their_key_across_a_change(cluster: Cluster) -> None:
    cluster.ok(
        "POST", cluster.samples(), cluster.sample("s", slots=[{"name": "a", "size": 1}, {"name": "b", "size": 5}])
    )
    cluster.merge(cluster.samples("s"), {"spec": {"slots": [{"name": "b", "size": 5}, {"name": "c"}]}})
    shrunk = {"spec": {"slots": [{"name": "c"}, {"name": "b", "size": 4}]}}
    reply = cluster.call("PATCH", cluster.samples("s"), shrunk, "application/merge-patch+json")
    assert (reply.code, reply.fields) == (422, {"spec.slots[1]"})
    assert "a slot does not shrink" in reply.message


def test_generations_count_what_is_wanted_and_nothing_else(cluster: Cluster) -> None:
    def generation(item: dict[str, Any]) -> int:
        return int(item["metadata"]["generation"])

    assert generation(cluster.ok("POST", cluster.samples(), cluster.sample("s"))) == 1
    assert generation(cluster.merge(cluster.samples("s"), {"metadata": {"labels": {"a": "b"}}})) == 1
    assert generation(cluster.merge(cluster.samples("s/status"), {"status": {"phase": "Ready"}})) == 1
    assert generation(cluster.merge(cluster.samples("s"), {"spec": {"mode": "auto"}})) == 2
    assert generation(cluster.merge(cluster.samples("s"), {"spec": {"mode": "auto"}})) == 2


def test_status_is_written_at_its_own_address_and_nowhere_else(cluster: Cluster) -> None:
    made = cluster.ok("POST", cluster.samples(), {**cluster.sample("s"), "status": {"phase": "lied"}})
    assert "status" not in made
    told = {**made, "spec": {"model": "lied"}, "status": {"phase": "Ready"}}
    put = cluster.ok("PUT", cluster.samples("s/status"), told)
    assert (put["status"], put["spec"]["model"]) == ({"phase": "Ready"}, "qwen")
    kept = cluster.ok("PUT", cluster.samples("s"), {**put, "status": {}})
    assert kept["status"] == {"phase": "Ready"}
    cluster.ok("POST", cluster.config_maps(), config_map("s"))
    assert cluster.call("GET", cluster.config_maps("s/status")).code == 404


def test_a_replacement_must_say_what_it_replaces(cluster: Cluster) -> None:
    cluster.ok("POST", cluster.samples(), cluster.sample("s"))
    reply = cluster.call("PUT", cluster.samples("s"), cluster.sample("s"))
    assert (reply.code, reply.fields) == (422, {"metadata.resourceVersion"})


def test_scale_is_the_count_under_another_name(cluster: Cluster) -> None:
    cluster.ok("POST", cluster.samples(), cluster.sample("s", replicas=2))
    cluster.merge(cluster.samples("s/status"), {"status": {"replicas": 1, "selector": "app=s"}})
    scale = cluster.ok("GET", cluster.samples("s/scale"))
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert (scale["spec"], scale["status"]) == ({"replicas": 2}, {"replicas": 1, "selector": "app=s"})
    assert cluster.ok("PUT", cluster.samples("s/scale"), {**scale, "spec": {"replicas": 4}})["spec"] == {"replicas": 4}
    assert cluster.ok("GET", cluster.samples("s"))["spec"]["replicas"] == 4
    assert cluster.call("PUT", cluster.samples("s/scale"), {**scale, "spec": {"replicas": 5}}).code == 409


def test_a_definition_whose_rule_means_nothing_is_refused(cluster: Cluster) -> None:
    definition = sample_definition("broken.qorch.dev")
    spec = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    broken = {**spec, "x-kubernetes-validations": [{"rule": "self.nothing ==="}]}
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"] = broken
    reply = cluster.call("POST", _DEFINITIONS, definition)
    assert reply.code == 422
    assert "compilation failed" in reply.message


def test_a_definition_can_learn_a_field(cluster: Cluster) -> None:
    group = f"learns-{cluster.custom_group}"
    learning = Cluster(cluster.client, cluster.namespace, group)
    cluster.ok("POST", _DEFINITIONS, sample_definition(group))
    learning.until(lambda: learning.call("POST", learning.samples(), learning.sample("s", color="red")).code == 201)
    properties = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties"
    steps = [{"op": "add", "path": f"{properties}/color", "value": {"type": "string"}}]
    cluster.ok("PATCH", f"{_DEFINITIONS}/samples.{group}", steps, JSON_PATCH)

    def colored() -> bool:
        spec = learning.merge(learning.samples("s"), {"spec": {"color": "red"}})["spec"]
        return bool(spec.get("color") == "red")

    learning.until(colored)
    cluster.ok("DELETE", f"{_DEFINITIONS}/samples.{group}")


def test_a_kind_goes_with_its_definition(cluster: Cluster) -> None:
    group = f"gone-{cluster.custom_group}"
    passing = Cluster(cluster.client, cluster.namespace, group)
    cluster.ok("POST", _DEFINITIONS, sample_definition(group))
    cluster.until(lambda: passing.call("POST", passing.samples(), passing.sample("s")).code == 201)
    cluster.ok("DELETE", f"{_DEFINITIONS}/samples.{group}")
    cluster.until(lambda: passing.call("GET", passing.samples("s")).code == 404)
    cluster.until(lambda: passing.call("GET", passing.samples()).code == 404)
