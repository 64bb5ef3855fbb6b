"""Reading, writing and watching objects of one API server."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.adapters.kubernetes_api.refusals import GONE, NotServed, require_well
from orchestrator.adapters.kubernetes_api.resource import Resource, resource_of
from orchestrator.adapters.kubernetes_api.transport import APPLIED, PATCHED, PLAIN, READ_S, Answer, Object, Transport

PAGE = 500  # objects
WATCH_S = 240  # then it is asked anew
MANAGER = "qorch"
FOLLOW_S = 24 * 3600  # a log may say nothing for so long
PROXIED_S = 5.0
LOG, PROXY = Resource("pods/log"), Resource("services/proxy")


@dataclass(frozen=True)
class Listed:
    """All objects of a kind as they were at one version, from which a watch goes on."""

    items: tuple[Object, ...]
    version: str


class KubernetesApi:
    """`context` is its name in the kubeconfig, `namespace` goes with it; `manager` owns what is applied."""

    def __init__(self, transport: Transport, context: str, namespace: str, manager: str = MANAGER) -> None:
        self._transport = transport
        self.context = context
        self.namespace = namespace
        self._manager = manager

    # -- reading

    def pages(self, resource: Resource, namespace: str | None = None, **query: str) -> Iterator[list[Object]]:
        """All objects of a kind, a page at a time; what changes meanwhile may be missing or old, never twice."""
        for page in self._pages(resource, namespace, query):
            yield page.get("items") or []

    def listed(self, resource: Resource, namespace: str | None = None, **query: str) -> Listed:
        pages = list(self._pages(resource, namespace, query))
        items = tuple(item for page in pages for item in page.get("items") or ())
        return Listed(items, str((pages[-1].get("metadata") or {}).get("resourceVersion", "")))

    def watch(
        self, resource: Resource, version: str, namespace: str | None = None, **query: str
    ) -> Iterator[tuple[str, Object]]:
        """What happens from a version on, as ADDED, MODIFIED, DELETED or BOOKMARK, until the server ends it.

        Raises Gone where the server has forgotten that version.
        """
        asked = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(WATCH_S)}
        path = resource.path(namespace)
        for line in self._transport.lines(path, {**query, **asked, "resourceVersion": version}, WATCH_S + READ_S):
            event = self._well(line, "watch", resource)
            if event.get("type") == "ERROR":
                code = int(event["object"].get("code", 500))
                require_well(code, event["object"], "watch", resource, self.context)
            yield event["type"], event["object"]

    def get(self, resource: Resource, namespace: str | None, name: str) -> Object | None:
        """None where there is no such object."""
        try:
            return self._well(self._transport.call("GET", resource.path(namespace, name), {}), "get", resource)
        except NotServed:
            return None

    def log(self, namespace: str, pod: str, **query: str) -> str:
        """What a pod has printed; of one that has several containers, `container` says whose."""
        answer = self._transport.call("GET", Resource("pods").path(namespace, pod, "log"), query)
        if answer.status >= 400:
            self._well(answer, "get", LOG)
        return answer.data.decode(errors="replace")

    def log_chunks(
        self, namespace: str, pod: str, query: Mapping[str, str], quiet_s: float = FOLLOW_S
    ) -> Generator[bytes]:
        """As `log`, as it comes; with `follow` it goes on as long as the container runs, and is not quiet too long."""
        path = Resource("pods").path(namespace, pod, "log")
        for chunk in self._transport.chunks(path, query, quiet_s):
            if chunk.status >= 400:
                self._well(chunk, "get", LOG)
            yield chunk.data

    def proxied(
        self,
        namespace: str,
        name: str,
        path: str,
        headers: Mapping[str, str],
        kind: str = "services",
        body: bytes | None = None,
    ) -> tuple[int, bytes]:
        """What a service or pod answers to a GET, or to a POST of a JSON `body`, through the API server.

        It keeps `Authorization` for itself. `name` has its port too: `NAME:PORT`. Raises Forbidden where they may not
        be reached so.
        """
        through = Resource(kind).path(namespace, name, "proxy")
        method, verb, form = ("GET", "get", {}) if body is None else ("POST", "create", {"Content-Type": PLAIN})
        answer = self._transport.passed(method, through + path, {**headers, **form}, PROXIED_S, body)
        if answer.status == 403 and isinstance(answer.body, dict) and answer.body.get("kind") == "Status":
            self._well(answer, verb, Resource(f"{kind}/proxy"))
        return answer.status, answer.data

    # -- writing

    def apply(self, item: Object, *, dry_run: bool = False, force: bool = False) -> Object:
        """The object as it is afterwards (server-side apply); raises Conflict where others own what would change."""
        return self._applied(item, "", {"force": _flag(force), **({"dryRun": "All"} if dry_run else {})})

    def apply_status(self, item: Object) -> Object:
        """As `apply`, of the status alone, which nobody else is to write."""
        return self._applied(item, "status", {"force": "true"})

    def create(self, item: Object, *, dry_run: bool = False) -> Object:
        """Raises Conflict where it is there already."""
        query = {"dryRun": "All"} if dry_run else {}
        return self._write("create", "POST", item, resource_of(item).path(self._namespace(item)), query)

    def replace(self, item: Object) -> Object:
        """Raises Conflict where it has changed since its `resourceVersion`."""
        return self._write("update", "PUT", item, self._path(item))

    def patch(self, resource: Resource, namespace: str | None, name: str, steps: list[dict[str, Any]]) -> Object:
        """By a JSON patch (RFC 6902), of steps that may be done twice; raises Refused where one does not apply."""
        path, asked = resource.path(namespace, name), {"fieldManager": self._manager}
        return self._well(self._transport.call("PATCH", path, asked, steps, PATCHED), "patch", resource)

    def delete(self, resource: Resource, namespace: str | None, name: str) -> bool:
        """Whether there was such an object; what it owns goes after it, in the background."""
        answer = self._transport.call("DELETE", resource.path(namespace, name), {"propagationPolicy": "Background"})
        if answer.status == 404:
            return False
        self._well(answer, "delete", resource)
        return True

    # -- parts

    def _pages(self, resource: Resource, namespace: str | None, query: Mapping[str, str]) -> Iterator[Object]:
        token = ""
        while True:
            paging = {"limit": str(PAGE), **({"continue": token} if token else {})}
            answer = self._transport.call("GET", resource.path(namespace), {**query, **paging})
            token = _continuation(answer.body)
            if answer.status != GONE or not token:
                yield self._well(answer, "list", resource)
            if not token:
                return

    def _applied(self, item: Object, subresource: str, query: Mapping[str, str]) -> Object:
        return self._write("patch", "PATCH", item, self._path(item, subresource), query, APPLIED)

    def _write(
        self, verb: str, method: str, item: Object, path: str, query: Mapping[str, str] | None = None, form: str = PLAIN
    ) -> Object:
        asked = {"fieldManager": self._manager, **(query or {})}
        return self._well(self._transport.call(method, path, asked, item, form), verb, resource_of(item))

    def _path(self, item: Object, subresource: str = "") -> str:
        return resource_of(item).path(self._namespace(item), item["metadata"]["name"], subresource)

    def _namespace(self, item: Object) -> str:
        return str(item["metadata"].get("namespace") or self.namespace)

    def _well(self, answer: Answer, verb: str, resource: Resource) -> Object:
        """The object that it is; raises what a refusal means."""
        require_well(answer.status, answer.body, verb, resource, self.context)
        return dict(answer.body)


def _continuation(page: Any) -> str:
    """Where the rest of a list begins; a server that forgot the list says where to go on all the same."""
    return str((page.get("metadata") or {}).get("continue") or "") if isinstance(page, dict) else ""


def _flag(value: bool) -> str:
    return "true" if value else "false"
