"""What of a cluster's objects is kept in memory, and what its refusals mean to a fleet."""

from __future__ import annotations

from typing import Any

from orchestrator.adapters.kubernetes_api import Conflict, Forbidden, NotServed, Refused
from orchestrator.core.cluster.pod_requests import pod_requests
from orchestrator.core.cluster.resource_slices import DRIVER
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.kuberay.counts import COUNTS
from orchestrator.core.manifests.naming import FLEET_LABEL
from orchestrator.core.qwen_fleet.kind import API_VERSION, KIND, Key, Object
from orchestrator.core.qwen_fleet.places import PodSeen
from orchestrator.core.qwen_fleet.pod_groups import PodGroup, group_of, pod_groups
from orchestrator.core.qwen_fleet.trouble import Reason, Trouble

FLEET, SERVICE = (API_VERSION, KIND), ("ray.io/v1", "RayService")
RAY_CLUSTER = ("ray.io/v1", "RayCluster")  # which KubeRay makes
RENDERED = (
    SERVICE,
    ("v1", "ConfigMap"),
    ("v1", "ServiceAccount"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
    ("batch/v1", "Job"),
    ("monitoring.coreos.com/v1", "PodMonitor"),
    ("monitoring.coreos.com/v1", "PrometheusRule"),
)
LIMITS = (("v1", "ResourceQuota"), ("v1", "LimitRange"))
MAY_LACK = ("PodMonitor", "PrometheusRule")  # of an operator that not every cluster has
KUBERAY_HINT = (
    "helm install kuberay-operator kuberay-operator --version 1.7.0 --repo https://ray-project.github.io/kuberay-helm"
)
REASONS = (
    (Conflict, Reason.FIELD_CONFLICT),
    (Forbidden, Reason.FORBIDDEN),
    (NotServed, Reason.NOT_SERVED),
    (Refused, Reason.REFUSED),
)
NOT_LEADING = Trouble(Reason.UNREACHABLE, "another operator leads")
HANDED_ON = ("managedFields", "resourceVersion")  # what changes with every write, and says nothing here


def kept(item: Object, api_version: str, kind: str) -> Object:
    """Less what is of no account. Items of a list do not say what they are."""
    metadata = {name: each for name, each in item["metadata"].items() if name not in HANDED_ON}
    return {**item, "apiVersion": api_version, "kind": kind, "metadata": metadata}


def ray_cluster_kept(item: Object) -> Object:
    """A Ray cluster's groups by name, with their counts and tolerations, which KubeRay leaves as they were."""
    metadata = {name: item["metadata"].get(name) for name in ("name", "namespace", "labels")}
    spec = item["spec"]
    groups = {
        "headGroupSpec": _group_kept(spec.get("headGroupSpec") or {}),
        "workerGroupSpecs": [_group_kept(group) for group in spec.get("workerGroupSpecs") or ()],
    }
    return {"apiVersion": RAY_CLUSTER[0], "kind": RAY_CLUSTER[1], "metadata": metadata, "spec": groups}


def _group_kept(group: Object) -> dict[str, Any]:
    counts = {name: group[name] for name in ("groupName", *COUNTS) if name in group}
    tolerations = ((group.get("template") or {}).get("spec") or {}).get("tolerations") or []
    return {**counts, "template": {"spec": {"tolerations": tolerations}}}


def claimable_node(item: Object) -> str | None:
    """The node whose GPUs a ResourceSlice publishes; None where it publishes something else."""
    spec = item.get("spec") or {}
    return spec.get("nodeName") or None if spec.get("driver") == DRIVER else None


def pod_seen(pod: Object) -> PodSeen:
    """Of a pod that is on a node."""
    fleet = (pod["metadata"].get("labels") or {}).get(FLEET_LABEL)
    key = Key(str(pod["metadata"].get("namespace", "")), fleet) if fleet else None
    return PodSeen(str(pod["spec"]["nodeName"]), pod_requests(pod["spec"]), key, group_of(pod) if key else "")


def groups_of(service: Object) -> tuple[PodGroup, ...]:
    """None of a RayService that is labelled as a fleet's, and is not as one is rendered."""
    try:
        return pod_groups(service)
    except (KeyError, TypeError, AttributeError):
        return ()


def fleet_of(item: Object) -> str:
    """By its label; empty where it is no fleet's."""
    return str((item["metadata"].get("labels") or {}).get(FLEET_LABEL, ""))


def owner(item: Object) -> Key:
    """The fleet that an object is of, by its label."""
    return Key(str(item["metadata"].get("namespace", "")), fleet_of(item))


def trouble_of(refused: EnvironmentNotReady) -> Trouble:
    """As a condition tells it."""
    reason = next((reason for kind, reason in REASONS if isinstance(refused, kind)), Reason.UNREACHABLE)
    owners = refused.owners if isinstance(refused, Conflict) else ()
    hint = KUBERAY_HINT if reason is Reason.NOT_SERVED and "ray.io" in refused.message else refused.hint
    return Trouble(reason, refused.message, hint, owners)
