"""The Kubernetes API server of one context: objects as plain JSON, its refusals as ours.

Objects are not made the client library's models: a thousand nodes as those take many seconds and a gigabyte.
"""

from orchestrator.adapters.kubernetes_api.api import KubernetesApi
from orchestrator.adapters.kubernetes_api.connection import connect
from orchestrator.adapters.kubernetes_api.refusals import Conflict, Forbidden, Gone, NotServed, Refused, in_a_line
from orchestrator.adapters.kubernetes_api.resource import Resource, resource_of

__all__ = [
    "Conflict",
    "Forbidden",
    "Gone",
    "KubernetesApi",
    "NotServed",
    "Refused",
    "Resource",
    "connect",
    "in_a_line",
    "resource_of",
]
