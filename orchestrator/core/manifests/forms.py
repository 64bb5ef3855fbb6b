"""The forms of text that Kubernetes takes, which the API server would refuse otherwise, and later."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.core.errors import UsageError

HINT = "qorch render --help"
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
NAME = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"


@dataclass(frozen=True)
class Form:
    """What a setting's text looks like."""

    name: str
    pattern: str
    expected: str

    def problem(self, value: object) -> str | None:
        """What is wrong with it, if anything is."""
        if isinstance(value, str) and re.fullmatch(self.pattern, value):
            return None
        return f"expected {self.expected}, got {value!r}"

    def require(self, value: object) -> None:
        """Raises UsageError."""
        if problem := self.problem(value):
            raise UsageError(f"{self.name}: {problem}", hint=HINT)


FLEET = Form(
    "fleet",
    r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?",
    "a fleet's name: at most 32 of a-z, 0-9 and '-', and no '-' at its ends",
)
NAMESPACE = Form("namespace", LABEL, "a namespace: at most 63 of a-z, 0-9 and '-', and no '-' at its ends")
IMAGE = Form(
    "image",
    r"[a-zA-Z0-9][a-zA-Z0-9._:/-]{0,254}(@sha256:[0-9a-f]{64})?",
    "an image such as registry.example/qorch@sha256:…",
)
CLAIM = Form("claim", NAME, "the name of a PersistentVolumeClaim")
GATEWAY_CLASS = Form("class", NAME, "the name of a GatewayClass")
REDIS = Form(
    "address",
    r"(rediss?://)?[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?:\d{1,5}",
    "an address such as redis:6379",
)
