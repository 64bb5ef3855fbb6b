"""What contradicts itself in a QwenFleet, refused by the API server in our words (CEL)."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.manifests.forms import FLEET
from orchestrator.core.manifests.settings import Upgrade

MOST_NAME = 32  # characters, so that all names that KubeRay makes of a fleet's are short enough


@dataclass(frozen=True)
class Rule:
    """Holds for the object that it stands at."""

    rule: str
    message: str

    def data(self) -> dict[str, str]:
        return {"rule": self.rule, "message": self.message}


IS_INCREMENTAL = f"has(self.upgrade) && self.upgrade.type == '{Upgrade.INCREMENTAL.value}'"
HAS_CLASS = "has(self.upgrade) && has(self.upgrade.gatewayClass)"

NAMED = Rule(
    f"size(self.metadata.name) <= {MOST_NAME} && !self.metadata.name.contains('.')",
    f"expected {FLEET.expected}",
)
REPLICAS_OR_BOUNDS = Rule(
    "!has(self.replicas) || !(has(self.minReplicas) || has(self.maxReplicas))",
    "replicas fixes what minReplicas and maxReplicas leave to the load: give either",
)
RANGE = Rule(
    "!has(self.minReplicas) || (has(self.maxReplicas) && self.minReplicas <= self.maxReplicas)",
    "minReplicas needs a maxReplicas that is no smaller",
)
GOALS_NEED_BOUNDS = Rule(
    "has(self.maxReplicas) || !(has(self.targets) || has(self.schedule))",
    "targets and schedule are for a number of replicas that follows the load: they need maxReplicas",
)
INCREMENTAL = (
    Rule(
        f"!({IS_INCREMENTAL}) || ({HAS_CLASS})",
        "an incremental upgrade moves requests by the Gateway API: it needs upgrade.gatewayClass",
    ),
    Rule(
        f"!({IS_INCREMENTAL}) || has(self.maxReplicas)",
        "an incremental upgrade needs Ray's autoscaler: it needs maxReplicas",
    ),
    Rule(
        f"!({HAS_CLASS}) || ({IS_INCREMENTAL})",
        f"upgrade.gatewayClass is for upgrade.type {Upgrade.INCREMENTAL.value}",
    ),
)
