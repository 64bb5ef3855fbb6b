"""A Containerfile as tests look at it: stages, each with its instructions."""

from __future__ import annotations

import io
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).parents[2]
OPERATOR, REPLICA = ROOT / "images/operator.Containerfile", ROOT / "images/replica.Containerfile"


@dataclass(frozen=True)
class Instruction:
    name: str
    value: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.value)

    @property
    def source_stage(self) -> str | None:
        """The stage that a COPY copies from; None: the context."""
        return next((word.removeprefix("--from=") for word in self.words if word.startswith("--from=")), None)


@dataclass(frozen=True)
class Stage:
    name: str
    base: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, name: str) -> list[Instruction]:
        return [each for each in self.instructions if each.name == name]

    @property
    def needs(self) -> set[str]:
        """Other stages, and the image that it may begin with."""
        return {self.base, *(each.source_stage for each in self.all("COPY") if each.source_stage)}


class Containerfile:
    def __init__(self, path: Path) -> None:
        parsed = DockerfileParser(fileobj=io.BytesIO(path.read_bytes())).structure
        self.arguments: list[str] = []
        self.stages: dict[str, Stage] = {}
        for each in parsed:
            self._add(Instruction(each["instruction"], each["value"]))

    def _add(self, each: Instruction) -> None:
        if each.name == "FROM":
            base, _, name = each.value.partition(" AS ")
            self.stages[name] = Stage(name, base)
        elif each.name == "ARG":
            self.arguments.append(each.value)
        elif each.name != "COMMENT":
            list(self.stages.values())[-1].instructions.append(each)

    def chain(self, target: str) -> Iterator[Stage]:
        """The stages whose instructions a target inherits, and then itself."""
        stage = self.stages[target]
        if stage.base in self.stages:
            yield from self.chain(stage.base)
        yield stage

    def last(self, target: str, name: str) -> str | None:
        """What the target's image has of an instruction that the last one of counts."""
        found = [each.value for stage in self.chain(target) for each in stage.all(name)]
        return found[-1] if found else None
