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
from pathlib import Path
from string import Template

from tests.images.containerfile import ROOT, Containerfile, Instruction, Stage

PLACED = re.compile(r"(?<![\w./}-])/(opt/qorch|src|staged|etc/profile\.d)\b")
ROOTS_OWN = ("groupadd", "useradd")
SYSTEM = "/usr/bin:/bin"


class Build:
    """What a target's image has, below `folder`."""

    def __init__(self, folder: Path, path: Path, target: str) -> None:
        self._folder, self._file = folder, Containerfile(path)
        self._done: dict[str, dict[str, str]] = {}
        self._prepare()
        self.environment = self._stage(target)

    def run(self, *command: str, **environment: str) -> str:
        """What a command in a container of the image prints; raises AssertionError if it fails."""
        done = subprocess.run(
            command, env={**self.environment, **environment}, cwd=self._folder / "work", capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
        return done.stdout

    def _prepare(self) -> None:
        for name in ("work", "home", "bin", "etc/profile.d"):
            (self._folder / name).mkdir(parents=True)
        for name in ROOTS_OWN:
            (self._folder / "bin" / name).symlink_to("/bin/true")
        for name in ("python", "pip"):
            (self._folder / "bin" / name).write_text(f'#!/bin/sh\nexec "{Path(sys.executable).parent}/{name}" "$@"\n')
            (self._folder / "bin" / name).chmod(0o755)
        profile = f'for each in {self._folder}/etc/profile.d/*; do . "$each"; done\n'  # after the system's own
        (self._folder / "home/.bash_profile").write_text(profile)

    def _stage(self, name: str) -> dict[str, str]:
        """Its environment, once all that it needs is built and its own steps have run."""
        if name not in self._done:
            stage = self._file.stages[name]
            for each in sorted(stage.needs & set(self._file.stages)):
                self._stage(each)
            self._done[name] = self._steps(stage)
        return self._done[name]

    def _steps(self, stage: Stage) -> dict[str, str]:
        self.environment = dict(self._done.get(stage.base) or self._bare())
        for each in stage.instructions:
            match each.name:
                case "ENV":
                    self._set(each)
                case "COPY":
                    self._copy(each)
                case "RUN" if "apt-get" not in each.value:
                    self._run(each)
        return self.environment

    def _bare(self) -> dict[str, str]:
        """Of the base image, and how this machine reaches the package index."""
        own = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "HTTPS_"))}
        return {**own, "HOME": str(self._folder / "home"), "PATH": f"{self._folder}/bin:{SYSTEM}"}

    def _placed(self, text: str) -> str:
        return PLACED.sub(rf"{self._folder}/\1", text)

    def _set(self, each: Instruction) -> None:
        for word in each.words:
            name, _, value = word.partition("=")
            self.environment[name] = Template(self._placed(value)).safe_substitute(self.environment)

    def _copy(self, each: Instruction) -> None:
        if each.source_stage is None:
            *sources, _ = each.words
            for source in context() if sources == ["."] else map(ROOT.joinpath, sources):
                self._take(source)
        elif "/staged" in each.words:
            shutil.copytree(f"{self._folder}/staged{self._folder}", self._folder, dirs_exist_ok=True, symlinks=True)

    def _take(self, source: Path) -> None:
        (sources := self._folder / "src").mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, sources / source.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, sources)

    def _run(self, each: Instruction) -> None:
        command = json.loads(each.value) if each.value.startswith("[") else ["sh", "-ec", self._placed(each.value)]
        inside = self._folder / "src"
        inside.mkdir(exist_ok=True)
        done = subprocess.run(command, cwd=inside, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"


def context() -> list[Path]:
    """What `.dockerignore` lets through."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [path for line in lines if line.startswith("!") for path in ROOT.glob(line[1:])]
