"""What a cluster has: its nodes, what their pods requested, and devices by dynamic resource allocation."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from orchestrator.adapters.kubernetes_api import Forbidden, KubernetesApi, NotServed, Resource
from orchestrator.core.cluster.cluster_site import Seen
from orchestrator.core.cluster.node import read_node
from orchestrator.core.cluster.pod_requests import Requested, with_requests
from orchestrator.core.cluster.resource_slices import NOTHING_CLAIMED, Claimed, read_slices
from orchestrator.core.errors import EnvironmentNotReady

NODES, PODS = Resource("nodes"), Resource("pods")
ON_A_NODE = "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed"
DRA_GROUP, DRA_VERSIONS = "resource.k8s.io", ("v1", "v1beta2", "v1beta1")
PODS_NOT_SEEN = "pods may not be listed: all that nodes can allocate is taken as free ({})"
CLAIMS_NOT_SEEN = "devices of dynamic resource allocation may not be listed: none of them is planned on ({})"


def probe_cluster(api: KubernetesApi) -> Seen:
    """Raises EnvironmentNotReady where there is no node, or where they may not be listed."""
    nodes = tuple(read_node(node) for page in api.pages(NODES) for node in page)
    if not nodes:
        raise EnvironmentNotReady(
            f"a node is needed, and {api.context!r} has none", hint=f"kubectl --context {api.context} get nodes"
        )
    notices: list[str] = []
    requested, claimed = _requested(api, notices), _claimed(api, notices)
    return Seen(api.context, nodes, requested, claimed, tuple(notices))


def _requested(api: KubernetesApi, notices: list[str]) -> Requested:
    requested: Requested = {}
    try:
        for page in api.pages(PODS, fieldSelector=ON_A_NODE):
            requested = with_requests(requested, page)
    except Forbidden as refused:
        notices.append(PODS_NOT_SEEN.format(refused.message))
        return {}
    return requested


def _claimed(api: KubernetesApi, notices: list[str]) -> Claimed:
    """By the newest version that is served; nothing where none is."""
    for version in DRA_VERSIONS:
        try:
            slices, claims = (_all(api, Resource(plural, DRA_GROUP, version)) for plural in _DRA)
            return read_slices(slices, claims)
        except NotServed:
            continue
        except Forbidden as refused:
            notices.append(CLAIMS_NOT_SEEN.format(refused.message))
            return NOTHING_CLAIMED
    return NOTHING_CLAIMED


_DRA = ("resourceslices", "resourceclaims")


def _all(api: KubernetesApi, resource: Resource) -> list[Mapping[str, Any]]:
    return list(chain.from_iterable(api.pages(resource)))
