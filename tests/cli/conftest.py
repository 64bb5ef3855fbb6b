"""Runs the command line in this process, with everything that it keeps below a temporary folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.adapters.in_memory import InMemoryRuntime
from orchestrator.app.weights import OnProgress, ResolvedWeights
from orchestrator.cli import compose
from orchestrator.cli.main import run
from orchestrator.core.plan import Availability
from orchestrator.core.profile import Profile
from tests.app.samples import WEIGHTS
from tests.cli.cluster_lab import Lab, lab, living
from tests.core.machines import HERE, machine
from tests.kube.fixtures import api_server
from tests.kube.server import ApiServer

__all__ = ["api_server"]


@dataclass(frozen=True)
class Done:
    """What a command returned and printed."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The message, where there is exactly one."""
        lines = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.err
        return lines[0].removeprefix("error: ")

    @property
    def hint(self) -> str:
        lines = [line for line in self.err.splitlines() if line.startswith("hint: ")]
        assert len(lines) == 1, self.err
        return lines[0].removeprefix("hint: ")


Qorch = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where qorch keeps what it keeps; the working directory is beside it, and there is no hub."""
    monkeypatch.setenv("QORCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("QORCH_DEBUG", "QORCH_FLEET", "QORCH_WEIGHTS", "QORCH_WEIGHTS_DIR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "home"


@pytest.fixture
def qorch(home: Path, capsys: pytest.CaptureFixture[str]) -> Qorch:
    """`qorch("status", "-o", "json")`."""

    def qorch(*arguments: str) -> Done:
        capsys.readouterr()
        code = run(list(arguments))
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Done(code, printed.out, printed.err)

    return qorch


class HereWeights:
    """Every profile's weights are on this machine."""

    def availability(self, profile: Profile) -> Availability:
        return HERE

    def resolve(self, profile: Profile, progress: OnProgress) -> ResolvedWeights:
        return WEIGHTS


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch) -> HereWeights:
    """Stands in for every place that weights come from, on a machine of 128 GiB without a GPU."""
    here = HereWeights()
    monkeypatch.setattr(compose.stores, "weights_store", lambda given: here)
    monkeypatch.setattr(compose.sites, "inventory", machine)
    return here


@pytest.fixture
def runtime(weights: HereWeights, monkeypatch: pytest.MonkeyPatch) -> InMemoryRuntime:
    """Stands in for this host: fleets live in memory, and listen nowhere."""
    runtime = InMemoryRuntime()
    monkeypatch.setattr("orchestrator.adapters.ports.port_problem", lambda *_: None)
    monkeypatch.setattr(compose.fleets, "runtime", lambda fleet: runtime)
    return runtime


@pytest.fixture
def bare(api_server: ApiServer, tmp_path: Path) -> Iterator[Lab]:
    with lab(api_server, tmp_path) as made:
        yield made


@pytest.fixture
def cluster(bare: Lab) -> Iterator[Lab]:
    with living(bare):
        yield bare


@pytest.fixture
def there(qorch: Qorch, bare: Lab) -> Qorch:
    """A verb over the cluster."""

    def there(verb: str, *arguments: str) -> Done:
        return qorch(verb, *arguments, "--kubeconfig", bare.kubeconfig)

    return there
