"""What a namespace allows: its ResourceQuotas and LimitRanges."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from orchestrator.adapters.kubernetes_api import Forbidden, KubernetesApi, Resource
from orchestrator.core.cluster.limit_range import read_limit_range
from orchestrator.core.cluster.namespace_limits import NamespaceLimits
from orchestrator.core.cluster.quota import read_quota

QUOTAS, LIMIT_RANGES = Resource("resourcequotas"), Resource("limitranges")
NOT_SEEN = "{} of namespace {} may not be listed: none is reckoned with ({})"


def probe_namespace(api: KubernetesApi, namespace: str, notices: list[str]) -> NamespaceLimits:
    """What may not be read is as if it were not there, with a notice."""
    quotas = (read_quota(each) for each in _listed(api, QUOTAS, namespace, notices))
    ranges = (read_limit_range(each) for each in _listed(api, LIMIT_RANGES, namespace, notices))
    applying = tuple(quota for quota in quotas if quota is not None)
    return NamespaceLimits(namespace, applying, tuple(chain.from_iterable(ranges)))


def _listed(api: KubernetesApi, resource: Resource, namespace: str, notices: list[str]) -> list[Mapping[str, Any]]:
    try:
        return list(chain.from_iterable(api.pages(resource, namespace)))
    except Forbidden as refused:
        notices.append(NOT_SEEN.format(resource, namespace, refused.message))
        return []
