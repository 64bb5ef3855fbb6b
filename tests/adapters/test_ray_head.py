"""How the Ray head is started, with a stand-in for Ray's own command; a real one is started in tests/e2e."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters import ray_head
from orchestrator.adapters.owned_processes import MARK
from orchestrator.adapters.ray_head import RayHead, make_private_folder, ray_folder
from orchestrator.core.errors import EnvironmentNotReady


class Ray:
    """Stands in for `subprocess.run`: keeps the command and its environment."""

    def __init__(self, returncode: int = 0, stderr: str = "", error: Exception | None = None) -> None:
        self.returncode, self.stderr, self.error = returncode, stderr, error
        self.command: list[str] = []
        self.options: dict[str, Any] = {}

    def __call__(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        self.command, self.options = command, options
        if self.error is not None:
            raise self.error
        return subprocess.CompletedProcess(command, self.returncode, "", self.stderr)

    def flag(self, name: str) -> str:
        return next(part for part in self.command if part.startswith(f"--{name}=")).partition("=")[2]


@pytest.fixture
def head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RayHead:
    monkeypatch.setattr(ray_head.tempfile, "gettempdir", lambda: str(tmp_path))
    return RayHead(f"{tmp_path}/state/mine", tmp_path / "token")


def started(head: RayHead, monkeypatch: pytest.MonkeyPatch, ray: Ray | None = None) -> Ray:
    ray = ray or Ray()
    monkeypatch.setattr(ray_head.subprocess, "run", ray)
    head.start(num_cpus=4, num_gpus=1)
    return ray


def test_everything_is_on_loopback_and_its_own(head: RayHead, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = started(head, monkeypatch)
    assert ray.flag("node-ip-address") == ray.flag("dashboard-host") == "127.0.0.1"
    assert (ray.flag("num-cpus"), ray.flag("num-gpus")) == ("4", "1")
    assert Path(ray.flag("temp-dir")).parent == head.folder
    ports = [ray.flag(name) for name in ("port", "dashboard-port", "dashboard-agent-listen-port")]
    assert len(set(ports)) == 3


def test_its_processes_carry_the_fleets_mark_and_a_token_that_only_we_can_read(
    head: RayHead, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment = started(head, monkeypatch).options["env"]
    assert environment[MARK] == f"{tmp_path}/state/mine"
    assert environment["RAY_AUTH_MODE"] == "token"
    assert environment["RAY_AUTH_TOKEN_PATH"] == str(tmp_path / "token")
    assert len(head.token) == 64
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


def test_another_rays_settings_do_not_reach_it(head: RayHead, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    assert "RAY_ADDRESS" not in started(head, monkeypatch).options["env"]


def test_ctrl_c_does_not_reach_it(head: RayHead, monkeypatch: pytest.MonkeyPatch) -> None:
    assert started(head, monkeypatch).options["start_new_session"] is True


@pytest.mark.parametrize(
    ("ray", "message"),
    [
        (Ray(returncode=1, stderr="Usage\nRuntimeError: no room in /dev/shm\n"), "RuntimeError: no room in /dev/shm"),
        (Ray(returncode=7), "exit status 7"),
        (Ray(error=subprocess.TimeoutExpired("ray", 120)), "within 120 s"),
    ],
)
def test_a_ray_that_does_not_start_is_told_in_its_own_words(
    head: RayHead, monkeypatch: pytest.MonkeyPatch, ray: Ray, message: str
) -> None:
    with pytest.raises(EnvironmentNotReady, match=message):
        started(head, monkeypatch, ray)


def test_stopping_removes_its_folder(head: RayHead, monkeypatch: pytest.MonkeyPatch) -> None:
    started(head, monkeypatch)
    (head.folder / "session").mkdir()
    assert head.stop() == 0
    assert not head.folder.exists()


def test_each_fleet_has_a_folder_of_its_own_that_is_short_enough_for_sockets() -> None:
    one, two = ray_folder("/home/me/.local/state/qorch/one"), ray_folder("/home/me/.local/state/qorch/two")
    assert one != two
    assert len(str(one) + "/session_2026-11-24_12-00-00_000000_1234567/sockets/plasma_store") < 107


def test_a_private_folder_is_for_us_alone(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "mine")
    make_private_folder(tmp_path / "mine")
    assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == 0o700


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "mine").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EnvironmentNotReady, match="belongs to somebody else"):
        make_private_folder(tmp_path / "mine")


def test_somebody_elses_folder_in_its_place_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.setattr(ray_head.os, "getuid", lambda: os.stat(tmp_path).st_uid + 1)
    with pytest.raises(EnvironmentNotReady, match="belongs to somebody else"):
        make_private_folder(tmp_path / "mine")
