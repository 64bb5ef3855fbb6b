"""What a patch makes of an object: JSON patch, merge patch, strategic merge patch."""

from __future__ import annotations

import copy
from typing import Any

from tests.kube.errors import ApiError, bad_request
from tests.kube.kinds import Kind, Schema
from tests.kube.schema import ANY, child, items, resolved

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


def patched(kind: Kind, form: str, live: Any, patch: Any) -> Any:
    """The live object with the patch laid over it."""
    if form == JSON_PATCH:
        return json_patched(live, patch)
    if form == MERGE_PATCH:
        return merge_patched(live, patch)
    if form == STRATEGIC_PATCH and not kind.custom:
        return _strategic(resolved(kind.schema), live, patch)
    raise ApiError(415, "UnsupportedMediaType", f"the body of the request was in an unknown format - {form}")


def merge_patched(live: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    base = live if isinstance(live, dict) else {}
    changed = {name: merge_patched(base.get(name), each) for name, each in patch.items() if each is not None}
    return {**{name: each for name, each in base.items() if patch.get(name, each) is not None}, **changed}


def _strategic(schema: Schema, live: Any, patch: Any) -> Any:
    if isinstance(patch, list) and isinstance(live, list):
        return _strategic_list(schema, live, patch)
    if not isinstance(patch, dict):
        return patch
    if patch.get("$patch") == "replace":
        return {name: each for name, each in patch.items() if name != "$patch"}
    base = live if isinstance(live, dict) else {}
    changed = {
        name: _strategic(child(schema, name) or ANY, base.get(name), each)
        for name, each in patch.items()
        if each is not None and not name.startswith("$")
    }
    return {**{name: each for name, each in base.items() if patch.get(name, each) is not None}, **changed}


def _strategic_list(schema: Schema, live: list[Any], patch: list[Any]) -> list[Any]:
    if "merge" not in str(schema.get("x-kubernetes-patch-strategy")):
        return patch
    key = schema.get("x-kubernetes-patch-merge-key")
    if key is None:
        return [*live, *(each for each in patch if each not in live)]
    found = {each.get(key): each for each in live}
    for each in patch:
        if each.get("$patch") == "delete":
            found.pop(each.get(key), None)
        else:
            found[each.get(key)] = _strategic(items(schema), found.get(each.get(key)), each)
    return list(found.values())


def json_patched(live: Any, steps: list[dict[str, Any]]) -> Any:
    """RFC 6902."""
    document = copy.deepcopy(live)
    for step in steps:
        document = _step(document, step)
    return document


def _step(document: Any, step: dict[str, Any]) -> Any:
    operation, path = step["op"], _pointer(step["path"])
    if operation == "test":
        if _found(document, path) != step.get("value"):
            raise ApiError(
                422, "Invalid", f"the server rejected our request due to an error in our request: test {step['path']}"
            )
        return document
    if operation in ("move", "copy"):
        value = copy.deepcopy(_found(document, _pointer(step["from"])))
        document = _without(document, _pointer(step["from"])) if operation == "move" else document
        return _with(document, path, value, insert=True)
    if operation == "remove":
        return _without(document, path)
    if operation == "replace":
        _found(document, path)
    return _with(document, path, step.get("value"), insert=operation == "add")


def _pointer(path: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _found(document: Any, path: list[str]) -> Any:
    for part in path:
        try:
            document = document[int(part)] if isinstance(document, list) else document[part]
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise ApiError(
                422, "Invalid", f"the server rejected our request: no such path /{'/'.join(path)}"
            ) from error
    return document


def _with(document: Any, path: list[str], value: Any, *, insert: bool) -> Any:
    if not path:
        return value
    parent, last = _found(document, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif last == "-":
        parent.append(value)
    elif isinstance(parent, list) and insert:
        parent.insert(int(last), value)
    elif isinstance(parent, list):
        parent[int(last)] = value
    else:
        raise bad_request(f"no such path: /{'/'.join(path)}")
    return document


def _without(document: Any, path: list[str]) -> Any:
    _found(document, path)
    parent = _found(document, path[:-1])
    del parent[int(path[-1]) if isinstance(parent, list) else path[-1]]
    return document
