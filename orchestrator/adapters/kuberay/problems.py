"""What is missing before a fleet's objects can be applied, and what the API server's refusals of them mean."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.adapters.kuberay.tokens import SECRETS
from orchestrator.adapters.kubernetes_api import Conflict, Forbidden, KubernetesApi, NotServed, Resource
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.manifests.manifest import Manifest
from orchestrator.core.manifests.naming import object_name
from orchestrator.core.manifests.needed import create_secret, secret_keys
from orchestrator.core.manifests.problems import Problem
from orchestrator.core.manifests.settings import ClusterSettings

NAMESPACES, CLAIMS = Resource("namespaces"), Resource("persistentvolumeclaims")
KUBERAY = "helm install kuberay-operator kuberay/kuberay-operator --version 1.7.0"
MISSING_KINDS = {
    "ray.io": ("KubeRay 1.7 is needed, and the cluster has no RayService", KUBERAY),
    "monitoring.coreos.com": ("--monitoring needs the Prometheus operator, whose kinds the cluster has not", None),
}


def missing_namespace(api: KubernetesApi, namespace: str) -> Iterator[Problem]:
    """Nothing where namespaces may not be read."""
    try:
        there = api.get(NAMESPACES, None, namespace)
    except Forbidden:
        return
    if there is None:
        create = f"kubectl --context {api.context} create namespace {namespace}"
        yield Problem(f"there is no namespace {namespace!r} in {api.context!r}", create)


def missing_secret(api: KubernetesApi, fleet: str, settings: ClusterSettings) -> Iterator[Problem]:
    """Nothing where Secrets may not be read."""
    try:
        secret = api.get(SECRETS, settings.namespace, object_name(fleet))
    except Forbidden:
        return
    has = (secret or {}).get("data") or {}
    lacks = [key for key in secret_keys(settings) if key not in has]
    if lacks:
        said = "is needed, and is not there" if secret is None else f"has no {' and no '.join(lacks)}"
        yield Problem(f"the Secret {object_name(fleet)} {said}", create_secret(fleet, settings))


def missing_claim(api: KubernetesApi, settings: ClusterSettings) -> Iterator[Problem]:
    """Pods whose volume is not there wait for ever; nothing where claims may not be read."""
    if settings.model_claim is None:
        return
    try:
        there = api.get(CLAIMS, settings.namespace, settings.model_claim)
    except Forbidden:
        return
    if there is None:
        look = f"kubectl --context {api.context} -n {settings.namespace} get persistentvolumeclaims"
        yield Problem(f"there is no PersistentVolumeClaim {settings.model_claim!r} in {settings.namespace!r}", look)


def problem(refused: EnvironmentNotReady, item: Manifest) -> Problem:
    """Of one object that the server would not take; a kind that is not served is one problem for all of its kind."""
    group = item["apiVersion"].rpartition("/")[0]
    if isinstance(refused, NotServed) and group in MISSING_KINDS:
        return Problem(*MISSING_KINDS[group])
    if isinstance(refused, Conflict):
        name = f"{item['kind']} {item['metadata']['name']}"
        return Problem(f"{name}: {refused.message}", "qorch up --force-conflicts --diff")
    return Problem(refused.message, refused.hint)
