"""`qorch top` without a terminal: one look, a recording in the making, and what is said where neither can be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from orchestrator.adapters.demo_fleet import RECORDING
from orchestrator.adapters.demo_fleet.planned import planned
from orchestrator.adapters.demo_fleet.site import Site
from orchestrator.adapters.recording import Recording
from orchestrator.cli import compose
from orchestrator.cli.fleets_wish import Wish
from orchestrator.cli.top_feeds import Look, Source
from orchestrator.cli.top_reference import PAGE, reference
from orchestrator.cli.top_web import web_arguments
from orchestrator.core.errors import ExitCode
from orchestrator.core.live.reading import Reading
from tests.cli.conftest import Qorch

BEGIN_S = 1_700_000_000.0
LOOK = ("--refresh", "0.2")
RECORD_FOREVER = """
import signal
import sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which `nohup` has its children ignore
from orchestrator.cli import compose
from orchestrator.cli.main import main
from tests.cli.test_top import SimulatedWatch
compose.fleets.watch = lambda fleet, place, every_s: SimulatedWatch()
sys.argv = ["qorch", "top", "--refresh", "0.2", "--record", sys.argv[1]]
main()
"""


class SimulatedWatch:
    """Satisfies `orchestrator.app.ports.Watch`; a second goes by between two looks."""

    name = "prod"

    def __init__(self) -> None:
        self._site, self._second = Site(planned(), BEGIN_S), 0

    def read(self) -> Reading:
        self._second += 1
        return self._site.step(float(self._second))

    def log(self, replica_id: str, previous: bool = False) -> None:
        return None

    def logged(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None: ...


@pytest.fixture
def watch(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose.fleets, "watch", lambda fleet, place, every_s: SimulatedWatch())


# -- a cluster


LAB = compose.places.ClusterPlace(Path("/lab.yaml"), "lab", "llm")


def source(place: compose.places.ClusterPlace | None, demo: bool = False) -> Source:
    return Source(Wish(("prod",), (place,)), 0.5, None, demo, None, 1)


def test_an_api_server_is_asked_every_two_seconds_at_most():
    asked = [source(None), source(LAB), source(LAB, demo=True), replace(source(LAB), asked_every_s=5.0)]
    assert [each.every_s for each in asked] == [0.5, 2.0, 0.5, 5.0]


def test_each_browser_looks_at_the_same_cluster_and_only_looks():
    words = web_arguments(source(LAB), Look("qorch-dark", allow_changes=False))
    assert words[:8] == [
        "--fleet", "prod", "--kubeconfig", "/lab.yaml", "--namespace", "llm", "--kube-context", "lab",
    ]  # fmt: skip
    assert "--readonly" in words


# -- one look


@pytest.mark.usefixtures("watch")
def test_once_prints_the_head_and_the_table_with_rates_of_two_looks(qorch: Qorch, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "120")
    done = qorch("top", "--once", *LOOK)
    head, served, around, empty, titles, *rows = done.out.splitlines()
    assert done.code == ExitCode.OK
    assert head.startswith("simulated  ● Ready  2/2 ready  qwen3.5-4b-bf16")
    assert "TTFT p50/p99" in served
    assert around.startswith("running ")
    assert (empty, titles.split()[:2]) == ("", ["REPLICA", "STATE"])
    assert len(rows) == 3
    end = titles.index("TOK/S") + len("TOK/S")
    assert any("qwen3.5-4b-bf16 " in row and int(row[:end].split()[-1].replace(",", "")) > 0 for row in rows)
    assert max(map(len, done.out.splitlines())) <= 120


@pytest.mark.usefixtures("watch")
@pytest.mark.parametrize("width", ["20", "80", "200"])
def test_the_text_keeps_within_the_terminal(qorch: Qorch, monkeypatch: pytest.MonkeyPatch, width: str):
    monkeypatch.setenv("COLUMNS", width)
    assert max(map(len, qorch("top", "--once", *LOOK).out.splitlines())) <= int(width)


@pytest.mark.usefixtures("watch")
def test_once_as_json_and_as_yaml_are_the_same_fields(qorch: Qorch):
    data = json.loads(qorch("top", "--once", "-o", "json", *LOOK).out)
    assert data == yaml.safe_load(qorch("top", "--once", "-o", "yaml", *LOOK).out)
    assert (data["at_s"], data["fleet"], data["phase"], data["note"]) == (BEGIN_S + 2, "simulated", "Ready", "")
    assert data["summary"]["ready_replicas"] == 2
    assert data["summary"]["generation_tok_s"] > 0
    assert [row["deployment"] for row in data["replicas"]] == ["qwen3.5-4b-bf16"] * 2 + ["gateway"]


@pytest.mark.usefixtures("watch")
def test_wide_has_every_column_and_name_the_replicas_alone(qorch: Qorch):
    wide, names = (qorch("top", "--once", "-o", format_, *LOOK).out for format_ in ("wide", "name"))
    assert {"HOST", "TEMP", "POWER", "REASON"} <= set(wide.splitlines()[4].split())
    assert len(names.split()) == 3
    assert all(name in wide for name in names.split())


def test_a_recording_once_is_its_end(qorch: Qorch):
    done = qorch("top", "--replay", str(RECORDING), "--once", "-o", "json")
    assert json.loads(done.out)["at_s"] == Recording(RECORDING).end_s


def test_the_demo_needs_no_fleet_and_says_that_it_is_simulated(qorch: Qorch):
    done = qorch("top", "--demo", "--once")
    assert (done.code, done.out.split()[0]) == (ExitCode.OK, "simulated")
    assert "simulated, no fleet:" in done.out.splitlines()[0]


# -- what cannot be


def test_without_a_fleet_it_says_what_can_be_looked_at(qorch: Qorch):
    done = qorch("top", "--once", "--fleet", "other")
    assert done.code == ExitCode.ENVIRONMENT_NOT_READY
    assert done.error == "there is no fleet 'other' on this host"
    assert done.hint == "qorch up --fleet other; without a fleet: qorch top --demo"


@pytest.mark.parametrize("more", [(), ("--demo",), ("--replay", str(RECORDING))])
def test_without_a_terminal_it_says_how_to_look(qorch: Qorch, more: tuple[str, ...]):
    done = qorch("top", *more)
    assert done.code == ExitCode.USAGE
    assert (done.error, done.hint) == ("a screen needs a terminal, and there is none", "qorch top --once")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--demo", "--replay", str(RECORDING)), "--replay and --demo do not go together"),
        (("--demo", "--record", "x"), "--demo and --record do not go together"),
        (("--once", "--record", "x"), "--once prints one look"),
        (("--record-for", "5s"), "--record-for says how long to record"),
        (("--once", "--record-limit", "5"), "expected a size such as 256MiB"),
        (("--once", "--record-limit", "0MiB"), "expected a size such as 256MiB"),
        (("--web", "--record", "x"), "--record is of one screen"),
        (("--replay", "absent"), "'absent' does not exist"),
        (("--replay", "."), "is a directory"),
    ],
)
def test_what_does_not_go_together_is_told(qorch: Qorch, arguments: tuple[str, ...], told: str):
    done = qorch("top", *arguments)
    assert done.code == ExitCode.USAGE
    assert told in done.error


def test_a_file_that_is_no_recording_is_told(qorch: Qorch, tmp_path: Path):
    (tmp_path / "notes").write_text("hello")
    done = qorch("top", "--once", "--replay", str(tmp_path / "notes"))
    assert done.code == ExitCode.USAGE
    assert done.error.startswith(f"{tmp_path}/notes: it is no recording of qorch")


# -- recording without a screen


@pytest.mark.usefixtures("watch")
def test_for_a_while_it_records_and_says_how_to_see_it(qorch: Qorch, tmp_path: Path):
    path = tmp_path / "fleet.rec"
    done = qorch("top", "--record", str(path), "--record-for", "1s", *LOOK)
    assert (done.code, done.out) == (ExitCode.OK, "")
    assert done.err.splitlines()[-1].endswith(f": qorch top --replay {path}")
    times = [each.bare().at_s for each in Recording(path).frames(0)]
    assert times == [BEGIN_S + 1 + place for place in range(len(times))]
    assert len(times) > 1
    assert Recording(path).header.fleet == "prod"


@pytest.mark.usefixtures("watch")
def test_a_file_that_is_there_is_not_written_over(qorch: Qorch, tmp_path: Path):
    (tmp_path / "fleet.rec").write_text("mine")
    done = qorch("top", "--record", str(tmp_path / "fleet.rec"), "--record-for", "1s")
    assert (done.code, (tmp_path / "fleet.rec").read_text()) == (ExitCode.USAGE, "mine")
    assert "is there already" in done.error


@pytest.mark.usefixtures("watch")
def test_where_nothing_can_be_written_it_says_so(qorch: Qorch, tmp_path: Path):
    done = qorch("top", "--record", str(tmp_path / "absent" / "fleet.rec"), "--record-for", "1s")
    assert done.code == ExitCode.ENVIRONMENT_NOT_READY
    assert "No such file or directory" in done.error


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_a_recording_well(tmp_path: Path, number: signal.Signals):
    path, root = tmp_path / "fleet.rec", Path(__file__).parents[2]
    child = subprocess.Popen(
        [sys.executable, "-c", RECORD_FOREVER, str(path)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert child.stderr is not None
    assert "until a signal ends it" in child.stderr.readline()
    child.send_signal(number)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (0, "")
    looks = sum(1 for _ in Recording(path).frames(0)) if "recorded 0 looks" not in err else 0
    assert f"recorded {looks:,} looks" in err


# -- what is printed is documented


def test_the_page_of_fields_is_current():
    assert PAGE.read_text() == reference()


@pytest.mark.usefixtures("watch")
def test_every_field_that_is_printed_is_on_the_page(qorch: Qorch):
    data, page = json.loads(qorch("top", "--once", "-o", "json", *LOOK).out), PAGE.read_text()
    rows = [data, data["summary"], data["replicas"][0], data["gpus"][0], data["sources"][0], data["decisions"][0]]
    for name in {name for row in rows for name in row} - {"note"}:
        assert f"| `{name}` |" in page
