"""Ray Serve through its REST API on the dashboard: deploy, observe, delete, without importing Ray."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import httpx

from orchestrator.core.deployment import GATEWAY, DeploymentSpec, ScalingSpec, Variant
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.fleet import Application, Replica
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaling.prior import pool_prior

APPLICATION = "qorch"
BUILDER = "orchestrator.serving.application:build"
POLICY = "orchestrator.serving.autoscaling:PoolPolicy"
TELL_EVERY_S = 0.5  # replicas their load, to the controller
TOLD_FOR_S = 1.0  # and how long what was told is kept
PATH = "/api/serve/applications/"
DEPLOY_TIMEOUT_S = 60.0
READ_TIMEOUT_S = 3.0


class RayServe:
    """One Ray cluster's Serve instance."""

    def __init__(self, dashboard_url: str, token: str) -> None:
        self._client = httpx.Client(
            base_url=dashboard_url, headers={"Authorization": f"Bearer {token}"}, timeout=READ_TIMEOUT_S
        )

    def deploy(self, spec: DeploymentSpec) -> None:
        """Ask for this application; Serve works towards it in the background."""
        self._ask("PUT", DEPLOY_TIMEOUT_S, json=serve_config(spec))

    def delete(self) -> None:
        """Ask for no application: replicas drain and stop."""
        self._ask("DELETE", DEPLOY_TIMEOUT_S)

    def answers(self) -> bool:
        """Whether the API answers at all."""
        try:
            self._ask("GET", READ_TIMEOUT_S)
        except EnvironmentNotReady:
            return False
        return True

    def observe(self) -> Application | None:
        """The application as Serve sees it; None when Ray does not answer or has none."""
        try:
            data = self._ask("GET", READ_TIMEOUT_S).json()
        except EnvironmentNotReady:
            return None
        application = data["applications"].get(APPLICATION)
        return read_application(application) if application else None

    def _ask(self, method: str, timeout_s: float, **content: Any) -> httpx.Response:
        try:
            return self._client.request(method, PATH, timeout=timeout_s, **content).raise_for_status()
        except httpx.HTTPStatusError as error:
            raise EnvironmentNotReady(
                f"Ray Serve refused: {error.response.status_code} {error.response.text[:400]}", hint="qorch doctor"
            ) from error
        except httpx.HTTPError as error:
            raise EnvironmentNotReady(
                f"Ray Serve does not answer at {self._client.base_url}: {error}", hint="qorch doctor"
            ) from error


def serve_config(spec: DeploymentSpec) -> dict[str, Any]:
    """The Serve config file's content (ServeDeploySchema) for this fleet."""
    return {
        "proxy_location": "Disabled",
        "applications": [
            {
                "name": APPLICATION,
                "route_prefix": None,
                "import_path": BUILDER,
                "args": spec.serve_arguments(),
                "deployments": [_deployment(variant) for variant in spec.variants],
                **(_autoscaled(spec, spec.scaling) if spec.scaling else {}),
            }
        ],
    }


def _deployment(variant: Variant) -> dict[str, Any]:
    """Of the host's cores a replica takes none: its engine's threads are the plan's business."""
    return {
        "name": variant.name,
        **_count(variant),
        "ray_actor_options": {"num_cpus": 0, "num_gpus": variant.num_gpus},
    }


def _autoscaled(spec: DeploymentSpec, scaling: ScalingSpec) -> dict[str, Any]:
    """One policy for all variants; the gateway tells it of requests, and stays one."""
    arguments = {"path": scaling.path, "policy": asdict(scaling.policy), "prior": asdict(pool_prior(spec.variants))}
    gateway = {"name": GATEWAY, "autoscaling_config": _autoscaling(ReplicaBounds(1, 1))}
    return {
        "deployments": [*map(_deployment, spec.variants), gateway],
        "autoscaling_policy": {"policy_function": POLICY, "policy_kwargs": arguments},
    }


def _count(variant: Variant) -> dict[str, Any]:
    """What a variant that may have none starts with is said apart: a later change of bounds says nothing of it."""
    bounds, count = variant.bounds, variant.num_replicas
    if bounds is None or not bounds.max_replicas:
        return {"num_replicas": count}
    initial = {"initial_replicas": count} if count > bounds.min_replicas else {}
    return {"autoscaling_config": {**_autoscaling(bounds), **initial}}


def _autoscaling(bounds: ReplicaBounds) -> dict[str, Any]:
    """Ray's own averages and delays are left out: the policy has better ones."""
    return {
        **asdict(bounds),
        "upscale_delay_s": 0.0,
        "downscale_delay_s": 0.0,
        "metrics_interval_s": TELL_EVERY_S,
        "look_back_period_s": TOLD_FOR_S,
    }


def read_application(data: dict[str, Any]) -> Application:
    """Translate the REST API's answer (ApplicationDetails)."""
    deployments = data.get("deployments") or {}
    messages = [data.get("message") or "", *((d.get("message") or "") for d in deployments.values())]
    return Application(
        status=data["status"],
        message="\n".join(message for message in messages if message),
        target_num_replicas=sum(
            d.get("target_num_replicas") or 0 for name, d in deployments.items() if name != GATEWAY
        ),
        replicas=tuple(replica for name, d in deployments.items() for replica in _replicas(name, d)),
    )


def _replicas(deployment: str, data: dict[str, Any]) -> Iterator[Replica]:
    for replica in data.get("replicas") or ():
        yield Replica(
            replica_id=replica["replica_id"],
            deployment=deployment,
            state=replica["state"],
            pid=replica.get("pid"),
            node_ip=replica.get("node_ip"),
            started_at_s=replica.get("start_time_s"),
        )
