"""Who may speak with a fleet's pods: nobody but who is named, on ports that are named."""

from __future__ import annotations

from typing import Any

from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.manifests.manifest import Manifest, manifest
from orchestrator.core.manifests.naming import Role, pods_of
from orchestrator.core.manifests.settings import ClusterSettings

KIND = ("networking.k8s.io/v1", "NetworkPolicy")
NAMESPACE_LABEL = "kubernetes.io/metadata.name"  # that Kubernetes sets itself
KUBERAY = {"matchLabels": {"app.kubernetes.io/name": "kuberay-operator"}}
HTTPS_PORTS = (443, 6443)  # of the API server, as Service and as itself
REDIS_PORT = 6379


def network_policies(spec: DeploymentSpec, settings: ClusterSettings) -> tuple[Manifest, ...]:
    """Policies add up: the first refuses everything, each other one allows something."""
    fetching = Role.ENGINE if settings.model_claim is None else Role.WEIGHTS
    allowed = {
        "deny": _policy(spec, (), ingress=[], egress=[]),
        "ray": _policy(spec, (), ingress=[{"from": _fleet(spec)}], egress=[{"to": _fleet(spec)}, _names()]),
        "clients": _policy(spec, (Role.GATEWAY,), ingress=[{"from": _clients(settings), **_ports("serve")}]),
        "operator": _policy(spec, (Role.HEAD,), ingress=[{"from": _anywhere(KUBERAY), **_ports("dashboard")}]),
        "hub": _policy(spec, (fetching,), egress=[_ports(HTTPS_PORTS[0])]),
        **({"autoscaler": _policy(spec, (Role.HEAD,), egress=[_ports(*HTTPS_PORTS)])} if spec.scaling else {}),
        **({"redis": _redis(spec, settings.redis_address)} if settings.redis_address else {}),
        **({"metrics": _metrics(spec)} if settings.monitoring else {}),
    }
    return tuple(manifest(KIND, spec.fleet, part, settings, {"spec": policy}) for part, policy in allowed.items())


def _policy(spec: DeploymentSpec, roles: tuple[Role, ...], **rules: list[dict[str, Any]]) -> dict[str, Any]:
    types = [direction.capitalize() for direction in rules]
    return {"podSelector": pods_of(spec.fleet, *roles), "policyTypes": types, **rules}


def _fleet(spec: DeploymentSpec) -> list[dict[str, Any]]:
    """Ray's processes listen on ports of their own choice."""
    return [{"podSelector": pods_of(spec.fleet)}]


def _names() -> dict[str, Any]:
    return {
        "to": [{"namespaceSelector": {}}],
        "ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")],
    }


def _clients(settings: ClusterSettings) -> list[dict[str, Any]]:
    """Of the fleet's own namespace, and of those that are named."""
    others = list(settings.client_namespaces)
    named = {"matchExpressions": [{"key": NAMESPACE_LABEL, "operator": "In", "values": others}]}
    return [{"podSelector": {}}, *([{"namespaceSelector": named}] if others else [])]


def _anywhere(pods: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"namespaceSelector": {}, "podSelector": pods}]


def _ports(*ports: str | int) -> dict[str, Any]:
    return {"ports": [{"port": port, "protocol": "TCP"} for port in ports]}


def _redis(spec: DeploymentSpec, address: str) -> dict[str, Any]:
    _, colon, port = address.rpartition(":")
    number = int(port) if colon and port.isdecimal() else REDIS_PORT
    return _policy(spec, (Role.HEAD,), egress=[_ports(number)])


def _metrics(spec: DeploymentSpec) -> dict[str, Any]:
    """Prometheus may be in any namespace; a gateway's own metrics are at its endpoint."""
    prometheus = _anywhere({"matchLabels": {"app.kubernetes.io/name": "prometheus"}})
    return _policy(spec, (), ingress=[{"from": prometheus, **_ports("metrics", "serve")}])
