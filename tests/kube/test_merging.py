"""Server-side apply without a server: what holds of every pair of configurations."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kube.errors import ApiError
from tests.kube.fields import differences, fields, from_v1, to_v1
from tests.kube.kinds import Schema, custom_kinds
from tests.kube.managers import Manager, applied, managers, with_managers
from tests.kube.merging import merged, without
from tests.kube.patches import json_patched, merge_patched
from tests.kube.sample_kind import sample_definition
from tests.kube.schema import defaulted, pruned
from tests.kube.validation import causes

SCHEMA: Schema = custom_kinds(sample_definition("x.dev"))[0].schema
_WORD = st.sampled_from(["a", "b", "c"])
_PORT = st.fixed_dictionaries(
    {"port": st.integers(1, 3)}, optional={"protocol": st.sampled_from(["TCP", "UDP"]), "note": _WORD}
)
_PORTS = st.lists(_PORT, min_size=1, max_size=3, unique_by=lambda port: (port["port"], port.get("protocol", "TCP")))
_SPEC = st.fixed_dictionaries(
    {},
    optional={
        "model": _WORD,
        "replicas": st.integers(0, 3),
        "args": st.lists(_WORD, max_size=2),
        "tags": st.lists(_WORD, min_size=1, max_size=3, unique=True),
        "ports": _PORTS,
        "settings": st.dictionaries(_WORD, _WORD, min_size=1, max_size=3),
        "whole": st.dictionaries(_WORD, _WORD, max_size=2),
        "bounds": st.fixed_dictionaries({"min": st.integers(0, 3)}, optional={"max": st.integers(0, 3)}),
    },
)
OBJECTS = st.builds(lambda spec: {"spec": {"model": "m", **spec}, "metadata": {"name": "x"}}, _SPEC)
A, B = Manager("Apply", "a", "v1"), Manager("Apply", "b", "v1")


def _apply(live: dict[str, Any], config: dict[str, Any], writer: Manager, force: bool = False) -> dict[str, Any]:
    new, owners = applied(SCHEMA, live, config, writer, force)
    return with_managers(new, owners, live)


def _bare(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "metadata": {"name": "x"}}


EMPTY: dict[str, Any] = {"metadata": {"name": "x"}}


@given(OBJECTS)
def test_a_set_of_fields_survives_being_written_down(item: dict[str, Any]) -> None:
    owned = fields(SCHEMA, item)
    assert from_v1(to_v1(owned)) == owned


@given(OBJECTS, OBJECTS)
def test_what_is_laid_over_holds_all_of_the_configuration(live: dict[str, Any], config: dict[str, Any]) -> None:
    both = merged(SCHEMA, live, config)
    assert merged(SCHEMA, both, config) == both
    assert fields(SCHEMA, config) <= fields(SCHEMA, both)
    assert not list(causes(SCHEMA, defaulted(SCHEMA, both)))


@given(OBJECTS, OBJECTS)
def test_differences_are_none_only_between_equals(old: dict[str, Any], new: dict[str, Any]) -> None:
    same = _ordered(old) == _ordered(new)
    assert (differences(SCHEMA, old, new) == (frozenset(), frozenset())) is same


def _ordered(item: dict[str, Any]) -> Any:
    """The object with its lists that have no order in one, and a protocol that is said."""
    spec = dict(item["spec"])
    if "ports" in spec:
        spec["ports"] = sorted(map(str, spec["ports"]))
    return {**spec, "tags": sorted(spec["tags"])} if "tags" in spec else spec


@given(OBJECTS)
def test_one_who_applies_nothing_any_more_leaves_nothing(config: dict[str, Any]) -> None:
    made = _apply(EMPTY, config, A)
    left = _apply(made, {"metadata": {"name": "x"}}, A)
    assert _bare(left) in (EMPTY, {**EMPTY, "spec": {}})
    assert managers(left) == {}


@given(OBJECTS, OBJECTS)
def test_one_applier_has_what_he_applied_last(first: dict[str, Any], second: dict[str, Any]) -> None:
    made = _apply(_apply(EMPTY, first, A), second, A)
    assert fields(SCHEMA, made) == fields(SCHEMA, second)
    assert managers(made) == {A: fields(SCHEMA, second)}
    assert _apply(made, second, A) == made


@given(OBJECTS, OBJECTS)
def test_the_time_of_an_owner_is_when_what_he_owns_changed(first: dict[str, Any], second: dict[str, Any]) -> None:
    made = _apply(EMPTY, first, A)
    (entry,) = made["metadata"]["managedFields"]
    aged = {**made, "metadata": {**made["metadata"], "managedFields": [{**entry, "time": "2020-01-01T00:00:00Z"}]}}
    (later,) = _apply(aged, second, A)["metadata"]["managedFields"]
    kept = later["time"] == "2020-01-01T00:00:00Z"
    assert kept is (fields(SCHEMA, first) == fields(SCHEMA, second))


@given(OBJECTS, OBJECTS)
def test_two_appliers_never_lose_what_is_the_others(first: dict[str, Any], second: dict[str, Any]) -> None:
    made = _apply(EMPTY, first, A)
    if _clash(first, second):
        with pytest.raises(ApiError, match="Apply failed with"):
            _apply(made, second, B)
        owners = managers(_apply(made, second, B, force=True))
        assert owners[B] == fields(SCHEMA, second)
        assert owners.get(A, frozenset()) < fields(SCHEMA, first)
        return
    both = _apply(made, second, B)
    assert managers(both) == {A: fields(SCHEMA, first), B: fields(SCHEMA, second)}
    alone = _apply(both, {"metadata": {"name": "x"}}, B)
    assert fields(SCHEMA, alone) == fields(SCHEMA, first)


def _clash(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether the second sets a field to another value than the first."""
    changed, _ = differences(SCHEMA, first, merged(SCHEMA, first, second))
    return bool(changed & fields(SCHEMA, first))


@given(OBJECTS)
def test_taking_everything_out_leaves_nothing(item: dict[str, Any]) -> None:
    assert _bare(without(SCHEMA, item, fields(SCHEMA, item))) in (EMPTY, {**EMPTY, "spec": {}})


@given(OBJECTS)
def test_what_is_known_is_not_pruned_and_defaults_are_filled_in_once(item: dict[str, Any]) -> None:
    assert pruned(SCHEMA, item) == item
    whole = defaulted(SCHEMA, item)
    assert defaulted(SCHEMA, whole) == whole


JSON = st.recursive(
    st.none() | st.integers(0, 3) | _WORD, lambda inner: st.dictionaries(_WORD, inner, max_size=3), max_leaves=8
)


@given(st.dictionaries(_WORD, JSON, max_size=3), st.dictionaries(_WORD, JSON, max_size=3))
def test_a_merge_patch_says_the_same_twice(live: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merge_patched(live, patch)
    assert merge_patched(once, patch) == once
    assert all(name not in once for name, each in patch.items() if each is None)


@given(st.lists(st.integers(), min_size=1, max_size=4))
def test_json_patches_undo_one_another(values: list[int]) -> None:
    document = {"a/b": values, "~": {}}
    moved = json_patched(document, [{"op": "move", "from": "/a~1b/0", "path": "/~0/x"}])
    assert (moved["a/b"], moved["~"]) == (values[1:], {"x": values[0]})
    back = [{"op": "copy", "from": "/~0/x", "path": "/a~1b/0"}, {"op": "remove", "path": "/~0/x"}]
    assert json_patched(moved, back) == document
    assert json_patched(document, [{"op": "add", "path": "/a~1b/-", "value": 9}])["a/b"] == [*values, 9]
