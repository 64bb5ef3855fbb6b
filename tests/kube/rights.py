"""What a user of the server may do."""

from __future__ import annotations

from collections.abc import Iterable

from tests.kube.kinds import Object
from tests.kube.server import ApiServer

RBAC = "rbac.authorization.k8s.io"


def allow(server: ApiServer, user: str, namespace: str | None, rules: Iterable[Object]) -> None:
    """By a Role of the user's name, or where `namespace` is None, a ClusterRole."""
    kind = "Role" if namespace else "ClusterRole"
    head = {"apiVersion": f"{RBAC}/v1", "metadata": {"name": user, **({"namespace": namespace} if namespace else {})}}
    server.put({**head, "kind": kind, "rules": list(rules)})
    role = {"apiGroup": RBAC, "kind": kind, "name": user}
    subjects = [{"apiGroup": RBAC, "kind": "User", "name": user}]
    server.put({**head, "kind": f"{kind}Binding", "roleRef": role, "subjects": subjects})
