"""YAML files: every error names file, line, field, what was expected and what is there."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import pydantic
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.yaml_file import Document, read_yaml, validate
from orchestrator.core.errors import ProfileError, SettingsError


class Limits(pydantic.BaseModel, extra="forbid", strict=True):
    """A part of a made-up file."""

    max_num_seqs: int = pydantic.Field(default=1, ge=1)
    memory_gib: float
    engine: Literal["vllm", "llama.cpp"] = "vllm"


class File(pydantic.BaseModel, extra="forbid", strict=True):
    """A made-up file."""

    name: str
    limits: list[Limits] = []
    by_name: dict[str, Limits] | None = None
    tags: Annotated[list[str], pydantic.Field(max_length=1)] = []


def document(tmp_path: Path, text: str) -> Document:
    """The text as a file that has been read."""
    path = tmp_path / "file.yaml"
    path.write_text(text)
    return read_yaml(path, SettingsError)


def complaint(tmp_path: Path, text: str) -> str:
    """What is said of a wrong file, without its directory."""
    with pytest.raises(SettingsError) as wrong:
        validate(document(tmp_path, text), File, SettingsError)
    return wrong.value.message.replace(f"{tmp_path}/", "")


def test_a_right_file_becomes_the_model(tmp_path: Path) -> None:
    read = validate(document(tmp_path, "name: a\nlimits: [{memory_gib: 3}]\n"), File, SettingsError)
    assert read == File(name="a", limits=[Limits(memory_gib=3.0)])


def test_a_line_is_known_for_every_field_and_for_a_missing_one_its_parent_stands_in(tmp_path: Path) -> None:
    read = document(tmp_path, "# top\nname: a\nlimits:\n  - memory_gib: 1\n\n  - {memory_gib: 2,\n     engine: x}\n")
    assert read.line_of(()) == 1
    assert read.line_of(("name",)) == 2
    assert read.line_of(("limits",)) == 3
    assert read.line_of(("limits", 1)) == 6
    assert read.line_of(("limits", 1, "engine")) == 7
    assert read.line_of(("limits", 1, "max_num_seqs")) == 6


def test_a_merged_key_is_found_where_it_is_written_and_an_override_where_it_overrides(tmp_path: Path) -> None:
    text = "base: &base\n  a: 1\n  b: 2\nuse:\n  <<: *base\n  b: 3\n"
    read = document(tmp_path, text)
    assert read.data["use"] == {"a": 1, "b": 3}
    assert (read.line_of(("use", "a")), read.line_of(("use", "b"))) == (2, 6)


def test_all_wrong_fields_come_at_once_with_their_lines(tmp_path: Path) -> None:
    text = "name: 3\nlimits:\n  - {memory_gib: 1, max_num_seqs: 0}\n  - engine: sglang\n"
    assert complaint(tmp_path, text).splitlines() == [
        "file.yaml:1: name: expected text in quotes, got 3",
        "file.yaml:3: limits.0.max_num_seqs: expected at least 1, got 0",
        "file.yaml:4: limits.1.memory_gib: expected a value, got no such field",
        "file.yaml:4: limits.1.engine: expected 'vllm' or 'llama.cpp', got 'sglang'",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "file.yaml:1: the file: expected a mapping of fields, got nothing"),
        ("- name", "file.yaml:1: the file: expected a mapping of fields, got a list"),
        ("name: a\nlimits: {}", "file.yaml:2: limits: expected a list, got a mapping"),
        ("name:\n", "file.yaml:1: name: expected text in quotes, got nothing"),
        ("name: a\nlimits: [{memory_gib: .nan, max_num_seqs: 1.5}]", "max_num_seqs: expected a whole number"),
        ("name: a\ntags: [a, b]", "file.yaml:2: tags: expected at most 1 item(s), got a list"),
        ("1: 2\nname: a", "file.yaml:1: 1: expected a field's name, got 1"),
    ],
)
def test_what_was_expected_is_said_in_plain_words(tmp_path: Path, text: str, words: str) -> None:
    assert words in complaint(tmp_path, text)


def test_an_unknown_field_names_its_neighbours_and_the_one_it_resembles(tmp_path: Path) -> None:
    known = "expected one of max_num_seqs, memory_gib, engine"
    expected = f"file.yaml:2: limits.0.memroy_gib: {known}, got memroy_gib (did you mean memory_gib?)"
    assert expected in complaint(tmp_path, "name: a\nlimits: [{memroy_gib: 1}]")
    expected = f"file.yaml:4: by_name.x.speed: {known}, got speed"
    assert complaint(tmp_path, "name: a\nby_name:\n  x: {memory_gib: 1,\n    speed: 1}") == expected


def test_the_hint_opens_the_file_at_the_first_wrong_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as wrong:
        validate(document(tmp_path, "limits: []\nname: 3"), File, SettingsError)
    assert wrong.value.hint == f"${{EDITOR:-vi}} +2 {tmp_path}/file.yaml"


def test_the_caller_chooses_the_error(tmp_path: Path) -> None:
    with pytest.raises(ProfileError):
        validate(document(tmp_path, ""), File, ProfileError)
    with pytest.raises(ProfileError):
        read_yaml(tmp_path / "none.yaml", ProfileError)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: [", "file.yaml:3: while parsing a flow node"),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "file.yaml:4: c: expected once, got twice"),
        ("- a: 1\n- {b: 1, b: 1}", "file.yaml:2: b: expected once, got twice"),
        ("a: 1\n---\nb: 2", "file.yaml:2: expected a single document"),
        ("a: 1\nb: !!python/object/apply:os.system [x]", "file.yaml:2: could not determine a constructor"),
        ("a: 1\nb: 2026-13-45", "file.yaml:2: month must be in 1..12"),
        ("a: 1\nb: \x01", "file.yaml:2: control characters are not allowed"),
        ("a: *nowhere", "file.yaml:1: found undefined alias"),
        ("a: " + "[" * 100_000, "file.yaml:1: "),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        document(tmp_path, text)
    assert words in wrong.value.message


@pytest.mark.parametrize(("name", "words"), [("none.yaml", "No such file"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(SettingsError, match=f"cannot be read: {words}") as wrong:
        read_yaml(tmp_path / name, SettingsError)
    assert wrong.value.hint == f"ls -l {tmp_path / name}"


def test_a_file_that_contains_itself_is_refused(tmp_path: Path) -> None:
    assert "limits.0: expected a mapping of fields, got a list" in complaint(tmp_path, "name: a\nlimits: &x [*x]")


SCALARS = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", categories=["L", "N"]))
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner), max_leaves=20)


@given(VALUES)
def test_whatever_yaml_writes_is_read_back(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    assert document(tmp_path_factory.getbasetemp(), yaml.safe_dump(value)).data == value


@given(st.text())
def test_any_text_is_data_or_a_settings_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with suppress(SettingsError):
        assert isinstance(validate(read_yaml(path, SettingsError), File, SettingsError), File)
