"""What happened to a fleet, where `kubectl describe` shows it."""

from __future__ import annotations

from typing import Any

from orchestrator.core.qwen_fleet.conditions import timestamp
from orchestrator.core.qwen_fleet.kind import API_VERSION, KIND, MANAGER, Object


def event(fleet: Object, reason: str, message: str, now_s: float) -> dict[str, Any]:
    """An Event (core/v1) about a QwenFleet, at a Unix time."""
    metadata, at = fleet["metadata"], timestamp(now_s)
    about = {name: metadata[name] for name in ("name", "namespace", "uid")}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{metadata['name']}.", "namespace": metadata["namespace"]},
        "involvedObject": {"apiVersion": API_VERSION, "kind": KIND, **about},
        "type": "Normal",
        "reason": reason,
        "message": message,
        "source": {"component": MANAGER},
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }
