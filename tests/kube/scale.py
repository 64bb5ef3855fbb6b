"""The `scale` subresource: how many replicas, whatever the kind calls them."""

from __future__ import annotations

from dataclasses import replace

from tests.kube.kinds import Kind, Object
from tests.kube.patches import MERGE_PATCH, patched
from tests.kube.routes import Request
from tests.kube.selectors import at


def scale_of(kind: Kind, item: Object) -> Object:
    paths = kind.scale or {}
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: Object = {"replicas": at(item, paths["statusReplicasPath"]) or 0}
    if "labelSelectorPath" in paths:
        status["selector"] = at(item, paths["labelSelectorPath"]) or ""
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: each for name, each in item["metadata"].items() if name in kept},
        "spec": {"replicas": at(item, paths["specReplicasPath"]) or 0},
        "status": status,
    }


def scaled(kind: Kind, item: Object, request: Request) -> Request:
    """A change of the scale as the patch of the object that it comes to."""
    form = request.headers.get("content-type", "").split(";")[0]
    asked = request.body if request.method == "PUT" else patched(kind, form, scale_of(kind, item), request.body)
    patch: Object = {"metadata": {"resourceVersion": (asked.get("metadata") or {}).get("resourceVersion")}}
    node = patch
    *parents, last = (kind.scale or {})["specReplicasPath"].strip(".").split(".")
    for name in parents:
        node = node.setdefault(name, {})
    node[last] = asked["spec"].get("replicas", 0)
    return replace(request, headers={**request.headers, "content-type": MERGE_PATCH}, body=patch)
