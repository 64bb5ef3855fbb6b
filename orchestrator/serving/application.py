"""The Ray Serve application: the same on a bare host and, through `serveConfigV2`, on Kubernetes."""

from __future__ import annotations

from typing import Any

from ray import serve
from ray.serve import Application

from orchestrator.core.deployment import DRAIN_S, GATEWAY
from orchestrator.serving.engine_replica import EngineReplica
from orchestrator.serving.gateway_replica import GatewayReplica

HEALTH_CHECK = {"health_check_period_s": 0.5, "health_check_timeout_s": 10.0}
DRAIN = {"graceful_shutdown_wait_loop_s": 0.1, "graceful_shutdown_timeout_s": DRAIN_S}


def build(spec: dict[str, Any]) -> Application:
    """Bind the gateway to the engines; `spec` is `DeploymentSpec.serve_arguments()`."""
    engines = {
        name: serve.deployment(EngineReplica, name=name, **HEALTH_CHECK, **DRAIN).bind(engine)
        for name, engine in spec["engines"].items()
    }
    gateway = serve.deployment(GatewayReplica, name=GATEWAY, ray_actor_options={"num_cpus": 0}, **HEALTH_CHECK, **DRAIN)
    return gateway.bind(spec["gateway"], spec["autoscaled"], *engines.values())
