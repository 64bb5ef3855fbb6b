"""One call of an API, and whether it may be answered at all, before its object is looked into."""

from __future__ import annotations

from dataclasses import dataclass

from tests.kube.errors import ApiError, bad_request, conflict, invalid, not_found
from tests.kube.kinds import Kind, Object
from tests.kube.managers import Manager
from tests.kube.routes import Request, Route
from tests.kube.store import Key, Store


@dataclass(frozen=True)
class Call:
    """A request, where it goes, and the kind that is there."""

    kind: Kind
    where: Route
    request: Request

    @property
    def key(self) -> Key:
        return Key(self.kind.group, self.kind.plural, self.where.namespace, self.where.name)

    @property
    def field_validation(self) -> str:
        return self.request.query.get("fieldValidation", "")

    def writer(self, operation: str) -> Manager:
        return Manager(operation, self.request.manager, self.kind.api_version, self.where.subresource)


def cause(field: str, message: str, reason: str = "FieldValueInvalid") -> dict[str, str]:
    return {"reason": reason, "message": message, "field": field}


def live_object(store: Store, call: Call) -> Object:
    live = store.get(call.key)
    if live is None:
        raise not_found(call.kind.resource, call.where.name)
    return live


def check_namespace(store: Store, call: Call) -> None:
    """Nothing new where there is no namespace, or one that goes."""
    if not call.kind.namespaced:
        return
    name = call.where.namespace
    found = store.get(Key("", "namespaces", "", name))
    if found is None:
        raise not_found("namespaces", name)
    if "deletionTimestamp" in found["metadata"]:
        said = f"unable to create new content in namespace {name} because it is being terminated"
        raise ApiError(403, "Forbidden", said, details={"causes": [cause("", said, "NamespaceTerminating")]})


def check_body(call: Call) -> None:
    """The object is one, and the one that the address names."""
    body, where = call.request.body, call.where
    if not isinstance(body, dict) or not isinstance(body.get("metadata"), dict):
        raise bad_request("the request body must be an object with metadata")
    for name, expected in (("apiVersion", call.kind.api_version), ("kind", call.kind.kind)):
        if body.get(name, expected) != expected:
            raise bad_request(f"{name} {body[name]!r} in the body does not match {expected!r} of the address")
    for name, there in (("name", where.name), ("namespace", where.namespace)):
        other = body["metadata"].get(name, there)
        if there and other != there:
            raise bad_request(f"the {name} of the object ({other}) does not match the {name} on the URL ({there})")
    if not where.name and not body["metadata"].get("name") and not body["metadata"].get("generateName"):
        missing = cause("metadata.name", "Required value: name or generateName is required", "FieldValueRequired")
        raise invalid(call.kind.full_kind, "", [missing])


def check_version(call: Call, live: Object, body: Object) -> None:
    """Who says what he has read must have read the last."""
    version = (body.get("metadata") or {}).get("resourceVersion")
    if version not in (None, "", live["metadata"].get("resourceVersion")):
        raise conflict(call.kind.resource, call.where.name)


def check_replacement(call: Call) -> None:
    """Custom kinds are not replaced blindly."""
    if call.kind.custom and not call.request.body["metadata"].get("resourceVersion"):
        said = "Invalid value: 0: must be specified for an update"
        raise invalid(call.kind.full_kind, call.where.name, [cause("metadata.resourceVersion", said)])


def check_apply(call: Call) -> None:
    """Apply needs a manager's name, and owners are the server's to write down."""
    if not call.request.query.get("fieldManager"):
        missing = cause("fieldManager", "Required value: is required for apply patch", "FieldValueRequired")
        raise invalid("PatchOptions.meta.k8s.io", "", [missing])
    check_body(call)
    if call.request.body["metadata"].get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")


def check_preconditions(call: Call, live: Object) -> None:
    wanted = (call.request.body or {}).get("preconditions") or {}
    for name in ("uid", "resourceVersion"):
        there = live["metadata"][name]
        if wanted.get(name) not in (None, there):
            said = f"Precondition failed: {name} in precondition: {wanted[name]}, in object meta: {there}"
            what = f'{call.kind.resource} "{call.where.name}"'
            raise ApiError(409, "Conflict", f"Operation cannot be fulfilled on {what}: {said}")
