"""The bare-host runtime: a Ray head of our own on this machine, with the fleet's files beside it."""

from __future__ import annotations

import secrets
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from orchestrator.adapters.files import write_private
from orchestrator.adapters.fleet_files import FleetFiles, FleetRecord
from orchestrator.adapters.gateway_api import GatewayApi, client_host
from orchestrator.adapters.ports import LOOPBACK
from orchestrator.adapters.ray_head import RayHead
from orchestrator.adapters.ray_serve import RayServe
from orchestrator.app.ports import FleetPaths, Removal
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import DeployFailed, EnvironmentNotReady
from orchestrator.core.fleet import Application, EngineView, Fleet, conditions, phase

DRAIN_TIMEOUT_S = 35.0


class BareHost:
    """One fleet on this host; satisfies `orchestrator.app.ports.Runtime`."""

    def __init__(self, state_dir: Path, name: str) -> None:
        self.name = name
        self._files = FleetFiles(state_dir, name)
        self._head = RayHead(self._files.fleet_id, self._files.ray_token_path)

    def locked(self, verb: str) -> AbstractContextManager[None]:
        return self._files.locked(verb)

    def deployed(self) -> DeploymentSpec | None:
        record = self._files.read()
        return record.deployed if record is not None and self._alive(record) else None

    def prepare(self, num_cpus: int, num_gpus: int) -> FleetPaths:
        record = FleetRecord(created_at_s=int(time.time()))
        self._files.write(record)
        write_private(self._files.admin_token_path, secrets.token_hex(32))
        ports = self._head.start(num_cpus, num_gpus)
        self._files.update(record, dashboard_port=ports.dashboard)
        return FleetPaths(self._files.log_dir, self._files.admin_token_path)

    def apply(self, spec: DeploymentSpec) -> None:
        record = self._existing()
        self._serve(record).deploy(spec)
        self._files.update(record, deployed=spec)

    def observe(self) -> Fleet | None:
        record = self._files.read()
        if record is None or record.deployed is None:
            return None
        application = self._serve(record).observe()
        gateway = self._gateway(record.deployed)
        ready = gateway.ready()
        return _fleet(self.name, record.deployed, _with_engines(application, gateway.engines()), ready)

    def failure(self) -> DeployFailed | None:
        application = self._serve(self._existing()).observe()
        if application is None or application.status != "DEPLOY_FAILED":
            return None
        return deploy_failure(application.message)

    def remove(self) -> Removal:
        """Drain through Ray Serve when it answers, then end what is left."""
        record = self._files.read_or_forget()
        if record is not None:
            self._drain(record)
        ended = self._head.stop()
        self._files.remove()
        return Removal(existed=record is not None or ended > 0, processes_ended=ended)

    def log_files(self) -> dict[str, Path]:
        files = sorted(self._files.log_dir.glob("engine-*.log"), key=lambda path: path.stat().st_mtime)
        return {path.stem.removeprefix("engine-"): path for path in files}

    # -- parts

    def _alive(self, record: FleetRecord) -> bool:
        """Whether the fleet can be worked with, or at least serves; anything else is what a crash has left."""
        if not record.dashboard_port or not self._head.owner.processes():
            return False
        return self._serve(record).answers() or bool(record.deployed and self._gateway(record.deployed).ready())

    def _drain(self, record: FleetRecord) -> None:
        if not record.dashboard_port or not self._head.owner.processes():
            return
        try:
            self._serve(record).delete()
        except EnvironmentNotReady:
            return
        deadline_s = time.monotonic() + DRAIN_TIMEOUT_S
        while self._serve(record).observe() is not None and time.monotonic() < deadline_s:
            time.sleep(0.1)

    def _existing(self) -> FleetRecord:
        record = self._files.read()
        if record is None:
            raise EnvironmentNotReady(f"there is no fleet {self.name!r}", hint="qorch up --profile auto")
        return record

    def _serve(self, record: FleetRecord) -> RayServe:
        return RayServe(f"http://{LOOPBACK}:{record.dashboard_port}", self._head.token)

    def _gateway(self, spec: DeploymentSpec) -> GatewayApi:
        return GatewayApi(endpoint_url(spec), self._files.admin_token_path.read_text().strip())


def endpoint_url(spec: DeploymentSpec) -> str:
    return f"http://{client_host(spec.gateway.host)}:{spec.gateway.port}"


def deploy_failure(message: str) -> DeployFailed:
    """Ray Serve's message, reduced to our own reason and the engine's last lines where it holds them."""
    lines = [line.rstrip() for line in message.splitlines()]
    reasons = [line.partition("qorch: ")[2] for line in lines if "qorch: " in line]
    log_lines = tuple(line.strip()[2:] for line in lines if line.startswith("  | "))
    reason = reasons[-1] if reasons else next((line for line in reversed(lines) if line), "no reason given")
    return DeployFailed(f"the deployment failed: {reason}", hint="qorch doctor", log_lines=log_lines)


def _with_engines(application: Application | None, engines: dict[str, EngineView] | None) -> Application | None:
    if application is None or engines is None:
        return application
    replicas = tuple(replace(r, engine=engines.get(r.replica_id)) for r in application.replicas)
    return replace(application, replicas=replicas)


def _fleet(name: str, spec: DeploymentSpec, application: Application | None, ready: bool | None) -> Fleet:
    return Fleet(
        name=name,
        phase=phase(application, ready),
        model=spec.engine.served_model_names[0],
        profile=spec.engine.profile,
        engine=spec.engine.engine,
        endpoint=f"{endpoint_url(spec)}/v1",
        target_num_replicas=application.target_num_replicas if application else spec.num_replicas,
        replicas=application.replicas if application else (),
        conditions=conditions(application, ready),
    )
