"""The bare-host runtime: a Ray head of our own on this machine, with the fleet's files beside it."""

from __future__ import annotations

import secrets
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from orchestrator.adapters.files import write_private
from orchestrator.adapters.fleet_files import FleetFiles, FleetRecord
from orchestrator.adapters.gateway_api import GatewayApi, GatewayLook, client_host
from orchestrator.adapters.goal_file import goal_path, write_goal
from orchestrator.adapters.ports import LOOPBACK, is_listened_to
from orchestrator.adapters.process_memory import MemoryMeter
from orchestrator.adapters.ray_head import RayHead, claims_folder
from orchestrator.adapters.ray_serve import RayServe
from orchestrator.adapters.scaling_file import read_decision
from orchestrator.app.ports import FleetPaths, Removal
from orchestrator.core.by_hand import ReplicaOrder
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import DeployFailed, EnvironmentNotReady
from orchestrator.core.fleet import Application, Fleet, command
from orchestrator.core.live.reading import Traffic
from orchestrator.core.observed import fleet_of, with_held

DRAIN_TIMEOUT_S = 35.0
CONTROL_PATIENCE_S = 15.0


class BareHost:
    """One fleet on this host; satisfies `orchestrator.app.ports.Runtime`."""

    where = "on this host"
    look_every_s = 0.2

    def __init__(self, state_dir: Path, name: str) -> None:
        self.name = name
        self._files = FleetFiles(state_dir, name)
        self._head = RayHead(self._files.fleet_id, self._files.ray_token_path)
        self._memory = MemoryMeter()

    def command(self, words: str) -> str:
        return command(words, self.name)

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
        files = self._files
        return FleetPaths(files.log_dir, files.admin_token_path, claims_folder(), files.scaling_path)

    def apply(self, spec: DeploymentSpec) -> None:
        record = self._existing()
        if spec.scaling is not None:
            write_goal(goal_path(self._files.scaling_path), spec.scaling.goal)
        self._serve(record).deploy(spec)
        self._files.update(record, deployed=spec)

    def observe(self) -> Fleet | None:
        """Where the traffic does not tell whether a model answers, one is asked."""
        record = self._files.read()
        if record is None or record.deployed is None:
            return None
        gateway = self._gateway(record.deployed)
        return self._fleet(record, record.deployed, gateway.ready(), gateway.look())

    def look(self) -> tuple[Fleet, Traffic | None] | None:
        """As `observe`, for who looks again and again: no engine is asked, so that looking is no work for one.

        The traffic is None where the gateway does not answer.
        """
        record = self._files.read()
        if record is None or record.deployed is None:
            return None
        told = self._gateway(record.deployed).look()
        fleet = self._fleet(record, record.deployed, told.any_ready if told else None, told)
        return fleet, told.traffic if told else None

    def order(self, order: ReplicaOrder) -> None:
        self._gateway(self._deployed()).order(order)

    def failure(self) -> DeployFailed | None:
        record = self._existing()
        application = self._serve(record).observe()
        if application is None:
            return None if is_listened_to(record.dashboard_port) else self._ray_is_gone()
        return deploy_failure(application.message) if application.status == "DEPLOY_FAILED" else None

    def remove(self) -> Removal:
        """Drain through Ray Serve when a model answers, then end what is left."""
        existed = self._files.exist
        record = self._files.read_or_forget()
        if record is not None:
            self._drain(record)
        ended = self._head.stop()
        self._files.remove()
        return Removal(existed=existed or ended > 0, processes_ended=ended)

    def owns(self, pid: int) -> bool:
        """Whether a process of this host is one of the fleet's."""
        return self._head.owner.owns_pid(pid)

    def log_files(self) -> dict[str, Path]:
        files = sorted(self._files.log_dir.glob("engine-*.log"), key=lambda path: path.stat().st_mtime)
        return {path.stem.removeprefix("engine-"): path for path in files}

    # -- parts

    def _fleet(self, record: FleetRecord, spec: DeploymentSpec, ready: bool | None, told: GatewayLook | None) -> Fleet:
        application = self._with_engines(self._serve(record).observe(), told)
        decided = read_decision(self._files.scaling_path)
        fleet = fleet_of(spec, f"{endpoint_url(spec)}/v1", application, ready, decided)
        return with_held(fleet, told.held if told else None)

    def _with_engines(self, application: Application | None, told: GatewayLook | None) -> Application | None:
        if application is None or told is None:
            return application
        taken = self._memory.read(engine.pid for engine in told.engines.values())
        measured = {name: replace(each, memory_bytes=taken[each.pid]) for name, each in told.engines.items()}
        replicas = tuple(replace(r, engine=measured.get(r.replica_id)) for r in application.replicas)
        return replace(application, replicas=replicas)

    def _alive(self, record: FleetRecord) -> bool:
        """Whether the fleet can be worked with, or at least serves; anything else is what a crash has left."""
        if not record.dashboard_port or not self._head.owner.processes():
            return False
        return self._controlled(record) or self._serves(record)

    def _controlled(self, record: FleetRecord) -> bool:
        """Whether Ray Serve answers; a Ray that is busy is given time, one that is gone is not."""
        deadline_s = time.monotonic() + CONTROL_PATIENCE_S
        while is_listened_to(record.dashboard_port) and time.monotonic() < deadline_s:
            if self._serve(record).answers():
                return True
            if self._serves(record):
                return False
            time.sleep(0.2)
        return False

    def _serves(self, record: FleetRecord) -> bool:
        return record.deployed is not None and bool(self._gateway(record.deployed).ready())

    def _drain(self, record: FleetRecord) -> None:
        """Let replicas finish what they answer, where one answers and there is a control plane to stop it."""
        if not self._serves(record) or not self._serve(record).answers():
            return
        with suppress(EnvironmentNotReady):
            self._serve(record).delete()
        deadline_s = time.monotonic() + DRAIN_TIMEOUT_S
        while self._serve(record).observe() is not None and time.monotonic() < deadline_s:
            time.sleep(0.1)

    def _ray_is_gone(self) -> DeployFailed:
        return DeployFailed(
            f"Ray has ended while the fleet {self.name!r} was wanted",
            hint=f"{command('down', self.name)}, then qorch up again",
        )

    def _existing(self) -> FleetRecord:
        record = self._files.read()
        if record is None:
            raise EnvironmentNotReady(f"there is no fleet {self.name!r}", hint=command("up", self.name))
        return record

    def _deployed(self) -> DeploymentSpec:
        deployed = self._existing().deployed
        if deployed is None:
            raise EnvironmentNotReady(f"nothing is deployed as {self.name!r}", hint=command("up", self.name))
        return deployed

    def _serve(self, record: FleetRecord) -> RayServe:
        return _ray_serve(f"http://{LOOPBACK}:{record.dashboard_port}", self._head.token)

    def _gateway(self, spec: DeploymentSpec) -> GatewayApi:
        return _gateway_api(endpoint_url(spec), self._files.admin_token_path.read_text().strip())


_ray_serve, _gateway_api = lru_cache(RayServe), lru_cache(GatewayApi)  # whose connections are kept


def endpoint_url(spec: DeploymentSpec) -> str:
    return f"http://{client_host(spec.gateway.host)}:{spec.gateway.port}"


def deploy_failure(message: str) -> DeployFailed:
    """Ray Serve's message, reduced to our own last reason and the engine's lines after it, where it holds them."""
    lines = [line.rstrip() for line in message.splitlines() if line.strip()]
    reason = (lines or ["no reason given"])[-1].strip()
    log_lines: list[str] = []
    for line in lines:
        if "qorch: " in line:
            reason, log_lines = line.partition("qorch: ")[2], []
        elif line.lstrip().startswith("| "):
            log_lines.append(line.lstrip()[2:])
    return DeployFailed(f"the deployment failed: {reason}", hint="qorch doctor", log_lines=tuple(log_lines))
