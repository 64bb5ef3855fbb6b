"""Ray nodes on loopback in the place of pods: the head, and one for each replica, with the resource of its own pod."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import psutil

from orchestrator.adapters.demo_weights import DemoWeights
from orchestrator.adapters.goal_file import write_goal
from orchestrator.adapters.key_store import KeyStore
from orchestrator.adapters.owned_processes import MARK, Owner
from orchestrator.adapters.ports import free_ports
from orchestrator.core.pod_deployment import ENGINE_PORT, GOAL_PATH, SERVE_PORT, pod_deployment
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.serve_config import APPLICATION, Pods, serve_config
from orchestrator.core.wish import Wish
from tests.core.machines import BY_NAME, machine, plan_for

DEMO = "demo-gguf"
HEAD, GATEWAY, ENGINE = "127.0.0.1", "127.0.0.2", "127.0.0.3"
RAY = (sys.executable, "-m", "ray.scripts.scripts")
NODE = ("--disable-usage-stats", "--object-store-memory=80000000", "--num-cpus=0", "--num-gpus=0")
FOLDERS = {"/etc/qorch": "etc", "/var/log/qorch": "log", "/var/lib/qorch": "lib", '"/models': "models"}
READY_S = 180.0
HOLD_S = 2.0  # for which a replica stays that is not needed


@dataclass(frozen=True)
class PodCluster:
    """Where its parts are, and how they are asked."""

    home: Path
    gcs: str
    dashboard: str
    gateway: str
    engine_port: int
    key: str
    environment: dict[str, str]

    def application(self) -> dict[str, Any]:
        return dict(self._serve("GET").json()["applications"].get(APPLICATION, {}))

    def nodes(self) -> dict[str, str]:
        """Ray's id of each node, by its address."""
        listed = json.loads(self.ray("list", "nodes", "--address", self.dashboard, "--format", "json"))
        return {each["node_ip"]: each["node_id"] for each in listed}

    def places(self) -> dict[str, list[str]]:
        """Where the replicas of each deployment are."""
        deployments = self.application()["deployments"]
        return {name: [each["node_ip"] for each in found["replicas"]] for name, found in deployments.items()}

    def aim(self, goal: ScalingGoal) -> None:
        """As a ConfigMap that has changed, which the head's pod sees."""
        write_goal(self.home / "etc/goal/goal.json", goal)

    def controller(self) -> psutil.Process:
        """The one that calls the policy."""
        processes = Owner(str(self.home), self.home).processes()
        (found,) = (each for each in processes if "ServeController" in " ".join(each.cmdline()))
        return found

    def ray(self, *arguments: str) -> str:
        done = subprocess.run(
            (*RAY, *arguments), env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
        return done.stdout

    def start(self, address: str, *arguments: str) -> None:
        self.ray("start", *NODE, f"--node-ip-address={address}", *arguments)

    def deploy(self, config: dict[str, Any]) -> None:
        self._serve("PUT", json=config).raise_for_status()
        deadline_s = time.monotonic() + READY_S
        while (found := self.application()).get("status") != "RUNNING":
            assert found.get("status") != "DEPLOY_FAILED", found["message"]
            assert time.monotonic() < deadline_s, found
            time.sleep(0.5)

    def _serve(self, method: str, **content: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {(self.home / 'token').read_text()}"}
        url = f"{self.dashboard}/api/serve/applications/"
        return httpx.request(method, url, headers=headers, timeout=60, **content)


@contextmanager
def pod_cluster(home: Path) -> Iterator[PodCluster]:
    """A fleet of one engine and one gateway, serving; for a second engine there is no pod."""
    gcs, dashboard, agent, client, gateway, engine = free_ports(6)
    (home / "token").write_text(secrets.token_hex(32))
    cluster = PodCluster(
        home=home,
        gcs=f"{HEAD}:{gcs}",
        dashboard=f"http://{HEAD}:{dashboard}",
        gateway=f"http://{GATEWAY}:{gateway}",
        engine_port=engine,
        key=_files(home),
        environment=_environment(home),
    )
    ports = {"port": gcs, "dashboard-port": dashboard, "dashboard-agent-listen-port": agent}
    options = [f"--{name}={port}" for name, port in {**ports, "ray-client-server-port": client}.items()]
    try:
        cluster.start(HEAD, "--head", f"--dashboard-host={HEAD}", f"--temp-dir={home}/r", *options)
        for address, deployment in ((GATEWAY, "gateway"), (ENGINE, DEMO)):
            (other,) = free_ports(1)
            place = (f"--resources={json.dumps({deployment: 1})}", f"--dashboard-agent-listen-port={other}")
            cluster.start(address, f"--address={cluster.gcs}", *place)
        cluster.deploy(_config(home, gateway, engine))
        yield cluster
    finally:
        Owner(str(home), home).end_all()


def _environment(home: Path) -> dict[str, str]:
    """KubeRay sets the token in every pod."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(home / "token")}
    return {**inherited, **token, MARK: str(home), "RAY_USAGE_STATS_ENABLED": "0", "RAY_SERVE_KV_TIMEOUT_S": "10"}


def _files(home: Path) -> str:
    """What Secrets and volumes hold; returns an API key."""
    for name in ("etc/keys", "etc/admin", "etc/goal", "log", "lib", "models"):
        (home / name).mkdir(parents=True)
    (home / "etc/admin/token").write_text("admin")
    (home / "etc/admin/look-token").write_text("look")
    write_goal(home / "etc/goal/goal.json", ScalingGoal())
    weights = DemoWeights(home / "made").fetch(BY_NAME[DEMO], lambda _: None)
    assert weights is not None
    (home / "models" / DEMO).symlink_to(weights.path.parent)
    return KeyStore(home / "etc/keys/keys.json").create("me", "2026-01-01T00:00:00Z")


def _config(home: Path, gateway_port: int, engine_port: int) -> dict[str, Any]:
    """What is rendered, with this machine's folders and ports in the place of a pod's."""
    wish = Wish(profile=DEMO, max_model_len=4096, max_num_seqs=2, num_replicas=2, bounds=ReplicaBounds(1, 2))
    plan = plan_for(machine(memory_gib=8, cores=2), wish)
    spec = pod_deployment("e2e", plan, ScalingGoal())
    scaling = spec.scaling and replace(spec.scaling, policy=ScalingPolicy(least_hold_s=HOLD_S))
    text = json.dumps(serve_config(replace(spec, scaling=scaling), Pods(1, GOAL_PATH)))
    for folder, here in FOLDERS.items():
        text = text.replace(folder, f"{folder[: folder.index('/')]}{home / here}")
    for port, here_port in ((SERVE_PORT, gateway_port), (ENGINE_PORT, engine_port)):
        text = text.replace(f'"port": {port}', f'"port": {here_port}')
    return dict(json.loads(text))
