"""The CEL rules of custom kinds (`x-kubernetes-validations`), evaluated by Google's own implementation.

Covered: every rule in standard CEL over `self`, and transition rules over `oldSelf` where fields and items can be
told apart across the change (by field, by map key, by the key of an associative list); `message`,
`messageExpression`, `reason`, `fieldPath`. Not covered: Kubernetes' own libraries (quantity, url, regex find, lists'
sum and isSorted, optional values), `optionalOldSelf` and the cost limit; a definition with a rule that does not
compile is refused, as a real server refuses what it cannot compile.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from cel_expr_python import cel

from tests.kube.kinds import Schema
from tests.kube.schema import child, items, list_key, resolved, types
from tests.kube.validation import Cause

_ABSENT = object()


@cache
def _compiled(rule: str) -> Any:
    return _environment().compile(rule)


@cache
def _environment() -> Any:
    return cel.NewEnv(variables={"self": cel.Type.DYN, "oldSelf": cel.Type.DYN})


def rule_errors(schema: Schema) -> Iterator[str]:
    """Rules anywhere in a schema that do not compile."""
    for rule in schema.get("x-kubernetes-validations", ()):
        for expression in (rule["rule"], rule.get("messageExpression", "''")):
            try:
                _compiled(expression)
            except ValueError as error:
                yield f"compilation failed: {str(error).splitlines()[0]}"
    inner = [*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")]
    for each in inner:
        if isinstance(each, dict):
            yield from rule_errors(each)


def broken_rules(schema: Schema, new: Any, old: Any = _ABSENT, path: str = "") -> Iterator[Cause]:
    """A cause for every rule that the value breaks."""
    schema = resolved(schema)
    for rule in schema.get("x-kubernetes-validations", ()):
        if "oldSelf" in rule["rule"] and old is _ABSENT:
            continue
        yield from _broken(
            rule, {"self": _typed(schema, new), "oldSelf": _typed(schema, None if old is _ABSENT else old)}, path
        )
    for step, inner, each, before in _children(schema, new, old):
        yield from broken_rules(inner, each, before, path + step)


def _broken(rule: dict[str, Any], data: dict[str, Any], path: str) -> Iterator[Cause]:
    result = _compiled(rule["rule"]).eval(data=data)
    if result.type() == cel.Type.ERROR:
        said = f"rule could not be evaluated: {result.plain_value()}"
    elif result.value():
        return
    elif "messageExpression" in rule:
        said = str(_compiled(rule["messageExpression"]).eval(data=data).value())
    else:
        said = rule.get("message", f"failed rule: {rule['rule']}")
    field = (path + rule.get("fieldPath", "")).lstrip(".") or "<nil>"
    shown = "Invalid value" if rule.get("reason", "FieldValueInvalid") == "FieldValueInvalid" else rule["reason"]
    yield {"reason": rule.get("reason", "FieldValueInvalid"), "message": f"{shown}: {said}", "field": field}


def _children(schema: Schema, new: Any, old: Any) -> Iterator[tuple[str, Schema, Any, Any]]:
    if isinstance(new, dict):
        for name, each in new.items():
            inner = child(schema, name)
            if inner is not None and name != "metadata":
                yield f".{name}", inner, each, old.get(name, _ABSENT) if isinstance(old, dict) else _ABSENT
    elif isinstance(new, list):
        before = _by_key(schema, old)
        for place, each in enumerate(new):
            yield f"[{place}]", items(schema), each, before.get(list_key(schema, each), _ABSENT) if before else _ABSENT


def _by_key(schema: Schema, old: Any) -> dict[str, Any]:
    if schema.get("x-kubernetes-list-type") != "map" or not isinstance(old, list):
        return {}
    return {list_key(schema, each): each for each in old}


def _typed(schema: Schema, value: Any) -> Any:
    """The value with whole numbers as doubles where the schema says `number`: CEL tells them apart."""
    schema = resolved(schema)
    if isinstance(value, dict):
        return {name: _typed(child(schema, name) or {}, each) for name, each in value.items()}
    if isinstance(value, list):
        return [_typed(items(schema), each) for each in value]
    return float(value) if types(schema) == ("number",) and isinstance(value, int) else value
