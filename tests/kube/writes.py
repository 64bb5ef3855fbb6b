"""Creating, replacing, patching, applying and deleting."""

from __future__ import annotations

from itertools import islice

from tests.kube.admission import born, check, grown, known
from tests.kube.checks import (
    Call,
    check_apply,
    check_body,
    check_namespace,
    check_preconditions,
    check_replacement,
    check_version,
    live_object,
)
from tests.kube.errors import ApiError, already_exists
from tests.kube.garbage import deleted
from tests.kube.keeping import Keeper
from tests.kube.kinds import Object
from tests.kube.managers import after_update, applied
from tests.kube.patches import APPLY_PATCH, patched
from tests.kube.schema import unknown_fields

# of these, deletion gives back what they were; of others, a `Status`
_RETURNED = ("pods", "services", "serviceaccounts", "persistentvolumeclaims", "persistentvolumes", "resourcequotas")


class Writes:
    """Everything that changes something; the server holds the store while one of these runs."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper, self.store = keeper, keeper.store

    def create(self, call: Call) -> Object:
        check_body(call)
        kind = call.kind
        new = known(kind, born(kind, call.request.body, call.where.namespace), call.field_validation)
        check_namespace(self.store, call)
        check(kind, new, None)
        key = call.key._replace(name=new["metadata"]["name"])
        if self.store.get(key) is not None:
            raise already_exists(kind.resource, key.name)
        return self.keeper.keep(call, key, None, new, after_update(kind.schema, None, new, call.writer("Update")))

    def update(self, call: Call) -> Object:
        check_body(call)
        live = live_object(self.store, call)
        check_replacement(call)
        return self._changed(call, live, call.request.body)

    def patch(self, call: Call) -> Object:
        form = call.request.headers.get("content-type", "").split(";")[0]
        if form == APPLY_PATCH:
            return self.apply(call)
        live = live_object(self.store, call)
        return self._changed(call, live, patched(call.kind, form, live, call.request.body))

    def _changed(self, call: Call, live: Object, asked: Object) -> Object:
        check_version(call, live, asked)
        new = known(call.kind, grown(call.kind, live, asked, call.where.subresource), call.field_validation)
        check(call.kind, new, live)
        owners = after_update(call.kind.schema, live, new, call.writer("Update"))
        return self.keeper.keep(call, call.key, live, new, owners)

    def apply(self, call: Call) -> Object:
        """Server-side apply; what is not there yet is created."""
        check_apply(call)
        kind, where = call.kind, call.where
        live = live_object(self.store, call) if where.subresource else self.store.get(call.key)
        config = _configured(call)
        base = live or born(kind, {"metadata": {"name": where.name}}, where.namespace)
        new, owners = applied(kind.schema, base, config, call.writer("Apply"), call.request.flag("force"))
        new = known(kind, grown(kind, base, new, where.subresource), "")
        check_namespace(self.store, call)
        check(kind, new, live)
        check_version(call, base, call.request.body)
        return self.keeper.keep(call, call.key, live, new, owners)

    def delete(self, call: Call) -> Object:
        live = live_object(self.store, call)
        check_preconditions(call, live)
        if not call.request.dry_run:
            options = call.request.body or {}
            policy = call.request.query.get("propagationPolicy") or options.get("propagationPolicy") or "Background"
            deleted(self.store, call.key, policy)
            self.keeper.after_removal(call.key)
            if left := self.store.get(call.key):
                return left
        return live if call.kind.plural in _RETURNED and not call.kind.group else _success(call, live)


def _success(call: Call, gone: Object) -> Object:
    told = {"name": call.where.name, "group": call.kind.group, "kind": call.kind.plural, "uid": gone["metadata"]["uid"]}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": told}


def _configured(call: Call) -> Object:
    """The part of an applied configuration that its address is for; apply knows no leniency about unknown fields."""
    body = call.request.body
    config = {name: each for name, each in body.items() if name != "status" or not call.kind.status}
    if call.where.subresource == "status":
        config = {"status": body.get("status", {})}
    for field in islice(unknown_fields(call.kind.schema, config), 1):
        kind, where = call.kind, call.where
        of = f"{where.namespace}/{where.name}; {kind.group}/{kind.version}, Kind={kind.kind}"
        raise ApiError(500, "", f"failed to create typed patch object ({of}): .{field}: field not declared in schema")
    return config
