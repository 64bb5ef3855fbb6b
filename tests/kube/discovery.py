"""What the server has, told to those who ask: versions, groups, resources."""

from __future__ import annotations

from tests.kube.errors import no_such_path
from tests.kube.kinds import Kind, Object

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_VERSION = {"major": "1", "minor": "34", "gitVersion": "v1.34.0-in-process", "platform": "linux/amd64"}
_ANSWERS = {"/version": _VERSION, "/api": {"kind": "APIVersions", "versions": ["v1"]}}
_REVIEW = {
    "name": "selfsubjectaccessreviews",
    "singularName": "",
    "namespaced": False,
    "kind": "SelfSubjectAccessReview",
}
REVIEWS = "authorization.k8s.io"


def discovered(path: str, kinds: tuple[Kind, ...]) -> Object:
    """The answer at a path that names no objects."""
    path = path.rstrip("/")
    if path in _ANSWERS:
        return dict(_ANSWERS[path])
    if path in ("/healthz", "/livez", "/readyz"):
        return {"status": "ok"}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name, kinds) for name in _names(kinds)]}
    if path == "/openapi/v3":
        return {"paths": {}}
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) == 2:
        return _resources("", parts[1], kinds)
    if parts[0] == "apis" and len(parts) == 2 and parts[1] in _names(kinds):
        return {"kind": "APIGroup", "apiVersion": "v1", **_group(parts[1], kinds)}
    if parts[0] == "apis" and len(parts) == 3:
        return _resources(parts[1], parts[2], kinds)
    raise no_such_path()


def _names(kinds: tuple[Kind, ...]) -> list[str]:
    return list(dict.fromkeys([*(kind.group for kind in kinds if kind.group), REVIEWS]))


def _group(name: str, kinds: tuple[Kind, ...]) -> Object:
    versions = list(dict.fromkeys(kind.version for kind in kinds if kind.group == name)) or ["v1"]
    told = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": told, "preferredVersion": told[0]}


def _resources(group: str, version: str, kinds: tuple[Kind, ...]) -> Object:
    found = [each for kind in kinds if (kind.group, kind.version) == (group, version) for each in _resource(kind)]
    if group == REVIEWS:
        found = [{**_REVIEW, "verbs": ["create"]}]
    if not found:
        raise no_such_path()
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": found}


def _resource(kind: Kind) -> list[Object]:
    told: Object = {
        "name": kind.plural,
        "singularName": kind.kind.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": _VERBS,
        "shortNames": list(kind.short_names),
    }
    below = [*(["status"] if kind.status else []), *(["scale"] if kind.scale else [])]
    parts = [
        {
            **told,
            "name": f"{kind.plural}/{each}",
            "singularName": "",
            "shortNames": [],
            "verbs": ["get", "patch", "update"],
        }
        for each in below
    ]
    return [told, *({**each, **_SCALE} if each["name"].endswith("/scale") else each for each in parts)]


_SCALE = {"kind": "Scale", "group": "autoscaling", "version": "v1"}
