"""The script that makes an environment with vLLM's CPU build: all but pip's own work, which takes minutes."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from bench.vllm_cpu import (
    NEEDED_BYTES,
    STEPS,
    metadata_file,
    problem,
    python_of,
    silence_missing_operators,
    site_packages,
    write_metadata,
)


def script(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench.vllm_cpu", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def laid_out(folder: Path) -> Path:
    (site_packages(folder) / "torchvision").mkdir(parents=True)
    (site_packages(folder) / "torchvision" / "_meta_registrations.py").write_text("import torchvision.extension")
    return folder


def test_the_packages_are_where_an_environment_of_this_python_has_them(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path)], check=True)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    answer = subprocess.run([python_of(tmp_path), "-c", where], capture_output=True, text=True, check=True)
    assert Path(answer.stdout.strip()) == site_packages(tmp_path)


def test_every_version_is_pinned_and_nothing_is_installed_before_the_right_pytorch() -> None:
    packages = [step.arguments[-1] for step in STEPS if step.arguments[0] == "install"]
    assert packages[0].startswith("torch==")
    assert all("==" in package for package in packages)


def test_vllm_finds_its_own_metadata(tmp_path: Path) -> None:
    write_metadata(laid_out(tmp_path))
    found = Distribution.at(metadata_file(tmp_path).parent)
    assert (found.metadata["Name"], found.version) == ("vllm", "0.32.0+cpu")


def test_torchvision_registers_nothing(tmp_path: Path) -> None:
    silence_missing_operators(laid_out(tmp_path))
    assert (site_packages(tmp_path) / "torchvision" / "_meta_registrations.py").read_text() == ""


def test_what_is_whole_is_left_alone_and_named(tmp_path: Path) -> None:
    folder = laid_out(tmp_path / "with space")
    write_metadata(folder)
    done = script(str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"export QORCH_VLLM_PYTHON='{folder}/bin/python'\n"


@pytest.mark.parametrize("arguments", [(), ("a", "b"), ("--help",)])
def test_anything_but_a_folder_is_answered_with_the_usage(arguments: tuple[str, ...]) -> None:
    done = script(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "usage: python -m bench.vllm_cpu FOLDER\n")


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert script(str(tmp_path)).stderr == f"{tmp_path}: not empty, and no environment of Python; name a new folder\n"


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert script(str(tmp_path / "file" / "in")).stderr == f"{tmp_path / 'file'}: a file, where a folder is needed\n"


def test_too_little_disk_is_said_in_figures(tmp_path: Path) -> None:
    assert problem(tmp_path, NEEDED_BYTES) is None
    assert problem(tmp_path, 2**30) == f"{tmp_path}: 6 GiB of disk are needed, 1.0 GiB are free"


def test_an_environment_that_was_interrupted_is_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "pyvenv.cfg").write_text("")
    assert problem(tmp_path, NEEDED_BYTES) is None
