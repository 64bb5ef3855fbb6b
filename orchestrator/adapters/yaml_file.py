"""YAML files as people write them: read with line numbers, checked by a model, refused in plain words.

Every error says `FILE:LINE: field.path: expected …, got …`, and all wrong fields of a file come at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pydantic
import yaml
from yaml.reader import ReaderError

from orchestrator.adapters.field_errors import explain
from orchestrator.core.errors import UsageError

try:
    from yaml import CSafeLoader as Loader
except ImportError:
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

Model = TypeVar("Model", bound=pydantic.BaseModel)


class MarkingLoader(Loader):
    """The safe loader, which also says where a value such as the date 2026-13-45 stands."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Build one value, turning a plain ValueError into an error with a mark."""
        try:
            return super().construct_object(node, deep)
        except ValueError as wrong:
            raise yaml.MarkedYAMLError(problem=str(wrong), problem_mark=node.start_mark) from wrong


@dataclass(frozen=True)
class Document:
    """One YAML file: its data, and the tree of marks that knows the line of each field."""

    data: Any
    path: Path
    root: yaml.Node | None

    def line_of(self, field: tuple[str | int, ...]) -> int:
        """The line where `field` stands, or its nearest parent where the field itself is missing (from 1).

        A merged mapping (`<<`) lists its own keys last, so the last key that matches is the one in force.
        """
        node, line = self.root, 1
        for part in field:
            for key, value in _children(node):
                if key.value == str(part):
                    node, line = value, key.start_mark.line + 1
        return line


def read_yaml(path: Path, error: type[UsageError]) -> Document:
    """Read one YAML document, refusing bad syntax, repeated keys and unreadable files with `error`."""
    try:
        raw = path.read_bytes()
    except OSError as unreadable:
        raise error(f"{path}: cannot be read: {unreadable.strerror}", hint=f"ls -l {path}") from unreadable
    return parse_yaml(raw, path, error)


def parse_yaml(raw: bytes, path: Path, error: type[UsageError]) -> Document:
    """As `read_yaml`, of what was read already; `path` is what messages call it."""
    try:
        loader = MarkingLoader(raw)
        root = loader.get_single_node()
        _refuse_repeated_keys(root)
        return Document(loader.construct_document(root) if root is not None else None, path, root)
    except (yaml.YAMLError, RecursionError) as wrong:
        line, problem = _problem(wrong, raw)
        raise error(f"{path}:{line}: {problem}", hint=_open_at(path, line)) from wrong


def validate(document: Document, model: type[Model], error: type[UsageError], context: object = None) -> Model:
    """The document as a `model`, or one `error` that lists every field that is wrong; validators see `context`."""
    try:
        return model.model_validate(document.data, context=context)
    except pydantic.ValidationError as wrong:
        details = wrong.errors(include_url=False)
        lines = [document.line_of(detail["loc"]) for detail in details]
        message = "\n".join(
            f"{document.path}:{line}: {explain(model, detail)}" for line, detail in zip(lines, details, strict=True)
        )
        raise error(message, hint=_open_at(document.path, lines[0])) from wrong


def _children(node: yaml.Node | None) -> Iterable[tuple[yaml.Node, yaml.Node]]:
    """The (key, value) nodes below `node`; a list's keys are its indices, on the line of each item."""
    if isinstance(node, yaml.MappingNode):
        return list(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [(yaml.ScalarNode("int", str(i), item.start_mark), item) for i, item in enumerate(node.value)]
    return []


def _refuse_repeated_keys(root: yaml.Node | None) -> None:
    """YAML would keep the last of two equal keys and hide the first; say so instead."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        keys = set()
        for key, value in _children(node):
            if isinstance(key, yaml.ScalarNode) and key.value in keys:
                problem = f"{key.value}: expected once, got twice"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            keys.add(str(key.value))
            waiting += [key, value]


def _problem(wrong: Exception, raw: bytes) -> tuple[int, str]:
    """The line (from 1) and the words of what the YAML reader refused."""
    if isinstance(wrong, yaml.MarkedYAMLError) and wrong.problem_mark:
        words = ", ".join(part for part in (wrong.context, wrong.problem) if part)
        return wrong.problem_mark.line + 1, words
    if isinstance(wrong, ReaderError):
        return raw.count(b"\n", 0, wrong.position) + 1, wrong.reason
    return 1, f"not YAML that qorch can read: {wrong}"


def _open_at(path: Path, line: int) -> str:
    """The command that opens a file at the line to correct."""
    return f"${{EDITOR:-vi}} +{line} {path}"
