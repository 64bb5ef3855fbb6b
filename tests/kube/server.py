"""An API server in this process: small, and true in what it does.

It speaks HTTPS on loopback, so that the official client and `kubectl` talk to it as to any cluster. The contract tests
beside it say what it does, and hold a real cluster to the same.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.kube.access import ADMIN, user_of
from tests.kube.admission import born
from tests.kube.answers import Answers
from tests.kube.certificates import authority
from tests.kube.door import Answer, open_door
from tests.kube.errors import ApiError
from tests.kube.faults import Fault, Faults
from tests.kube.keeping import Keeper
from tests.kube.kinds import Object, kuberay_definitions
from tests.kube.registry import DEFINITIONS, Registry
from tests.kube.routes import Request, Route, route, verb
from tests.kube.store import Key, Store

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
        self.store, self.registry, self.faults = Store(), Registry(), Faults()
        self._answers = Answers(Keeper(self.store, self.registry), self.faults)
        self.reads, self.behind = self._answers.reads, self._answers.behind
        self.requests: list[Seen] = []
        self.url = ""
        for name in _NAMESPACES:
            head = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            self.put({**head, "status": {"phase": "Active"}})

    def put(self, item: Object) -> Object:
        """Lays an object into the store as it is, status and all, past every check."""
        kind = self.registry.named(item["apiVersion"], item["kind"])
        namespace = item["metadata"].get("namespace", "default") if kind.namespaced else ""
        key = Key(kind.group, kind.plural, namespace, item["metadata"]["name"])
        identity = (self.store.get(key) or born(kind, item, namespace))["metadata"]
        stored = self.store.put(key, {**item, "metadata": {**identity, **item["metadata"]}})
        if key[:2] == DEFINITIONS:
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
        cluster = {"server": self.url, "certificate-authority-data": b64encode(authority()).decode()}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "clusters": [{"name": context, "cluster": cluster}],
            "users": [{"name": context, "user": {"token": user}}],
            "contexts": [{"name": context, "context": {"cluster": context, "user": context, "namespace": namespace}}],
        }
        file.write_text(yaml.safe_dump(config))
        return file

    def answer(self, request: Request) -> Answer:
        """The answer to one request, which is noted; what goes wrong is an answer too."""
        where = route(request.path)
        user = user_of(request.headers)
        try:
            answer = self._answers.answer(user, request, where)
        except ApiError as error:
            answer = Answer(error.code, error.status(), headers=error.headers)
        asked = where or Route("", "", request.path)
        did = verb(request, where) if where else "discover"
        self.requests.append(Seen(user, did, asked.resource, asked.namespace, asked.name, request.manager, answer.code))
        return answer


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
