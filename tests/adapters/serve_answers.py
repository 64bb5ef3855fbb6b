"""What Ray Serve 2.60's REST API answers, in the shape that was recorded from a real cluster."""

from __future__ import annotations

from typing import Any

ROUTE = "/api/serve/applications/"
EMPTY: dict[str, Any] = {"controller_info": {}, "proxies": {}, "applications": {}, "target_capacity": None}
FAILED = """Failed to update the deployments ['engine'].
The deployment failed to start 3 times in a row. Error:
\x1b[36mray::ServeReplica:qorch:engine.initialize_and_get_metadata()\x1b[39m (pid=5554, ip=127.0.0.1)
  File "/venv/lib/python3.11/site-packages/ray/serve/_private/replica.py", line 1184, in initialize
    raise RuntimeError(traceback.format_exc()) from None
RuntimeError: Traceback (most recent call last):
RuntimeError: qorch: the engine ended with exit status 1
  | llama_model_load: error loading model: unknown model architecture
  | srv    load_model: failed to load model
"""


def replica(replica_id: str = "cnedz0oj", state: str = "RUNNING", pid: int | None = 5554) -> dict[str, Any]:
    return {
        "node_id": "5f6d3e3d",
        "node_ip": "127.0.0.1",
        "node_instance_id": "",
        "actor_id": "7ab01f2d",
        "actor_name": f"SERVE_REPLICA::qorch#engine#{replica_id}",
        "worker_id": "c8e6f0aa",
        "log_file_path": f"/serve/replica_qorch_engine_{replica_id}.log",
        "replica_id": replica_id,
        "state": state,
        "pid": pid,
        "start_time_s": 1795521148.1,
    }


def deployment(name: str, *replicas: dict[str, Any], message: str = "", target: int = 1) -> dict[str, Any]:
    return {
        "name": name,
        "status": "HEALTHY",
        "status_trigger": "CONFIG_UPDATE_COMPLETED",
        "message": message,
        "deployment_config": {"name": name, "num_replicas": target},
        "target_num_replicas": target,
        "required_resources": {"CPU": 0},
        "replicas": list(replicas),
    }


def answer(status: str = "RUNNING", message: str = "", *engines: dict[str, Any], target: int = 1) -> dict[str, Any]:
    """One application as `up` deploys it."""
    application = {
        "name": "qorch",
        "route_prefix": None,
        "docs_path": None,
        "status": status,
        "message": message,
        "last_deployed_time_s": 1795521140.2,
        "source": "declarative",
        "external_scaler_enabled": False,
        "deployments": {
            "engine": deployment("engine", *engines, target=target),
            "gateway": deployment("gateway", replica("9tyl8ojr", pid=5600)),
        },
    }
    return {**EMPTY, "applications": {"qorch": application}}
