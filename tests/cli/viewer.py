"""Who only watches, by the Roles of `manifests/viewer`."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.cli.cluster_lab import NAMESPACE
from tests.kube.kinds import Object
from tests.kube.rights import allow
from tests.kube.server import ApiServer

ROLES: dict[str, Object] = {
    each["metadata"]["name"].removeprefix("qorch-"): each
    for each in yaml.safe_load_all((Path(__file__).parents[2] / "manifests/viewer/rbac.yaml").read_text())
}
ALL = "viewer viewer-engines viewer-nodes"


def viewers_kubeconfig(server: ApiServer, folder: Path, roles: str = ALL) -> str:
    """Of eve, who has these Roles."""
    given = [ROLES[name] for name in roles.split()]
    for kind, namespace in (("Role", NAMESPACE), ("ClusterRole", None)):
        allow(server, "eve", namespace, [rule for each in given if each["kind"] == kind for rule in each["rules"]])
    return str(server.kubeconfig(folder / "eve", user="eve", namespace=NAMESPACE, context="lab"))
