"""What a cluster has: its nodes, what their pods requested, and devices by dynamic resource allocation."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from orchestrator.adapters.gpu_probe import decode
from orchestrator.adapters.kubernetes_api import Forbidden, KubernetesApi, NotServed, Resource
from orchestrator.adapters.namespace_probe import probe_namespace
from orchestrator.core.cluster.cluster_site import Probed, Seen
from orchestrator.core.cluster.gpu_labels import needs_probe
from orchestrator.core.cluster.node import read_node
from orchestrator.core.cluster.probe_job import LABEL, probe_job
from orchestrator.core.cluster.requests import NOTHING_REQUESTED, Requests, with_requests
from orchestrator.core.cluster.resource_slices import NOTHING_CLAIMED, Claimed, read_slices
from orchestrator.core.errors import EnvironmentNotReady

NODES, PODS = Resource("nodes"), Resource("pods")
ON_A_NODE = "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed"
DRA_GROUP, DRA_VERSIONS = "resource.k8s.io", ("v1", "v1beta2", "v1beta1")
DRA_KINDS = ("resourceslices", "resourceclaims")
PROBE_NOT_READ = "what a probe found on node {} cannot be read: {}"
PODS_NOT_SEEN = "pods may not be listed: all that nodes can allocate is taken as free ({})"
CLAIMS_NOT_SEEN = "devices of dynamic resource allocation may not be listed: none of them is planned on ({})"


def probe_cluster(api: KubernetesApi, namespace: str | None = None) -> Seen:
    """With what a namespace allows, or the context's own.

    Raises EnvironmentNotReady where there is no node, or where nodes may not be listed.
    """
    nodes = tuple(read_node(node) for page in api.pages(NODES) for node in page)
    if not nodes:
        raise EnvironmentNotReady(
            f"a node is needed, and {api.context!r} has none", hint=f"kubectl --context {api.context} get nodes"
        )
    notices: list[str] = []
    requests, claimed = _requests(api, notices), _claimed(api, notices)
    probed = _probed(api, notices) if any(map(needs_probe, nodes)) else {}
    limits = probe_namespace(api, namespace or api.namespace, notices)
    return Seen(api.context, nodes, requests, claimed, probed, tuple(notices), {limits.namespace: limits})


def probe_jobs(api: KubernetesApi, image: str, namespace: str | None) -> list[dict[str, Any]]:
    """Of the nodes whose GPUs no label names."""
    nodes = [read_node(node) for page in api.pages(NODES) for node in page]
    return [probe_job(node.name, image, namespace or api.namespace) for node in nodes if needs_probe(node)]


def _probed(api: KubernetesApi, notices: list[str]) -> dict[str, Probed]:
    """What the Jobs of `qorch probe` printed, the newest of each node; a log that cannot be read is no answer."""
    found: dict[str, Probed] = {}
    for pod in _ended_probes(api):
        node, metadata = str(pod["spec"].get("nodeName")), pod["metadata"]
        try:
            found[node] = decode(api.log(metadata["namespace"], metadata["name"]))
        except EnvironmentNotReady as refused:
            notices.append(PROBE_NOT_READ.format(node, refused.message))
    return {node: answer for node, answer in found.items() if answer[1]}


def _ended_probes(api: KubernetesApi) -> list[Mapping[str, Any]]:
    """The oldest first; none where pods may not be listed."""
    try:
        pods = _all(api, PODS, labelSelector=f"{LABEL}=gpus", fieldSelector="status.phase=Succeeded")
    except Forbidden:
        return []
    return sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp")))


def _requests(api: KubernetesApi, notices: list[str]) -> Requests:
    requests = NOTHING_REQUESTED
    try:
        for page in api.pages(PODS, fieldSelector=ON_A_NODE):
            requests = with_requests(requests, page)
    except Forbidden as refused:
        notices.append(PODS_NOT_SEEN.format(refused.message))
        return NOTHING_REQUESTED
    return requests


def _claimed(api: KubernetesApi, notices: list[str]) -> Claimed:
    """By the newest version that is served; nothing where none is."""
    for version in DRA_VERSIONS:
        try:
            slices, claims = (_all(api, Resource(plural, DRA_GROUP, version)) for plural in DRA_KINDS)
            return read_slices(slices, claims)
        except NotServed:
            continue
        except Forbidden as refused:
            notices.append(CLAIMS_NOT_SEEN.format(refused.message))
            return NOTHING_CLAIMED
    return NOTHING_CLAIMED


def _all(api: KubernetesApi, resource: Resource, **query: str) -> list[Mapping[str, Any]]:
    return list(chain.from_iterable(api.pages(resource, **query)))
