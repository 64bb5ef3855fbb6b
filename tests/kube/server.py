"""An API server in this process: small, and true in what it does.

It speaks HTTP on loopback, so that the official client and `kubectl` talk to it as to any cluster. The contract tests
beside it say what it does, and hold a real cluster to the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.kube.access import ADMIN, Action, allowed, refusal
from tests.kube.admission import born
from tests.kube.discovery import REVIEWS, discovered
from tests.kube.door import Answer, open_door
from tests.kube.errors import ApiError, no_such_path
from tests.kube.faults import Fault, Faults
from tests.kube.kinds import Kind, Object, kuberay_definitions
from tests.kube.reads import Reads
from tests.kube.registry import Registry
from tests.kube.routes import Request, Route, route, verb
from tests.kube.scale import scale_of, scaled
from tests.kube.store import Key, Store
from tests.kube.writes import Writes

_NAMESPACES = ("default", "kube-system")


@dataclass(frozen=True)
class Seen:
    """One request that came in, and how it ended."""

    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    manager: str
    code: int


class ApiServer:
    """The server; `url` and `kubeconfig` lead to it, the rest is for tests to arrange and to look."""

    def __init__(self) -> None:
        self.store = Store()
        self.registry = Registry()
        self.reads = Reads(self.store)
        self.writes = Writes(self.store, self.registry)
        self.faults = Faults()
        self.requests: list[Seen] = []
        self.url = ""
        for name in _NAMESPACES:
            self.put(
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "status": {"phase": "Active"}}
            )

    def put(self, item: Object) -> Object:
        """Lays an object into the store as it is, status and all, past every check."""
        kind = self.registry.named(item["apiVersion"], item["kind"])
        namespace = item["metadata"].get("namespace", "default") if kind.namespaced else ""
        key = Key(kind.group, kind.plural, namespace, item["metadata"]["name"])
        live = self.store.get(key)
        new = {
            **item,
            "metadata": {**born(kind, item, namespace)["metadata"], **(live or item)["metadata"], **item["metadata"]},
        }
        stored = self.store.put(key, new)
        if kind.plural == "customresourcedefinitions":
            self.registry.define(stored)
        return stored

    def install_kuberay(self) -> None:
        """KubeRay's kinds, as its Helm chart installs them."""
        for definition in kuberay_definitions():
            self.put(definition)

    def counts(self) -> Counter[tuple[str, str]]:
        """How many requests came in, by verb and resource."""
        return Counter((seen.verb, seen.resource) for seen in self.requests)

    def kubeconfig(
        self, file: Path, user: str = ADMIN, namespace: str = "default", context: str = "in-process"
    ) -> Path:
        """Writes what a client needs to come as this user."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "clusters": [{"name": context, "cluster": {"server": self.url}}],
            "users": [{"name": context, "user": {"token": user}}],
            "contexts": [{"name": context, "context": {"cluster": context, "user": context, "namespace": namespace}}],
        }
        file.write_text(yaml.safe_dump(config))
        return file

    def answer(self, request: Request) -> Answer:
        """The answer to one request; what goes wrong is an answer too."""
        where = route(request.path)
        user = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            if not user:
                raise ApiError(401, "Unauthorized", "Unauthorized")
            answer = self._answer(user, request, where)
        except ApiError as error:
            answer = Answer(error.code, error.status(), headers=error.headers)
        self._note(user, request, where, answer.code)
        return answer

    def _note(self, user: str, request: Request, where: Route | None, code: int) -> None:
        asked = where or Route("", "", request.path)
        did = verb(request, where) if where else "discover"
        resource = "/".join(each for each in (asked.plural, asked.subresource) if each)
        self.requests.append(Seen(user, did, resource, asked.namespace, asked.name, request.manager, code))

    def _answer(self, user: str, request: Request, where: Route | None) -> Answer:
        if where is None:
            return Answer(200, discovered(request.path, self.registry.kinds()))
        if where.group == REVIEWS and where.plural == "selfsubjectaccessreviews":
            return Answer(201, self._reviewed(user, request.body))
        kind = self.registry.kind(where.group, where.version, where.plural)
        resource = "/".join(each for each in (where.plural, where.subresource) if each)
        action = Action(verb(request, where), where.group, resource, where.namespace, where.name)
        fault = self.faults.meet(action.verb, where.plural)
        if not allowed(self.store, user, action):
            raise refusal(user, action)
        if where.subresource and not (
            (where.subresource == "scale" and kind.scale) or (where.subresource == "status" and kind.status)
        ):
            raise no_such_path()
        if action.verb == "watch":
            return Answer(200, stream=_cut(self.reads.watch(kind, where, request), fault))
        with self.store.changed:
            return self._done(action.verb, kind, where, request)

    def _done(self, did: str, kind: Kind, where: Route, request: Request) -> Answer:
        if did == "list":
            return Answer(200, self.reads.list(kind, where, request))
        if where.subresource == "scale":
            return Answer(200, self._scale(did, kind, where, request))
        if did == "get":
            return Answer(200, self.reads.get(kind, where))
        if did == "deletecollection":
            return Answer(200, self._delete_all(kind, where, request))
        there = self.store.get(Key(where.group, where.plural, where.namespace, where.name)) is not None
        if did == "delete":
            return Answer(200, self.writes.delete(kind, where, request))
        write = {"create": self.writes.create, "update": self.writes.update, "patch": self.writes.patch}[did]
        item = {**write(kind, where, request), "apiVersion": kind.api_version}
        return Answer(200 if there else 201, item)

    def _scale(self, did: str, kind: Kind, where: Route, request: Request) -> Object:
        live = self.reads.get(kind, where)
        if did != "get":
            live = self.writes.patch(kind, where, scaled(kind, live, request))
        return scale_of(kind, live)

    def _delete_all(self, kind: Kind, where: Route, request: Request) -> Object:
        found = self.reads.list(kind, where, request)
        for item in found["items"]:
            metadata = item["metadata"]
            one = Route(where.group, where.version, where.plural, metadata.get("namespace", ""), metadata["name"])
            self.writes.delete(kind, one, request)
        return found

    def _reviewed(self, user: str, review: Object) -> Object:
        asked = review["spec"].get("resourceAttributes") or {}
        words = (asked.get("verb", ""), asked.get("group", ""), asked.get("resource", ""))
        action = Action(*words, asked.get("namespace", ""), asked.get("name", ""))
        return {**review, "metadata": {}, "status": {"allowed": allowed(self.store, user, action)}}


def _cut(events: Iterator[Object], fault: Fault | None) -> Iterator[Object]:
    """A watch that a fault breaks off after so many events."""
    limit = fault.drop_after_events if fault else None
    for count, event in enumerate(events):
        if limit is not None and count >= limit:
            raise ConnectionResetError
        yield event


@contextmanager
def running_api_server() -> Iterator[ApiServer]:
    """One that listens on a free port of loopback."""
    server = ApiServer()
    with open_door(server.answer) as server.url:
        try:
            yield server
        finally:
            server.store.close()


__all__ = ["ApiServer", "Fault", "Seen", "running_api_server"]
