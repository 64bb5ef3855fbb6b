"""What pods are started with is in the image: of qorch's packages, of the shell, or of any Debian."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.images.commands import KUBERAY, pod_commands, programs

PACKAGES = Path(sys.executable).parent  # as in the image: of what qorch asks for, at the same versions
EVERY = sorted({name for command in (*pod_commands(), *KUBERAY) for name in programs(command)})


def test_the_programs_of_pods_are_found():
    assert {"ray", "qorch", "python", "bash", "sh", "ln", "seq", "sleep", "["} <= set(EVERY)


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="asks Debian which packages every Debian has")
@pytest.mark.parametrize("name", EVERY)
def test_a_program_is_of_the_packages_the_shells_own_or_in_every_debian(name: str):
    of_the_shell = printed("bash", "-c", f"type -t -- '{name}'") == "builtin\n"
    assert (PACKAGES / name).exists() or of_the_shell or in_every_debian(Path(name).name)


def test_what_only_some_debians_have_is_told():
    assert not in_every_debian("wget")


def in_every_debian(name: str) -> bool:
    """Whether a package that no Debian can be without has the program."""
    found = re.search(rf"^([\w.+-]+): (/usr)?/bin/{re.escape(name)}$", printed("dpkg-query", "-S", f"*/{name}"), re.M)
    return found is not None and printed("dpkg-query", "-W", "-f", "${Essential}", found[1]) == "yes"


def printed(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout


def test_the_autoscaler_that_kuberay_starts_finds_what_it_imports():
    modules = "ray.autoscaler.v2.instance_manager.cloud_providers.kuberay.cloud_provider"
    subprocess.run([sys.executable, "-W", "ignore", "-c", f"import {modules}"], check=True)
    subprocess.run([PACKAGES / "ray", "kuberay-autoscaler", "--help"], check=True, capture_output=True)
