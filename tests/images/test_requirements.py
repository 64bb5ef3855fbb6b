"""images/requirements.py: what an image installs, of what pyproject.toml asks for."""

from __future__ import annotations

import subprocess
import sys
import tomllib

from tests.images.containerfile import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def requirements(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "images/requirements.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_all_that_the_project_asks_for():
    assert requirements().stdout.splitlines() == PROJECT["dependencies"]


def test_an_extra_comes_last():
    assert requirements("--extra", "gpu").stdout.splitlines() == [
        *PROJECT["dependencies"],
        *PROJECT["optional-dependencies"]["gpu"],
    ]


def test_without_a_package_its_extra_and_its_version():
    left = requirements("--without", "ray", "numpy").stdout.splitlines()
    assert left == [each for each in PROJECT["dependencies"] if not each.startswith(("ray", "numpy"))]


def test_what_the_project_does_not_ask_for_is_refused_so_that_no_old_name_stays():
    for arguments, name in ((("--without", "ray", "numpi"), "numpi"), (("--extra", "tpu"), "'tpu'")):
        done = requirements(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"pyproject.toml has no {name}\n")
