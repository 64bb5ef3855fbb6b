"""A pod of a fleet, and what keeps it from running, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestrator.core.manifests.naming import ROLE_LABEL, VARIANT_LABEL, Role

USUAL = ("ContainerCreating", "PodInitializing")  # what every pod waits for at first
CERTAIN = (
    "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull",
    "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "CrashLoopBackOff",
)  # fmt: skip


@dataclass(frozen=True)
class Trouble:
    """Why a pod does not run."""

    reason: str  # as Kubernetes has it
    message: str
    container: str = ""  # empty where it is the pod's own
    certain: bool = False  # whether waiting longer does not help


@dataclass(frozen=True)
class PodSeen:
    """One pod at one moment."""

    name: str
    role: str
    variant: str  # as labels name it; of an engine
    ip: str | None
    started_at_s: float | None  # when it was made, in Unix time
    ends: bool  # it was told to
    ready: bool
    initialized: bool  # what comes before its containers is done, such as weights
    trouble: Trouble | None
    restarts: int
    node: str = ""  # empty before it was given one

    @property
    def state(self) -> str:
        """In Ray Serve's words."""
        return "STOPPING" if self.ends else "RUNNING" if self.ready else "STARTING"


def read_pod(item: Mapping[str, Any]) -> PodSeen:
    """A pod as the API server tells of it."""
    metadata, status = item["metadata"], item.get("status") or {}
    labels = metadata.get("labels") or {}
    holds = {each["type"]: each.get("status") == "True" for each in status.get("conditions") or ()}
    return PodSeen(
        name=metadata["name"],
        role=labels.get(ROLE_LABEL, ""),
        variant=labels.get(VARIANT_LABEL, ""),
        ip=status.get("podIP"),
        started_at_s=_unix_s(metadata.get("creationTimestamp")),
        ends="deletionTimestamp" in metadata,
        ready=holds.get("Ready", False),
        initialized=holds.get("Initialized", False),
        trouble=next(_troubles(status), None),
        restarts=sum(each.get("restartCount", 0) for each in status.get("containerStatuses") or ()),
        node=(item.get("spec") or {}).get("nodeName", ""),
    )


def of_role(pods: tuple[PodSeen, ...], role: Role) -> tuple[PodSeen, ...]:
    """Those that are to stay."""
    return tuple(each for each in pods if each.role == role.value and not each.ends)


def _troubles(status: Mapping[str, Any]) -> Iterator[Trouble]:
    """What is most certain comes first."""
    if status.get("phase") == "Failed":
        yield Trouble(status.get("reason") or "Failed", status.get("message") or "the pod has failed")
    for each in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = (each.get("state") or {}).get("waiting") or {}
        if waiting.get("reason", USUAL[0]) not in USUAL:
            yield _of_container(each, waiting)
    for each in status.get("conditions") or ():
        if each["type"] == "PodScheduled" and each.get("status") == "False":
            yield Trouble(each.get("reason", "Unschedulable"), each.get("message", "no node takes it"))


def _of_container(container: Mapping[str, Any], waiting: Mapping[str, Any]) -> Trouble:
    """Of one that crashes again and again, how it ended last says more than that it waits."""
    reason, name = waiting["reason"], container["name"]
    last = (container.get("lastState") or {}).get("terminated") or {}
    if reason == "CrashLoopBackOff" and last:
        ended = f"ended {container.get('restartCount', 0)} times, last with exit code {last.get('exitCode')}"
        said = f"its memory limit was too small; it {ended}" if last.get("reason") == "OOMKilled" else ended
        return Trouble(last.get("reason", reason), said, name, certain=True)
    return Trouble(reason, waiting.get("message", ""), name, certain=reason in CERTAIN)


def _unix_s(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None
