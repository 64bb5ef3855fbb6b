"""Creating, replacing, patching, applying and deleting."""

from __future__ import annotations

from tests.kube.admission import born, check, grown, known, with_generation
from tests.kube.errors import ApiError, already_exists, bad_request, conflict, invalid, not_found
from tests.kube.garbage import collect, deleted
from tests.kube.kinds import Kind, Object
from tests.kube.managers import Manager, Managers, after_update, applied, managers, with_managers
from tests.kube.patches import APPLY_PATCH, patched
from tests.kube.registry import DEFINITIONS, Registry
from tests.kube.routes import Request, Route
from tests.kube.store import Key, Store


class Writes:
    """Everything that changes something; the server holds the store while one of these runs."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self.store, self.registry = store, registry

    def create(self, kind: Kind, where: Route, request: Request) -> Object:
        self._check_body(kind, where, request.body)
        new = known(kind, born(kind, request.body, where.namespace), request.query.get("fieldValidation", ""))
        self._check_namespace(kind, where)
        check(kind, new, None)
        key = Key(kind.group, kind.plural, where.namespace, new["metadata"]["name"])
        if self.store.get(key) is not None:
            raise already_exists(kind.resource, key.name)
        writer = Manager("Update", request.manager, kind.api_version)
        return self._commit(kind, key, None, new, after_update(kind.schema, None, new, writer), request)

    def update(self, kind: Kind, where: Route, request: Request) -> Object:
        self._check_body(kind, where, request.body)
        key, live = self._live(kind, where)
        asked = request.body["metadata"].get("resourceVersion")
        if kind.custom and not asked:
            said = "Invalid value: 0: must be specified for an update"
            raise invalid(kind.full_kind, key.name, [_cause("metadata.resourceVersion", said)])
        return self._changed(kind, key, live, request.body, where, request)

    def patch(self, kind: Kind, where: Route, request: Request) -> Object:
        form = request.headers.get("content-type", "").split(";")[0]
        if form == APPLY_PATCH:
            return self.apply(kind, where, request)
        key, live = self._live(kind, where)
        return self._changed(kind, key, live, patched(kind, form, live, request.body), where, request)

    def _changed(self, kind: Kind, key: Key, live: Object, asked: Object, where: Route, request: Request) -> Object:
        version = (asked.get("metadata") or {}).get("resourceVersion")
        if version not in (None, "", live["metadata"]["resourceVersion"]):
            raise conflict(kind.resource, key.name)
        new = grown(kind, live, asked, where.subresource)
        new = known(kind, new, request.query.get("fieldValidation", ""))
        check(kind, new, live)
        writer = Manager("Update", request.manager, kind.api_version, where.subresource)
        return self._commit(kind, key, live, new, after_update(kind.schema, live, new, writer), request)

    def apply(self, kind: Kind, where: Route, request: Request) -> Object:
        """Server-side apply; what is not there yet is created."""
        if not request.query.get("fieldManager"):
            cause = _cause("fieldManager", "Required value: is required for apply patch", "FieldValueRequired")
            raise invalid("PatchOptions.meta.k8s.io", "", [cause])
        self._check_body(kind, where, request.body)
        if request.body["metadata"].get("managedFields"):
            raise bad_request("metadata.managedFields must be nil")
        key = Key(kind.group, kind.plural, where.namespace, where.name)
        live = self.store.get(key)
        if live is None and where.subresource:
            raise not_found(kind.resource, where.name)
        config = _configured(kind, request.body, where.subresource)
        known(kind, config, request.query.get("fieldValidation", ""))
        base = live or born(kind, {"metadata": {"name": where.name}}, where.namespace)
        writer = Manager("Apply", request.manager, kind.api_version, where.subresource)
        new, owners = applied(kind.schema, base, config, writer, request.flag("force"))
        new = known(kind, grown(kind, base, new, where.subresource), "")
        self._check_namespace(kind, where)
        check(kind, new, live)
        version = request.body["metadata"].get("resourceVersion")
        if version and (live is None or version != live["metadata"]["resourceVersion"]):
            raise conflict(kind.resource, where.name)
        return self._commit(kind, key, live, new, owners, request)

    def delete(self, kind: Kind, where: Route, request: Request) -> Object:
        key, live = self._live(kind, where)
        options = request.body or {}
        wanted = options.get("preconditions") or {}
        metadata = live["metadata"]
        for name in ("uid", "resourceVersion"):
            if wanted.get(name) not in (None, metadata[name]):
                said = f"Precondition failed: {name} in precondition: {wanted[name]}, in object meta: {metadata[name]}"
                raise ApiError(
                    409, "Conflict", f'Operation cannot be fulfilled on {kind.resource} "{key.name}": {said}'
                )
        if not request.dry_run:
            policy = request.query.get("propagationPolicy") or options.get("propagationPolicy") or "Background"
            deleted(self.store, key, policy)
            self._after_removal(key)
        left = self.store.get(key)
        if left is not None and not request.dry_run:
            return left
        details = {"name": key.name, "group": kind.group, "kind": kind.plural, "uid": metadata["uid"]}
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}

    def _after_removal(self, key: Key) -> None:
        if key[:2] == DEFINITIONS and self.store.get(key) is None:
            for kind in self.registry.forget(key.name)[:1]:
                for item in self.store.select(kind):
                    metadata = item["metadata"]
                    self.store.remove(Key(kind.group, kind.plural, metadata.get("namespace", ""), metadata["name"]))
        collect(self.store)

    def _commit(
        self, kind: Kind, key: Key, live: Object | None, new: Object, owners: Managers, request: Request
    ) -> Object:
        """Keeps the new state; one that says what the live one says is no write."""
        new = with_managers(new, owners, live)
        if live is not None:
            new = with_generation(kind, live, new)
            if _same(live, new):
                return live
        if request.dry_run:
            return new
        stored = self.store.put(key, _established(key, new))
        if key[:2] == DEFINITIONS:
            self.registry.define(stored)
        metadata = stored["metadata"]
        if "deletionTimestamp" in metadata and not metadata.get("finalizers") and key.plural != "namespaces":
            self.store.remove(key)
            self._after_removal(key)
        return stored

    def _live(self, kind: Kind, where: Route) -> tuple[Key, Object]:
        key = Key(kind.group, kind.plural, where.namespace, where.name)
        live = self.store.get(key)
        if live is None:
            raise not_found(kind.resource, where.name)
        return key, live

    def _check_namespace(self, kind: Kind, where: Route) -> None:
        if not kind.namespaced:
            return
        found = self.store.get(Key("", "namespaces", "", where.namespace))
        if found is None:
            raise not_found("namespaces", where.namespace)
        if "deletionTimestamp" in found["metadata"]:
            said = f"unable to create new content in namespace {where.namespace} because it is being terminated"
            raise ApiError(403, "Forbidden", said, details={"causes": [_cause("", said, "NamespaceTerminating")]})

    def _check_body(self, kind: Kind, where: Route, body: object) -> None:
        if not isinstance(body, dict) or not isinstance(body.get("metadata"), dict):
            raise bad_request("the request body must be an object with metadata")
        for name, expected in (("apiVersion", kind.api_version), ("kind", kind.kind)):
            if body.get(name, expected) != expected:
                raise bad_request(f"{name} {body[name]!r} in the body does not match {expected!r} of the address")
        for name, there in (("name", where.name), ("namespace", where.namespace)):
            if there and body["metadata"].get(name, there) != there:
                other = body["metadata"][name]
                raise bad_request(f"the {name} of the object ({other}) does not match the {name} on the URL ({there})")
        if not where.name and not body["metadata"].get("name") and not body["metadata"].get("generateName"):
            cause = _cause("metadata.name", "Required value: name or generateName is required", "FieldValueRequired")
            raise invalid(kind.full_kind, "", [cause])


def _cause(field: str, message: str, reason: str = "FieldValueInvalid") -> dict[str, str]:
    return {"reason": reason, "message": message, "field": field}


def _configured(kind: Kind, body: Object, subresource: str) -> Object:
    """The part of an applied configuration that its address is for."""
    if subresource == "status":
        return {"status": body.get("status", {})}
    return {name: each for name, each in body.items() if name != "status" or not kind.status}


def _same(live: Object, new: Object) -> bool:
    if managers(live) != managers(new):
        return False
    return all(live.get(name) == new.get(name) for name in {*live, *new} - {"metadata", "apiVersion"}) and _told(
        live
    ) == _told(new)


def _told(item: Object) -> Object:
    return {name: each for name, each in item["metadata"].items() if name not in ("managedFields", "resourceVersion")}


def _established(key: Key, item: Object) -> Object:
    """Some kinds have controllers on every cluster: a namespace is active and a definition established at once."""
    if key[:2] == ("", "namespaces") and "status" not in item:
        return {**item, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
    if key[:2] == DEFINITIONS and "status" not in item:
        conditions = [{"type": each, "status": "True", "reason": each} for each in ("NamesAccepted", "Established")]
        names = item["spec"]["names"]
        return {**item, "status": {"conditions": conditions, "acceptedNames": names, "storedVersions": []}}
    return item
