"""A Ray head on this host that belongs to one fleet: started on loopback with its own ports, folder and token."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.files import write_private
from orchestrator.adapters.owned_processes import MARK, Owner
from orchestrator.adapters.ports import LOOPBACK, free_ports
from orchestrator.core.errors import EnvironmentNotReady

START_TIMEOUT_S = 120
OBJECT_STORE_BYTES = 80_000_000  # Ray's least is 75 MB; qorch keeps nothing in it
NOT_INHERITED = ("RAY_", "CUDA_VISIBLE_DEVICES")


@dataclass(frozen=True)
class RayPorts:
    """Every port that Ray would otherwise take from fixed numbers."""

    gcs: int
    dashboard: int
    dashboard_agent: int
    ray_client: int
    autoscaler_metrics: int
    dashboard_metrics: int


class RayHead:
    """The Ray processes of one fleet; `fleet_id` marks each of them."""

    def __init__(self, fleet_id: str, token_path: Path) -> None:
        self._fleet_id = fleet_id
        self._token_path = token_path
        self.folder = ray_folder(fleet_id)
        self._temp_dir = self.folder / "r"  # Ray lets everybody write where it keeps its sockets; nobody gets there
        self.owner = Owner(fleet_id, self.folder)

    @property
    def token(self) -> str:
        return self._token_path.read_text().strip()

    def start(self, num_cpus: int, num_gpus: int) -> RayPorts:
        """Start the head; raises EnvironmentNotReady with Ray's own words when it does not come up."""
        ports = RayPorts(*free_ports(6))
        write_private(self._token_path, secrets.token_hex(32))
        make_private_folder(self.folder)
        command = _command(ports, self._temp_dir, num_cpus, num_gpus)
        try:
            done = subprocess.run(
                command, env=self._environment(ports), stdin=subprocess.DEVNULL, capture_output=True,
                text=True, timeout=START_TIMEOUT_S, start_new_session=True, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise EnvironmentNotReady(f"Ray did not start within {START_TIMEOUT_S} s", hint="qorch doctor") from error
        if done.returncode != 0:
            raise EnvironmentNotReady(f"Ray did not start: {_last_words(done)}", hint="qorch doctor")
        return ports

    def stop(self) -> int:
        """End every process of the fleet and remove Ray's folder; returns how many processes there were."""
        ended = self.owner.end_all()
        shutil.rmtree(self.folder, ignore_errors=True)
        return ended

    def _environment(self, ports: RayPorts) -> dict[str, str]:
        """Ray counts the devices of the plan, which has heeded what the person hides: Ray would count otherwise."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
        return inherited | {
            MARK: self._fleet_id,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(self._token_path),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # the switch that keeps Ray's own servers on loopback
            "RAY_TMPDIR": str(self._temp_dir),
            "RAY_SERVE_KV_TIMEOUT_S": "10",
            "AUTOSCALER_METRIC_PORT": str(ports.autoscaler_metrics),
            "DASHBOARD_METRIC_PORT": str(ports.dashboard_metrics),
        }


def ray_folder(fleet_id: str) -> Path:
    """A short path, since Ray puts Unix sockets (at most 107 bytes) below it."""
    digest = hashlib.sha256(fleet_id.encode()).hexdigest()[:8]
    return Path(tempfile.gettempdir()) / f"qorch-{os.getuid()}-{digest}"


def claims_folder() -> Path:
    """Where all fleets of this user note which GPUs are taken."""
    return Path(tempfile.gettempdir()) / f"qorch-{os.getuid()}-gpus"


def make_private_folder(folder: Path) -> None:
    """Create it for us alone; raises EnvironmentNotReady when somebody else's is in its place."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise EnvironmentNotReady(f"{folder} belongs to somebody else", hint=f"ls -ld {folder}")
    folder.chmod(0o700)


def _command(ports: RayPorts, temp_dir: Path, num_cpus: int, num_gpus: int) -> list[str]:
    options = {
        "node-ip-address": LOOPBACK,
        "port": ports.gcs,
        "include-dashboard": "true",
        "dashboard-host": LOOPBACK,
        "dashboard-port": ports.dashboard,
        "dashboard-agent-listen-port": ports.dashboard_agent,
        "ray-client-server-port": ports.ray_client,
        "include-log-monitor": "false",
        "object-store-memory": OBJECT_STORE_BYTES,
        "temp-dir": temp_dir,
        "num-cpus": num_cpus,
        "num-gpus": num_gpus,
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--disable-usage-stats", *flags]


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit status {done.returncode}"
