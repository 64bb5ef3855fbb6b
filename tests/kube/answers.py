"""What a request is answered: who asks, whether it is allowed, and who does it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.kube.access import Action, allowed, refusal
from tests.kube.behind import Behind
from tests.kube.checks import Call
from tests.kube.discovery import REVIEWS, discovered
from tests.kube.door import Answer
from tests.kube.errors import ApiError, no_such_path
from tests.kube.faults import Fault, Faults
from tests.kube.keeping import Keeper
from tests.kube.kinds import Object
from tests.kube.reads import Reads
from tests.kube.routes import Request, Route, verb
from tests.kube.scale import scale_of, scaled
from tests.kube.writes import Writes


class Answers:
    """From requests to answers; refusals come as errors."""

    def __init__(self, keeper: Keeper, faults: Faults) -> None:
        self.store, self.registry, self.faults = keeper.store, keeper.registry, faults
        self.reads, self.writes = Reads(keeper.store), Writes(keeper)
        self.behind = Behind(keeper.store)
        self._behind = {
            ("services", "proxy"): self.behind.proxied,
            ("pods", "proxy"): self.behind.proxied,
            ("pods", "log"): self.behind.log,
        }

    def answer(self, user: str, request: Request, where: Route | None) -> Answer:
        if not user:
            raise ApiError(401, "Unauthorized", "Unauthorized")
        if where is None:
            return Answer(200, discovered(request.path, self.registry.kinds()))
        if (where.group, where.plural) == (REVIEWS, "selfsubjectaccessreviews"):
            return Answer(201, self._reviewed(user, request.body))
        call = Call(self.registry.kind(where.group, where.version, where.plural), where, request)
        did = verb(request, where)
        fault = self.faults.meet(did, where.plural)
        self._check_access(user, did, where)
        if (where.plural, where.subresource) in self._behind:
            return self._behind[where.plural, where.subresource](request, where)
        if where.subresource and not _has_subresource(call):
            raise no_such_path()
        if did == "watch":
            return Answer(200, stream=_cut(self.reads.watch(call), fault))
        with self.store.changed:
            return self._done(did, call)

    def _check_access(self, user: str, did: str, where: Route) -> None:
        action = Action(did, where.group, where.resource, where.namespace, where.name)
        if not allowed(self.store, user, action):
            raise refusal(user, action)

    def _done(self, did: str, call: Call) -> Answer:
        if call.where.subresource == "scale":
            return Answer(200, self._scale(did, call))
        there = self.store.get(call.key) is not None
        answering = {
            "get": self.reads.get,
            "list": self.reads.list,
            "create": self.writes.create,
            "update": self.writes.update,
            "patch": self.writes.patch,
            "delete": self.writes.delete,
            "deletecollection": self._delete_all,
        }
        item = answering[did](call)
        if did in ("create", "update", "patch"):
            item = {**item, "apiVersion": call.kind.api_version}
        return Answer(201 if did == "create" or (did == "patch" and not there) else 200, item)

    def _scale(self, did: str, call: Call) -> Object:
        live = self.reads.get(call)
        return scale_of(call.kind, live if did == "get" else self.writes.patch(scaled(call, live)))

    def _delete_all(self, call: Call) -> Object:
        found = self.reads.list(call)
        for item in found["items"]:
            metadata = item["metadata"]
            one = replace(call.where, namespace=metadata.get("namespace", ""), name=metadata["name"])
            self.writes.delete(replace(call, where=one))
        return found

    def _reviewed(self, user: str, review: Object) -> Object:
        asked = review["spec"].get("resourceAttributes") or {}
        words = [asked.get(name, "") for name in ("verb", "group", "resource", "namespace", "name")]
        return {**review, "metadata": {}, "status": {"allowed": allowed(self.store, user, Action(*words))}}


def _has_subresource(call: Call) -> bool:
    kind = call.kind
    return bool({"scale": kind.scale, "status": kind.status}.get(call.where.subresource))


def _cut(events: Iterator[Object], fault: Fault | None) -> Iterator[Object]:
    """A watch that a fault breaks off after so many events."""
    limit = fault.drop_after_events if fault else None
    for count, event in enumerate(events):
        if limit is not None and count >= limit:
            raise ConnectionResetError
        yield event
