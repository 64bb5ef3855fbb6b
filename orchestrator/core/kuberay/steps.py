"""How far the start of a fleet in a cluster has come, and when it is certain that it fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.core.fleet import FleetPhase
from orchestrator.core.kuberay.pod import PodSeen, of_role
from orchestrator.core.kuberay.ray_service import INVALID
from orchestrator.core.kuberay.seen import ClusterSeen, cluster_fleet
from orchestrator.core.manifests.naming import Role

REACHED = (FleetPhase.READY, FleetPhase.IDLE)


@dataclass(frozen=True)
class Step:
    """One phase of a start."""

    name: str
    done: bool
    detail: str


@dataclass(frozen=True)
class Failure:
    """What cannot be reached, and the pod that says why."""

    message: str
    pod: str | None = None
    container: str = ""


def steps(seen: ClusterSeen) -> tuple[Step, ...]:
    """In their order; the first that is not done is where it stands."""
    head, engines, gateways = (of_role(seen.pods, role) for role in (Role.HEAD, Role.ENGINE, Role.GATEWAY))
    wanted = seen.spec.num_replicas if seen.spec.bounds is None else seen.spec.bounds.min_replicas
    reached = seen.service.settled and cluster_fleet(seen).phase in REACHED
    runs = reached or any(pod.ready for pod in head)
    weights, ready = sum(pod.initialized for pod in engines), sum(pod.ready for pod in engines)
    return (
        Step("head", runs, _detail("Ray's head runs" if runs else "Ray's head starts", head)),
        Step("weights", reached or weights >= wanted, _detail(f"{weights} of {wanted} pods have theirs", engines)),
        Step("engines", reached or ready >= wanted, _detail(f"{ready} of {wanted} are ready", engines)),
        Step("ready", reached, "the model answers" if reached else _waits(seen, gateways)),
    )


def failure(seen: ClusterSeen) -> Failure | None:
    """None while it may still come to run."""
    service = seen.service
    if service.reason == INVALID:
        return Failure(f"KubeRay refuses the RayService: {service.message}")
    if found := next((pod for pod in seen.pods if pod.trouble and pod.trouble.certain and not pod.ends), None):
        return _of_pod(found)
    if service.application == "DEPLOY_FAILED":
        return Failure(service.application_message or "Ray Serve gives no reason")
    return None


def _of_pod(pod: PodSeen) -> Failure:
    assert pod.trouble is not None
    place = f"container {pod.trouble.container!r} of {pod.name}" if pod.trouble.container else f"pod {pod.name}"
    return Failure(f"{place}: {pod.trouble.reason}: {pod.trouble.message}", pod.name, pod.trouble.container)


def _detail(said: str, pods: tuple[PodSeen, ...]) -> str:
    return "; ".join([said, *dict.fromkeys(_reasons(pods))])


def _reasons(pods: tuple[PodSeen, ...]) -> Iterator[str]:
    return (f"{pod.trouble.reason}: {pod.trouble.message}" for pod in pods if pod.trouble)


def _waits(seen: ClusterSeen, gateways: tuple[PodSeen, ...]) -> str:
    if not seen.service.settled:
        return "KubeRay follows what was applied"
    ready = sum(pod.ready for pod in gateways)
    return _detail(f"{ready} of {len(gateways)} gateways listen; no completion yet", gateways)
