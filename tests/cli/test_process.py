"""The command as a process: signals, pipes, and what it does not load."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.adapters.fleet_files import FleetFiles, FleetRecord
from tests.app.samples import demo_spec

QORCH = (sys.executable, "-m", "orchestrator.cli")
HELP_OF_EVERYTHING = """
import sys
from orchestrator.cli.main import run
from orchestrator.cli.root import VERBS
verbs = [[], *([verb] for verb in VERBS), ["keys", "create"], ["keys", "list"], ["keys", "revoke"]]
verbs += [["profiles", "list"], ["profiles", "show"], ["profiles", "validate"]]
assert [run([*verb, "--help"]) for verb in verbs] == [0] * len(verbs)
heavy = {"ray", "kubernetes", "textual", "pynvml", "vllm", "xllamacpp", "pydantic", "httpx", "huggingface_hub", "numpy"}
print("loaded:", *(heavy & {name.partition(".")[0] for name in sys.modules}))
"""
SLOW_UP = """
import sys, time
from orchestrator.adapters import ports
from orchestrator.adapters.in_memory import InMemoryRuntime
from orchestrator.cli import compose
from orchestrator.cli.main import main
from tests.cli.conftest import HereWeights
from tests.core.machines import machine

class Slow(InMemoryRuntime):
    def prepare(self, num_cpus, num_gpus):
        print("started", flush=True)
        time.sleep(30)

    def remove(self):
        if self.calls:
            time.sleep(0.5)
            print("taken down", flush=True)
        return super().remove()

ports.port_problem = lambda *_: None
compose.fleets.runtime = Slow
compose.stores.weights_store = lambda given: HereWeights()
compose.sites.inventory = machine
sys.argv = ["qorch", "up", "--profile", "demo-gguf"]
main()
"""

SIGNALLED = """
import os, signal, sys
from orchestrator.cli.main import main

main.__globals__[{name!r}] = lambda told: {signalled}
sys.argv = ["qorch", "nonsense"]
main()
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "QORCH_HOME": str(tmp_path / "home"), "PYTHONPATH": str(Path(__file__).parents[2])}


def qorch(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*QORCH, *arguments), env=env, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False
    )


def test_the_help_of_every_verb_is_there_and_loads_nothing_heavy(env: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-c", HELP_OF_EVERYTHING]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "loaded:"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_up_takes_down_what_was_started_and_a_second_does_not_stop_that(
    env: dict[str, str], number: signal.Signals
) -> None:
    command = [sys.executable, "-c", SLOW_UP]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(number)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == "taken down\n"
    assert err.endswith("interrupted\n")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("name", "signalled"),
    [
        pytest.param("message", "os.kill(os.getpid(), signal.SIGTERM)", id="while an error is told"),
        pytest.param("run", "exec('os.kill(os.getpid(), signal.SIGTERM)')", id="in generated code, as dataclasses are"),
    ],
)
def test_a_signal_at_any_moment_ends_the_command_with_130(
    env: dict[str, str], tmp_path: Path, name: str, signalled: str
) -> None:
    (tmp_path / "signalled.py").write_text(SIGNALLED.format(name=name, signalled=signalled))
    command = [sys.executable, "-m", "signalled"]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (130, "")


def test_a_command_under_nohup_outlives_its_terminal(env: dict[str, str]) -> None:
    command = ["nohup", sys.executable, "-c", SLOW_UP]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGHUP)
        time.sleep(1)
        assert process.poll() is None
        process.terminate()
        process.communicate(timeout=20)


def test_watching_ends_with_ctrl_c(env: dict[str, str], tmp_path: Path) -> None:
    files = FleetFiles(tmp_path / "home" / "state", "default")
    files.write(FleetRecord(1, 1, demo_spec(port=1)))
    for path in (files.ray_token_path, files.admin_token_path):
        path.write_text("token")
    command = (*QORCH, "status", "--watch")
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("default: Unavailable")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "interrupted\n")


def test_a_reader_that_leaves_is_no_error(env: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        (*QORCH, "profiles", "list"),
        env=env,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_data_that_cannot_be_written_is_exit_4(env: dict[str, str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            (*QORCH, "profiles", "list"),
            env=env,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 4
    assert done.stderr == "error: No space left on device\nhint: df -h\n"


class TestCompletion:
    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_each_shell_has_its_script(self, env: dict[str, str], shell: str) -> None:
        done = qorch(env, "completion", shell)
        assert done.returncode == 0
        assert f"_QORCH_COMPLETE={shell}_complete" in done.stdout

    def test_the_script_of_bash_is_one(self, env: dict[str, str]) -> None:
        script = qorch(env, "completion", "bash").stdout
        subprocess.run(["bash", "-n"], input=script, text=True, check=True, timeout=10)

    @pytest.mark.parametrize(
        ("typed", "completed"),
        [("qorch st", ["status"]), ("qorch keys re", ["revoke"]), ("qorch up --por", ["--port"])],
    )
    def test_verbs_and_options_are_completed(self, env: dict[str, str], typed: str, completed: list[str]) -> None:
        words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1), "_QORCH_COMPLETE": "bash_complete"}
        done = qorch({**env, **words})
        assert [line.removeprefix("plain,") for line in done.stdout.splitlines()] == completed
