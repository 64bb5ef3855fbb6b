"""What a request's method and path ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_PATH = re.compile(
    r"^/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/(?!status$|finalize$)))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?:(?P<subresource>[^/]+)|proxy(?P<beyond>/.*)))?)?$"
)
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


@dataclass(frozen=True)
class Request:
    """One request, as the door hands it over."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None

    def flag(self, name: str) -> bool:
        return self.query.get(name) in ("true", "1")

    @property
    def dry_run(self) -> bool:
        options = self.body if self.method == "DELETE" and self.body else {}
        return self.query.get("dryRun") == "All" or "All" in (options.get("dryRun") or ())

    @property
    def manager(self) -> str:
        """Who writes: the field manager that the request names, or the program that sent it."""
        return self.query.get("fieldManager") or self.headers.get("user-agent", "unknown").split("/")[0]


@dataclass(frozen=True)
class Route:
    """The resource that a path names."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    beyond: str = ""  # the path at what is behind a proxy

    @property
    def resource(self) -> str:
        """As access rules name it: `pods`, `pods/status`."""
        return f"{self.plural}/{self.subresource}" if self.subresource else self.plural


def route(path: str) -> Route | None:
    """The resource at a path; None: not one of objects."""
    match = _PATH.match(path)
    if not match:
        return None
    parts = {name: match[name] or "" for name in ("group", "namespace", "plural", "name", "subresource", "beyond")}
    if parts["beyond"]:
        parts["subresource"] = "proxy"
    return Route(version=match["core"] or match["version"], **parts)


def verb(request: Request, where: Route) -> str:
    """The verb that access rules know."""
    if request.method == "GET":
        if request.flag("watch"):
            return "watch"
        return "get" if where.name else "list"
    if request.method == "DELETE":
        return "delete" if where.name else "deletecollection"
    return _VERBS[request.method]
