"""Whatever is wrong: one message, a hint, the documented exit code, nothing on stdout, no traceback, nothing left."""

from __future__ import annotations

import errno
import socket
from pathlib import Path
from typing import NoReturn

import pytest

from orchestrator.adapters.fleet_files import FleetFiles
from orchestrator.adapters.in_memory import InMemoryRuntime
from orchestrator.cli import compose
from orchestrator.cli.wish import BOUNDS_HINT
from tests.cli.conftest import HereWeights, Qorch

SMALL = "host: {memory_gib: 8, cpu_cores: 4, cpu_model: old, disk_free_gib: 50}\n"


@pytest.mark.parametrize(
    ("line", "error", "hint"),
    [
        ("upp", "no such command: 'upp'; did you mean 'up'?", "qorch --help"),
        ("stauts", "no such command: 'stauts'; did you mean 'status'?", "qorch --help"),
        ("xyzzy", "no such command: 'xyzzy'", "qorch --help"),
        ("keys lst", "No such command 'lst'. Did you mean 'list'?", "qorch keys --help"),
        ("up --prot 1", "No such option '--prot'. (Did you mean one of: '--host', '--port'", "qorch up --help"),
        ("up --port 99999", "Invalid value for '--port' (env var: 'QORCH_PORT'): 99999 is not in", "qorch up --help"),
        ("up --port web", "Invalid value for '--port' (env var: 'QORCH_PORT'): 'web' is not", "qorch up --help"),
        (
            "up --host http://x",
            "Invalid value for '--host' (env var: 'QORCH_HOST'): expected an addr",
            "qorch up --help",
        ),
        (
            "up --fleet ../x",
            "Invalid value for '--fleet' (env var: 'QORCH_FLEET'): expected a fleet's name",
            "qorch up --help",
        ),
        ("up --replicas 0", "Invalid value for '--replicas'", "qorch up --help"),
        ("up --timeout never", "Invalid value for '--timeout'", "qorch up --help"),
        ("up --timeout nan", "Invalid value for '--timeout'", "qorch up --help"),
        ("up --weights /nowhere", "Invalid value for '--weights'", "qorch up --help"),
        ("up extra", "Got unexpected extra argument (extra)", "qorch up --help"),
        ("scale", "either N, or --min, --max or a goal is needed", "qorch scale --help"),
        ("scale 2 --max 3", "either N, or --min, --max or a goal is needed", "qorch scale --help"),
        ("up --min-replicas 3 --max-replicas 2", "at least 3 and at most 2 replicas are no range", BOUNDS_HINT),
        ("up --min-replicas 3", "--min-replicas 3 needs --max-replicas", BOUNDS_HINT),
        ("up --replicas 2 --max-replicas 3", "--replicas fixes what --min-replicas and --max-replicas", BOUNDS_HINT),
        ("scale 0", "Invalid value for 'N': 0 is not in the range", "qorch scale --help"),
        ("scale many", "Invalid value for 'N'", "qorch scale --help"),
        ("status -o xml", "Invalid value for '-o' / '--output'", "qorch status --help"),
        ("completion tcsh", "Invalid value for '{bash|zsh|fish}'", "qorch completion --help"),
        ("plan --profile nonsense", "no profile, precision or model is named 'nonsense'", "qorch profiles list"),
        ("plan --model qwen3.5-9c", "no model is named 'qwen3.5-9c'; did you mean 'qwen3.5-", "qorch profiles list"),
        ("up --profile nonsense", "no profile, precision or model is named 'nonsense'", "qorch profiles list"),
        ("profiles show nonsense", "no profile, precision or model is named 'nonsense'", "qorch profiles list"),
        ("pull nonsense", "no profile, precision or model is named 'nonsense'", "qorch profiles list"),
        ("keys revoke nobody", "there is no active key with the id 'nobody'", "qorch keys list"),
        (
            "plan --hardware a100-8gb",
            "--hardware: 'a100-8gb': expected a GPU of the table",
            'qorch plan --hardware "a100-80gb:2,a6000:1"',
        ),
        (
            "plan --hardware l4:0",
            "--hardware: 'l4:0': expected a whole number",
            'qorch plan --hardware "a100-80gb:2,a6000:1"',
        ),
        (
            "plan --for speed",
            "Invalid value for '--for' (env var: 'QORCH_FOR'): 'speed' is not one",
            "qorch plan --help",
        ),
        ("plan --min-tok-s nan", "Invalid value for '--min-tok-s'", "qorch plan --help"),
        ("plan --max-gpus 0", "Invalid value for '--max-gpus'", "qorch plan --help"),
        ("plan --tensor-parallel-size 3", "Invalid value for '--tensor-parallel-size'", "qorch plan --help"),
        (
            "plan --price h100-80=1",
            "Invalid value for '--price' (env var: 'QORCH_PRICE'): expected gpu, host or a GPU of the table, got "
            "'h100-80' (did you mean h100-80gb",
            "qorch plan --help",
        ),
        (
            "plan --price gpu=-1",
            "Invalid value for '--price' (env var: 'QORCH_PRICE'): expected NAME=AMOUNT",
            "qorch plan --help",
        ),
        (
            "up --price gpu=1 --price gpu=2",
            "Invalid value for '--price' (env var: 'QORCH_PRICE'): expected one price of gpu, got 1 and 2",
            "qorch up --help",
        ),
        ("plan --hardware /", "Invalid value for '--hardware'", "qorch plan --help"),
        ("plan --hardware /nowhere.yaml", "Invalid value for '--hardware'", "qorch plan --help"),
    ],
)
def test_a_command_that_is_wrong_is_exit_2(qorch: Qorch, home: Path, line: str, error: str, hint: str) -> None:
    done = qorch(*line.split())
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith(error)
    assert done.hint == hint
    assert not (home / "state").exists()


@pytest.mark.parametrize(
    ("line", "error", "hint"),
    [
        ("status", "there is no fleet 'default' on this host", "qorch up"),
        ("status --fleet mine", "there is no fleet 'mine' on this host", "qorch up --fleet mine"),
        ("logs", "the fleet 'default' has no engine logs on this host", "qorch status"),
        ("scale 2", "there is no fleet 'default' to scale", "qorch up"),
        (
            "up --host 0.0.0.0",
            "0.0.0.0 can be reached from outside this machine, and there is",
            "qorch keys create NAME",
        ),
        ("up --host ::", ":: can be reached from outside this machine", "qorch keys create NAME"),
        ("up --host example.org", "example.org can be reached from outside this machine", "qorch keys create NAME"),
    ],
)
def test_what_is_not_there_is_exit_4(qorch: Qorch, home: Path, line: str, error: str, hint: str) -> None:
    done = qorch(*line.split())
    assert (done.code, done.out) == (4, "")
    assert done.error.startswith(error)
    assert done.hint == hint
    assert not (home / "state").exists()


def test_down_with_nothing_up_is_well_and_says_so(qorch: Qorch, home: Path) -> None:
    done = qorch("down")
    assert (done.code, done.out) == (0, "")
    assert "there is no fleet 'default' on this host: nothing to do" in done.err
    assert not (home / "state").exists()


@pytest.mark.parametrize("verb", ["", "keys", "profiles"])
def test_no_verb_at_all_shows_the_help_and_is_exit_2(qorch: Qorch, verb: str) -> None:
    done = qorch(*verb.split())
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"Usage: qorch {verb}".rstrip())
    assert "error" not in done.err


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("gpus: [{name: A100", "machine.yaml:"),
        ("host: {cpu_cores: many}\n", "machine.yaml:1: host.cpu_cores: expected"),
        ("\ngpu: []\n", "machine.yaml:2: gpu: "),
        ("- a list\n", "machine.yaml:1"),
        ("\x00", "machine.yaml:1"),
    ],
)
def test_a_broken_hardware_file_is_named_with_its_line(qorch: Qorch, text: str, where: str) -> None:
    Path("machine.yaml").write_text(text)
    done = qorch("plan", "--hardware", "machine.yaml")
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith(where)
    assert "machine.yaml" in done.hint


def test_broken_profiles_are_all_named_and_the_good_ones_told(qorch: Qorch, home: Path) -> None:
    import shutil

    from orchestrator.adapters.profile_files import shipped_profiles_dir

    shutil.copy(shipped_profiles_dir() / "demo.yaml", "good.yaml")
    Path("bad.yaml").write_text("model: [\n")
    Path("worse.yaml").write_text("colour: green\n")
    done = qorch("profiles", "validate", "bad.yaml", "good.yaml", "worse.yaml")
    assert done.code == 2
    assert done.error.startswith("bad.yaml:")
    assert "\nworse.yaml:1: " in done.err
    assert "good.yaml: " in done.err
    assert "all well" in done.err


def test_a_broken_profile_of_ones_own_stops_a_plan_with_its_file_and_line(qorch: Qorch, home: Path) -> None:
    own = home / "config" / "profiles"
    own.mkdir(parents=True)
    (own / "mine.yaml").write_text("colour: green\n")
    done = qorch("plan")
    assert done.code == 2
    assert done.error.startswith(f"{own / 'mine.yaml'}:1: ")


@pytest.mark.parametrize("verb", ["plan --hardware machine.yaml", "up", "up --dry-run"])
def test_a_profile_that_does_not_fit_is_exit_3(
    qorch: Qorch, runtime: InMemoryRuntime, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    from orchestrator.adapters.hardware_file import read_hardware

    Path("machine.yaml").write_text(SMALL)
    monkeypatch.setattr(compose.sites, "inventory", lambda: read_hardware(Path("machine.yaml")))
    done = qorch(*verb.split(), "--profile", "qwen3.5-27b-q8_0")
    assert done.code == 3
    assert "qwen3.5-27b-q8_0" in done.error
    assert done.hint.startswith("qorch plan --profile ")
    assert "prepare" not in runtime.calls


def test_a_port_in_use_is_exit_4_and_leaves_nothing(qorch: Qorch, weights: HereWeights, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = qorch("up", "--profile", "demo-gguf", "--port", str(port))
    assert (done.code, done.out) == (4, "")
    assert done.error == f"cannot listen on 127.0.0.1:{port}: Address already in use"
    assert done.hint == "qorch up --port PORT"
    assert not (home / "state").exists()


def test_weights_that_cannot_be_had_are_exit_4_with_the_way_to_get_them(qorch: Qorch, home: Path) -> None:
    done = qorch("up", "--profile", "qwen3.5-0.8b-q8_0")
    assert (done.code, done.out) == (4, "")
    assert "HF_HUB_OFFLINE" in done.err
    assert done.hint.startswith("qorch pull ")
    assert not (home / "state").exists()


@pytest.mark.parametrize("verb", ["up", "down", "scale 2"])
def test_a_second_command_while_one_runs_is_told_who_holds_the_fleet(qorch: Qorch, home: Path, verb: str) -> None:
    import os

    with FleetFiles(home / "state", "default").locked("up"):
        done = qorch(*verb.split())
    assert (done.code, done.out) == (4, "")
    assert done.error == f"the fleet 'default' is being changed by `qorch up` (pid {os.getpid()})"
    assert done.hint == f"wait until it is done, or stop it: kill {os.getpid()}"


@pytest.mark.parametrize("verb", ["status", "logs x", "scale 2", "up"])
def test_a_damaged_record_is_named_and_down_clears_it(qorch: Qorch, home: Path, verb: str) -> None:
    record = home / "state" / "default" / "fleet.json"
    record.parent.mkdir(parents=True)
    record.write_text("{")
    done = qorch(*verb.split())
    if verb != "logs x":  # a log can be read all the same
        assert str(record) in done.error
        assert done.hint.startswith("qorch down")
    assert done.code == 4
    down = qorch("down")
    assert down.code == 0
    assert "0 processes ended" in down.err
    assert not (home / "state").exists()
    assert qorch("status").error == "there is no fleet 'default' on this host"


def failing(error: BaseException) -> object:
    def fail(*_: object) -> NoReturn:
        raise error

    return fail


@pytest.mark.parametrize(
    ("number", "words", "hint"),
    [
        (errno.ENOSPC, "No space left on device", "df -h"),
        (errno.EACCES, "Permission denied", "ls -ld /weights"),
        (errno.EROFS, "Read-only file system", "ls -ld /weights"),
        (errno.EIO, "Input/output error", "qorch doctor"),
    ],
)
def test_a_disk_that_is_full_or_closed_stops_up_in_plain_words(
    qorch: Qorch,
    runtime: InMemoryRuntime,
    weights: HereWeights,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    words: str,
    hint: str,
) -> None:
    monkeypatch.setattr(weights, "resolve", failing(OSError(number, words, "/weights")))
    done = qorch("up", "--profile", "demo-gguf")
    assert (done.code, done.out) == (4, "")
    assert (done.error, done.hint) == (f"{words}: /weights", hint)
    assert runtime.calls[-1] == "remove"


def test_a_place_that_cannot_be_made_is_the_systems_words_and_exit_4(qorch: Qorch, home: Path) -> None:
    home.write_text("a file in the way")
    done = qorch("down")
    assert (done.code, done.out) == (4, "")
    assert done.error.startswith(("Not a directory", "File exists"))


def test_ctrl_c_during_up_is_exit_130_and_takes_down_what_was_started(
    qorch: Qorch, runtime: InMemoryRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "prepare", failing(KeyboardInterrupt()))
    done = qorch("up", "--profile", "demo-gguf")
    assert (done.code, done.out) == (130, "")
    assert done.err.endswith("interrupted\n")
    assert runtime.calls[-1] == "remove"


def test_a_bug_of_ours_is_called_one_without_a_traceback(qorch: Qorch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose.catalog, "profiles", failing(ZeroDivisionError("division by zero")))
    done = qorch("profiles", "list")
    assert (done.code, done.out) == (1, "")
    assert done.error == "qorch itself failed: ZeroDivisionError: division by zero"
    assert "QORCH_DEBUG=1" in done.hint


def test_the_traceback_of_a_bug_is_there_for_the_asking(qorch: Qorch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QORCH_DEBUG", "1")
    monkeypatch.setattr(compose.catalog, "profiles", failing(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        qorch("profiles", "list")
