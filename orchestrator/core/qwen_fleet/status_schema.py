"""What the operator says of a QwenFleet."""

from __future__ import annotations

from typing import Any


def _words(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _number(description: str, kind: str = "number") -> dict[str, Any]:
    return {"type": kind, "description": description}


CONDITIONS: dict[str, Any] = {
    "type": "array",
    "description": "Planned, GpusPlannedOn, PlanCurrent, SecretReady, Applied, Progressing and Ready.",
    "items": {
        "type": "object",
        "required": ["type", "status", "reason", "message", "lastTransitionTime"],
        "properties": {
            "type": {"type": "string"},
            "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
            "reason": {"type": "string"},
            "message": {"type": "string"},
            "lastTransitionTime": {"type": "string", "format": "date-time"},
            "observedGeneration": {"type": "integer", "format": "int64"},
        },
    },
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["type"],
}
PREDICTED = {
    "type": "object",
    "description": "What the plan says of one replica of the first variant, alone on its devices.",
    "properties": {
        "ttftSeconds": _number("To the first token of a prompt of `promptTokens`."),
        "promptTokens": _number("Of that prompt.", "integer"),
        "tpotSeconds": _number("For each further token of one stream."),
        "tokS": _number("Of all streams together, where more of them add nothing."),
        "coldStartSeconds": _number("From the pod's start to the first answer."),
    },
}
PLAN = {
    "type": "object",
    "description": "What runs by it; the whole plan is in the ConfigMap `qorch-NAME-plan`.",
    "properties": {
        "profiles": _words("Joined by ` + ` where there are several."),
        "engine": _words("Of the variants."),
        "devices": _words("The products, or the CPU."),
        "gpusPerReplica": _number("Of the first variant.", "integer"),
        "replicas": _number("The most that there may be.", "integer"),
        "context": _number("Tokens (max_model_len).", "integer"),
        "concurrency": _number("Sequences at once of a replica (max_num_seqs).", "integer"),
        "plannedAt": {**_words("When it was decided."), "format": "date-time"},
        "why": _words("Why this one."),
        "predicted": PREDICTED,
    },
}
STATUS: dict[str, Any] = {
    "type": "object",
    "description": "What the operator found and did.",
    "properties": {
        "observedGeneration": _number("Of the spec that this is about.", "integer"),
        "phase": _words("Pending, Progressing, Ready, Degraded, Failed or Suspended."),
        "reason": _words("Of the condition that the phase comes from."),
        "endpoint": _words("Where clients in the cluster ask, by the OpenAI API."),
        "readyEndpoints": _number("Pods that KubeRay counts behind the endpoint.", "integer"),
        "plan": PLAN,
        "notices": {"type": "array", "description": "What the plan leaves out, and why.", "items": {"type": "string"}},
        "conditions": CONDITIONS,
    },
}
