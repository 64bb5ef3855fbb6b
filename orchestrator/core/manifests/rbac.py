"""Rights as Kubernetes writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

RBAC = "rbac.authorization.k8s.io"


def rule(group: str, kinds: Sequence[str], verbs: Sequence[str], names: Sequence[str] = ()) -> dict[str, Any]:
    """What may be done to kinds of one API group, or to those of these names alone."""
    made = {"apiGroups": [group], "resources": list(kinds), "verbs": list(verbs)}
    return {**made, "resourceNames": list(names)} if names else made
