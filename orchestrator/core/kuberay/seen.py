"""What was seen of a fleet in a cluster, as a `Fleet`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from orchestrator.core.deployment import GATEWAY, DeploymentSpec
from orchestrator.core.fleet import Application, Condition, Decided, EngineView, Fleet, Replica
from orchestrator.core.held import Held
from orchestrator.core.kuberay.pod import PodSeen, of_role
from orchestrator.core.kuberay.ray_service import ServiceSeen
from orchestrator.core.manifests.naming import Role, group_name
from orchestrator.core.observed import fleet_of, with_held
from orchestrator.core.pod_deployment import SERVE_PORT

NOT_STARTED = "NOT_STARTED"
KEPT = "in the pod of Ray's head"


@dataclass(frozen=True)
class GatewayTold:
    """What the gateway answers through the API server; None where it does not."""

    ready: bool | None
    engines: Mapping[str, EngineView] | None = None  # by the address of the engine's pod
    held: Held | None = None
    decided: Decided | None = None  # the last decision on the number of replicas
    silent_because: str = ""  # why it tells nothing of engines, where that is not its own doing


@dataclass(frozen=True)
class ClusterSeen:
    """A fleet in a cluster at one moment."""

    spec: DeploymentSpec
    namespace: str
    service: ServiceSeen
    pods: tuple[PodSeen, ...]
    gateway: GatewayTold


def endpoint(fleet: str, namespace: str) -> str:
    """For clients in the cluster: the Service that KubeRay makes."""
    return f"http://{serve_service(fleet)}.{namespace}:{SERVE_PORT}/v1"


def serve_service(fleet: str) -> str:
    return f"qorch-{fleet}-serve-svc"


def cluster_fleet(seen: ClusterSeen) -> Fleet:
    """A replica is a pod here; its engine's figures are those that the gateway tells."""
    spec, gateway = seen.spec, seen.gateway
    fleet = fleet_of(spec, endpoint(spec.fleet, seen.namespace), application(seen), gateway.ready, gateway.decided)
    scaling = fleet.scaling and replace(fleet.scaling, kept=KEPT if gateway.engines is None else "")
    made = replace(
        fleet, scaling=scaling, conditions=(_by_kuberay(seen.service), *fleet.conditions[1:], *_of_pods(seen))
    )
    return with_held(made, gateway.held)


def application(seen: ClusterSeen) -> Application:
    service = seen.service
    replicas = tuple(_replicas(seen))
    status, message = service.application or NOT_STARTED, service.application_message
    return Application(status, message, _target(seen.spec, replicas), replicas)


def _target(spec: DeploymentSpec, replicas: tuple[Replica, ...]) -> int:
    """Where the number follows the load, Ray's autoscaler has made a pod for each that is wanted."""
    if spec.bounds is None:
        return spec.num_replicas
    engines = [each for each in replicas if each.deployment != GATEWAY and each.state != "STOPPING"]
    return max(spec.bounds.min_replicas, len(engines))


def _replicas(seen: ClusterSeen) -> Iterator[Replica]:
    names = {group_name(each.name): each.name for each in seen.spec.variants}
    for pod in seen.pods:
        if pod.role == Role.GATEWAY.value:
            yield _replica(pod, GATEWAY)
        elif pod.role == Role.ENGINE.value:
            yield _engine(_replica(pod, names.get(pod.variant, pod.variant)), pod, seen.gateway)


def _replica(pod: PodSeen, deployment: str) -> Replica:
    reason = f"{pod.trouble.reason}: {pod.trouble.message}" if pod.trouble else ""
    return Replica(pod.name, deployment, pod.state, None, pod.ip, pod.started_at_s, reason=reason)


def _engine(replica: Replica, pod: PodSeen, gateway: GatewayTold) -> Replica:
    """With what the gateway tells of it; where the gateway is not asked, the pod's probe has asked the engine."""
    if gateway.engines is None:
        return replace(replica, probed=pod.ready)
    return replace(replica, engine=gateway.engines.get(pod.ip or ""))


def _by_kuberay(service: ServiceSeen) -> Condition:
    """In the place of what a host says of Ray's controller, which only KubeRay speaks with here."""
    if not service.reason:
        return Condition("RayServiceReady", False, "NotSeen", "KubeRay has not seen it yet")
    message = service.message or f"the application is {service.application or NOT_STARTED}"
    return Condition("RayServiceReady", service.ready, service.reason, message)


def _of_pods(seen: ClusterSeen) -> Iterator[Condition]:
    """What keeps pods from running, the first of each kind by name; and what the gateway could not be asked."""
    expected = (Role.HEAD, Role.GATEWAY, Role.ENGINE, Role.WEIGHTS)
    troubled = [pod for role in expected for pod in of_role(seen.pods, role) if pod.trouble]
    if troubled:
        yield Condition("PodsRun", False, str(troubled[0].trouble and troubled[0].trouble.reason), _troubles(troubled))
    elif seen.pods:
        yield Condition("PodsRun", True, "NoTrouble", f"{len(seen.pods)} pods, nothing keeps any from running")
    if seen.gateway.silent_because:
        yield Condition("EnginesTold", False, "NoToken", seen.gateway.silent_because)


def _troubles(pods: list[PodSeen]) -> str:
    said = dict.fromkeys(f"{pod.role}: {pod.trouble.reason}: {pod.trouble.message}" for pod in pods if pod.trouble)
    return f"{len(pods)} pods do not run: " + "; ".join(said)
