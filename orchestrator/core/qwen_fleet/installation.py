"""The operator itself as Kubernetes objects: its namespace, what it may do, and its pods."""

from __future__ import annotations

from typing import Any

from orchestrator import __version__
from orchestrator.core.manifests.manifest import Manifest
from orchestrator.core.manifests.network import HTTPS_PORTS
from orchestrator.core.manifests.pod import POD, http_probe, security
from orchestrator.core.manifests.rbac import RBAC, rule
from orchestrator.core.qwen_fleet.kind import GROUP, MANAGER, PLURAL

NAMESPACE, NAME, PORT = "qorch-system", MANAGER, 8080
IMAGE, FLEET_IMAGE = f"qorch-operator:{__version__}", f"qorch:{__version__}"
LABELS = {"app.kubernetes.io/name": NAME}
SEEN, KEPT = ["list", "watch"], ["create", "delete", "get", "list", "patch", "watch"]
RENDERED = {
    "": ("configmaps", "serviceaccounts"),
    "batch": ("jobs",),
    "monitoring.coreos.com": ("podmonitors", "prometheusrules"),
    "networking.k8s.io": ("networkpolicies",),
    "policy": ("poddisruptionbudgets",),
    "ray.io": ("rayservices",),
}
END_S = 30


def access() -> tuple[Manifest, ...]:
    """What the operator may do: no more than it does. It may make Secrets, for show (a dry run), and read none."""
    rules = [
        rule(GROUP, (PLURAL,), SEEN),
        rule(GROUP, (f"{PLURAL}/status",), ["patch"]),
        rule("", ("limitranges", "nodes", "pods", "resourcequotas"), SEEN),
        rule("resource.k8s.io", ("resourceslices",), SEEN),
        rule("", ("events", "secrets"), ["create"]),
        rule("ray.io", ("rayclusters",), [*SEEN, "patch"]),  # whose counts KubeRay leaves as they were
        *(rule(group, kinds, KEPT) for group, kinds in RENDERED.items()),
    ]
    leases = rule("coordination.k8s.io", ("leases",), ["create"])
    own_lease = rule("coordination.k8s.io", ("leases",), ["get", "update"], [NAME])
    return (
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata()},
        {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": _metadata(""), "rules": rules},
        _binding("ClusterRoleBinding", "ClusterRole", ""),
        {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": _metadata(), "rules": [leases, own_lease]},
        _binding("RoleBinding", "Role", NAMESPACE),
    )


def workload() -> tuple[Manifest, ...]:
    """Two pods, of which one acts, in a namespace that takes `restricted` pods only, spoken to for metrics alone."""
    restricted = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    return (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": restricted}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _metadata(), "spec": _deployment()},
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": _metadata(), "spec": _policy()},
        _budget(),
    )


def _deployment() -> dict[str, Any]:
    spread = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    pod = {
        "serviceAccountName": NAME,
        **POD,
        "terminationGracePeriodSeconds": END_S,
        "topologySpreadConstraints": [{**spread, "labelSelector": {"matchLabels": LABELS}}],
        "containers": [_container()],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    template = {"metadata": {"labels": LABELS}, "spec": pod}
    return {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": template}


def _container() -> dict[str, Any]:
    """Its arguments follow the image's entry point, `qorch`; `QORCH_IMAGE` is for pods of fleets that name none."""
    return {
        "name": "operator",
        "image": IMAGE,
        "args": ["operator", "--host", "0.0.0.0"],
        "env": [{"name": "HOME", "value": "/tmp"}, {"name": "QORCH_IMAGE", "value": FLEET_IMAGE}],
        "ports": [{"name": "metrics", "containerPort": PORT}],
        "livenessProbe": http_probe("metrics", "/healthz", 10, 6),
        "readinessProbe": http_probe("metrics", "/readyz", 5, 3),
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": security(),
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }


def _policy() -> dict[str, Any]:
    """Out to names and the API server, in to the metrics."""
    names = {"to": [{"namespaceSelector": {}}], "ports": [{"port": 53, "protocol": each} for each in ("UDP", "TCP")]}
    server = {"ports": [{"port": port, "protocol": "TCP"} for port in HTTPS_PORTS]}
    prometheus = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}}}
    return {
        "podSelector": {"matchLabels": LABELS},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [prometheus], "ports": [{"port": "metrics", "protocol": "TCP"}]}],
        "egress": [names, server],
    }


def _budget() -> Manifest:
    content = {"maxUnavailable": 1, "selector": {"matchLabels": LABELS}}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": _metadata(), "spec": content}


def _binding(kind: str, role: str, namespace: str) -> Manifest:
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}
    reference = {"apiGroup": RBAC, "kind": role, "name": NAME}
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": kind,
        "metadata": _metadata(namespace),
        "roleRef": reference,
        "subjects": [subject],
    }


def _metadata(namespace: str = NAMESPACE) -> dict[str, Any]:
    return {"name": NAME, **({"namespace": namespace} if namespace else {}), "labels": LABELS}
