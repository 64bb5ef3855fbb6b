"""A cluster as the contract's tests see it: bare HTTP with the official client's credentials, nothing hidden."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from kubernetes import client

from tests.kube.kinds import Object
from tests.kube.patches import APPLY_PATCH, MERGE_PATCH


@dataclass(frozen=True)
class Reply:
    """What came back."""

    code: int
    body: Object

    @property
    def reason(self) -> str:
        return str(self.body.get("reason", ""))

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))

    @property
    def fields(self) -> set[str]:
        """The fields that a refusal names."""
        return {cause["field"] for cause in self.body["details"]["causes"]}


@dataclass(frozen=True)
class Cluster:
    """A namespace of its own in a cluster, in process or real."""

    client: client.ApiClient
    namespace: str
    custom_group: str = ""

    def path(self, plural: str, name: str = "", group_version: str = "v1", namespaced: bool = True) -> str:
        root = f"/apis/{group_version}" if "/" in group_version else f"/api/{group_version}"
        scope = f"/namespaces/{self.namespace}" if namespaced else ""
        return f"{root}{scope}/{plural}" + (f"/{name}" if name else "")

    def config_maps(self, name: str = "") -> str:
        return self.path("configmaps", name)

    def samples(self, name: str = "") -> str:
        return self.path("samples", name, f"{self.custom_group}/v1")

    def sample(self, name: str, **spec: Any) -> Object:
        head = {"apiVersion": f"{self.custom_group}/v1", "kind": "Sample", "metadata": {"name": name}}
        return {**head, "spec": {"model": "qwen", **spec}}

    def call(self, method: str, path: str, body: Any = None, form: str = "application/json", **query: Any) -> Reply:
        response = self._request(method, path, body, form, query)
        return Reply(response.status, json.loads(response.read() or b"{}"))

    def _request(self, method: str, path: str, body: Any, form: str, query: dict[str, Any]) -> Any:
        settings = self.client.configuration
        headers = {"Content-Type": form, "User-Agent": "contract/1"}
        headers |= {each["key"]: each["value"] for each in settings.auth_settings().values() if each["in"] == "header"}
        url = f"{settings.host}{path}?{urlencode(query)}"
        data = None if body is None else json.dumps(body).encode()
        pool = self.client.rest_client.pool_manager
        return pool.request(method, url, body=data, headers=headers, preload_content=False, retries=False, timeout=20.0)

    def ok(self, method: str, path: str, body: Any = None, form: str = "application/json", **query: Any) -> Object:
        """The body of an answer that must be no refusal."""
        reply = self.call(method, path, body, form, **query)
        assert reply.code < 400, (reply.code, reply.message)
        return reply.body

    def apply(self, path: str, body: Object, manager: str, **query: Any) -> Reply:
        return self.call("PATCH", path, body, APPLY_PATCH, fieldManager=manager, **query)

    def applied(self, path: str, body: Object, manager: str, **query: Any) -> Object:
        return self.ok("PATCH", path, body, APPLY_PATCH, fieldManager=manager, **query)

    def merge(self, path: str, patch: Object, **query: Any) -> Object:
        return self.ok("PATCH", path, patch, MERGE_PATCH, **query)

    def watch(self, path: str, seconds: int = 3, **query: Any) -> Iterator[Object]:
        """The events of a watch until it ends or the caller has had enough."""
        response = self._request(
            "GET", path, None, "application/json", {"watch": "true", "timeoutSeconds": seconds, **query}
        )
        assert response.status == 200
        rest = b""
        for chunk in response.stream(None):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (json.loads(line) for line in lines if line)

    def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        """Waits for what a controller does in its own time."""
        ends = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < ends, "it did not come to be"
            time.sleep(0.05)

    def is_gone(self, path: str) -> bool:
        return self.call("GET", path).code == 404


def config_map(name: str, data: dict[str, str] | None = None, **metadata: Any) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": data or {}}


def owners(item: Object) -> dict[tuple[str, str], Object]:
    """Fields by (manager, operation)."""
    return {(each["manager"], each["operation"]): each["fieldsV1"] for each in item["metadata"]["managedFields"]}
