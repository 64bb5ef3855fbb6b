"""What stands in a fleet's way, as a condition tells it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.core.errors import DoesNotFit, QorchError, UsageError

PLAN_HINT = "qorch plan --kube-context NAME --all"


class Reason(StrEnum):
    """One word for a condition."""

    INVALID = "Invalid"
    DOES_NOT_FIT = "DoesNotFit"
    NOT_READY = "ClusterNotReady"
    FIELD_CONFLICT = "FieldConflict"
    NOT_OURS = "NotOurs"
    FORBIDDEN = "Forbidden"
    NOT_SERVED = "KindNotServed"
    REFUSED = "Refused"  # by a schema, a quota or an admission webhook
    UNREACHABLE = "ApiServerUnreachable"
    GPUS_UNLABELLED = "GpusUnlabelled"
    GPUS_BY_CLAIMS = "GpusByClaimsOnly"  # of dynamic resource allocation


@dataclass(frozen=True)
class Trouble:
    """Says what was needed and what is there; `hint` is a command for a person."""

    reason: Reason
    message: str
    hint: str | None = None
    owners: tuple[str, ...] = ()  # of fields that were not given up

    @property
    def text(self) -> str:
        return f"{self.message}; hint: {self.hint}" if self.hint else self.message


def of_error(error: QorchError) -> Trouble:
    """Of planning and reading a spec; options of the command line are no help in a cluster."""
    reasons = ((UsageError, Reason.INVALID), (DoesNotFit, Reason.DOES_NOT_FIT))
    reason = next((reason for kind, reason in reasons if isinstance(error, kind)), Reason.NOT_READY)
    return Trouble(reason, error.message, error.hint if reason is Reason.INVALID else PLAN_HINT)
