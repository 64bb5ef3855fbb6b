"""What somebody needs who only watches a fleet: in parts, since the last of them are not for everybody."""

from __future__ import annotations

from orchestrator.core.manifests.manifest import Manifest
from orchestrator.core.manifests.naming import look_secret_name
from orchestrator.core.manifests.rbac import RBAC, rule

NAME = "qorch-viewer"
WATCHED = ["get", "list", "watch"]


def viewer(fleet: str) -> tuple[Manifest, ...]:
    """Roles without anybody whose they are: pods and logs; what a gateway tells, by its look token; nodes."""
    fleets = [
        rule("", ("configmaps", "pods"), WATCHED),
        rule("ray.io", ("rayservices",), WATCHED),
        rule("", ("pods/log",), ["get"]),
    ]
    told = [
        rule("", ("pods/proxy", "services/proxy"), ["get"]),
        rule("", ("secrets",), ["get"], [look_secret_name(fleet)]),
    ]
    nodes = [rule("", ("nodes",), ["list", "watch"])]
    parts = (("Role", NAME, fleets), ("Role", f"{NAME}-engines", told), ("ClusterRole", f"{NAME}-nodes", nodes))
    return tuple(
        {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": {"name": name}, "rules": rules}
        for kind, name, rules in parts
    )
