"""What an object goes through before it is kept: unknown fields, defaults, schema, rules, metadata of the server's."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Iterator
from itertools import islice

from tests.kube.errors import bad_request, invalid
from tests.kube.kinds import Kind, Object
from tests.kube.managers import now
from tests.kube.rules import broken_rules, rule_errors
from tests.kube.schema import defaulted, pruned, unknown_fields
from tests.kube.validation import Cause, causes

_NAME = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_LABEL_VALUE = re.compile(r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"


def known(kind: Kind, item: Object, field_validation: str) -> Object:
    """The object without unknown fields and with defaults; strict validation refuses unknown fields."""
    unknown = list(islice(unknown_fields(kind.schema, item), 10))
    if unknown and field_validation == "Strict":
        said = ", ".join(f'unknown field "{field}"' for field in unknown)
        raise bad_request(
            f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: strict decoding error: {said}'
        )
    return defaulted(kind.schema, pruned(kind.schema, item))


def check(kind: Kind, item: Object, live: Object | None) -> None:
    """Refuses what breaks the schema or a rule, all causes at once."""
    found = [*_metadata_causes(item), *causes(kind.schema, item)]
    if not found:
        found = list(broken_rules(kind.schema, item, live) if live is not None else broken_rules(kind.schema, item))
    if not found and kind.plural == "customresourcedefinitions":
        found = list(_definition_causes(item))
    if found:
        raise invalid(kind.full_kind, item["metadata"].get("name", ""), found)


def _metadata_causes(item: Object) -> Iterator[Cause]:
    name = item["metadata"].get("name", "")
    if not _NAME.match(name.replace(":", "-")) or len(name) > 253:
        said = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'"
        yield {"reason": "FieldValueInvalid", "field": "metadata.name", "message": f'Invalid value: "{name}": {said}'}
    for value in (item["metadata"].get("labels") or {}).values():
        if isinstance(value, str) and (not _LABEL_VALUE.match(value) or len(value) > 63):
            said = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'"
            yield {
                "reason": "FieldValueInvalid",
                "field": "metadata.labels",
                "message": f'Invalid value: "{value}": {said}',
            }


def _definition_causes(item: Object) -> Iterator[Cause]:
    for place, version in enumerate(item["spec"]["versions"]):
        for said in rule_errors(version["schema"]["openAPIV3Schema"]):
            field = f"spec.versions[{place}].schema.openAPIV3Schema"
            yield {"reason": "FieldValueInvalid", "field": field, "message": f"Invalid value: {said}"}


def born(kind: Kind, item: Object, namespace: str) -> Object:
    """A new object, with what the server gives it."""
    asked = item.get("metadata") or {}
    metadata = {
        **{
            name: each for name, each in asked.items() if name not in ("managedFields", "resourceVersion", "generation")
        },
        "name": asked.get("name") or _generated(asked.get("generateName", "")),
        "uid": str(uuid.uuid4()),
        "creationTimestamp": now(),
    }
    if kind.namespaced:
        metadata["namespace"] = namespace
    if kind.counts_generations:
        metadata["generation"] = 1
    return {**_without_status(kind, item), "apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}


def _generated(prefix: str) -> str:
    return prefix and prefix + "".join(random.choices(_SUFFIX, k=5))


def _without_status(kind: Kind, item: Object) -> Object:
    return {name: each for name, each in item.items() if name != "status"} if kind.status else item


def grown(kind: Kind, live: Object, new: Object, subresource: str) -> Object:
    """The next state of a live object: only its endpoint's part changes, and what the server gave it stays."""
    kept = (
        "uid",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "namespace",
        "name",
    )
    ours = {name: live["metadata"][name] for name in kept if name in live["metadata"]}
    if subresource == "status":
        merged = {name: each for name, each in {**live, "status": new.get("status")}.items() if each is not None}
        return {**merged, "apiVersion": kind.api_version}
    asked = {name: each for name, each in (new.get("metadata") or {}).items() if name not in (*kept, "managedFields")}
    status = {"status": live["status"]} if kind.status and "status" in live else {}
    return {
        **_without_status(kind, new),
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        **status,
        "metadata": {**asked, **ours},
    }


def with_generation(kind: Kind, live: Object, new: Object) -> Object:
    """Counts a change of anything but metadata and status."""
    if not kind.counts_generations or _intent(kind, live) == _intent(kind, new):
        return new
    return {**new, "metadata": {**new["metadata"], "generation": live["metadata"].get("generation", 1) + 1}}


def _intent(kind: Kind, item: Object) -> Object:
    left_out = ("apiVersion", "metadata", "status") if kind.status else ("apiVersion", "metadata")
    return {name: each for name, each in item.items() if name not in left_out}
