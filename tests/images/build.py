"""Runs a Containerfile's steps below a folder, where there is no container engine.

This machine stands in for the base image, so what only root may do (packages of the system, users) is left out. All
stages share the folder: what one copies of another is there already, but for what is staged.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from tests.images.containerfile import ROOT, Containerfile, Instruction, Stage

PLACED = re.compile(r"(?<![\w./}-])/(opt/qorch|src|staged|etc/profile\.d)\b")
OUTSIDE = re.compile(r"(?<![\w.$}])/(?!tmp\b)\w")
ROOTS_OWN = ("groupadd", "useradd")
SYSTEM = "/usr/bin:/bin"
Environment = dict[str, str]


class Build:
    """What a target's image has, below `folder`."""

    def __init__(self, folder: Path, path: Path, target: str) -> None:
        self._folder, self._file = folder, Containerfile(path)
        self._done: dict[str, Environment] = {}
        self._prepare()
        self.environment = self._stage(target)

    def run(self, *command: str, **environment: str) -> str:
        """What a command in a container of the image prints; raises AssertionError if it fails."""
        return printed(command, self._folder / "work", {**self.environment, **environment})

    def _prepare(self) -> None:
        """Besides folders: programs of the base, and a login shell that reads the image's profile after its own."""
        for name in ("work", "home", "bin", "src", "etc/profile.d"):
            (self._folder / name).mkdir(parents=True)
        programs = self._folder / "bin"
        for name in ROOTS_OWN:
            (programs / name).symlink_to("/bin/true")
        for name in ("python", "pip"):
            (programs / name).write_text(f'#!/bin/sh\nexec "{Path(sys.executable).parent}/{name}" "$@"\n')
            (programs / name).chmod(0o755)
        profile = f'for each in {self._folder}/etc/profile.d/*; do . "$each"; done\n'
        (self._folder / "home/.bash_profile").write_text(profile)

    def _stage(self, name: str) -> Environment:
        """Its environment, once all that it needs is built and its own steps have run."""
        if name not in self._done:
            stage = self._file.stages[name]
            for each in sorted(stage.needs & set(self._file.stages)):
                self._stage(each)
            self._done[name] = self._steps(stage)
        return self._done[name]

    def _steps(self, stage: Stage) -> Environment:
        environment = dict(self._done.get(stage.base) or self._bare())
        for each in stage.instructions:
            match each.name:
                case "ENV":
                    environment |= self._set(each, environment)
                case "COPY" if each.source_stage is None:
                    self._take(each)
                case "COPY" if "/staged" in each.words:
                    staged = f"{self._folder}/staged{self._folder}"
                    shutil.copytree(staged, self._folder, dirs_exist_ok=True, symlinks=True)
                case "RUN" if "apt-get" not in each.value:
                    printed(self._command(each), self._folder / "src", environment)
        return environment

    def _bare(self) -> Environment:
        """Of the base image, and how this machine reaches the package index."""
        own = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "HTTPS_"))}
        return {**own, "HOME": str(self._folder / "home"), "PATH": f"{self._folder}/bin:{SYSTEM}"}

    def _placed(self, text: str) -> str:
        return PLACED.sub(rf"{self._folder}/\1", text)

    def _set(self, each: Instruction, known: Environment) -> Environment:
        named = (word.partition("=") for word in each.words)
        return {name: Template(self._placed(value)).safe_substitute(known) for name, _, value in named}

    def _take(self, each: Instruction) -> None:
        """Copies of the context."""
        *names, _ = each.words
        for source in context() if names == ["."] else map(ROOT.joinpath, names):
            if source.is_dir():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, self._folder / "src" / source.name, ignore=ignore)
            else:
                shutil.copy(source, self._folder / "src")

    def _command(self, each: Instruction) -> list[str]:
        """Raises AssertionError for one that may reach beyond the folder."""
        command = json.loads(each.value) if each.value.startswith("[") else ["sh", "-ec", self._placed(each.value)]
        elsewhere = re.sub(rf"{re.escape(str(self._folder))}[\w./-]*", "", " ".join(command))
        assert not OUTSIDE.search(elsewhere), command
        return command


def printed(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout


def context() -> list[Path]:
    """What `.dockerignore` lets through."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [path for line in lines if line.startswith("!") for path in ROOT.glob(line[1:])]
