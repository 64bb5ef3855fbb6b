"""Defaults from `qorch.yaml` files, for what neither a flag nor QORCH_* says.

fleet: staging              # an option of several verbs, for all that have it
up: {profile: demo, port: 8080}
profiles: {list: {output: wide}}
lora: {mine: ./adapter}     # NAME=VALUE of an option that may be repeated
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from orchestrator.adapters.yaml_file import Document, read_yaml
from orchestrator.core.errors import SettingsError

Address = tuple[str, ...]  # a verb, e.g. ("keys", "list"), or an option of it
Leaves = Mapping[Address, Mapping[str, click.Option]]


def defaults(root: click.Group, verb: str, paths: Iterable[Path]) -> dict[str, Any]:
    """click's `default_map`; a later file wins. Raises SettingsError with file and line.

    Names are checked for every verb, values for `verb` alone: another's may not matter today.
    """
    leaves = dict(_leaves(root, ()))
    found: dict[str, Any] = {}
    for path in paths:
        document = read_yaml(path, SettingsError)
        values = _values(document, leaves, document.data, ())
        for at, value in sorted(values, key=lambda item: len(item[0])):  # the general first, so that the special wins
            for leaf, option in _meant(document, leaves, at):
                given = _given(option, value)
                if leaf[0] == verb:
                    _check(document, option, given, at)
                _nested(found, leaf)[str(option.name)] = given
    return found


def _leaves(command: click.Command, at: Address) -> Iterator[tuple[Address, dict[str, click.Option]]]:
    """Every verb with its options by their long names; one without a variable is said each time or not at all."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _leaves(below, (*at, name))
        return
    options = [param for param in command.params if isinstance(param, click.Option) and param.envvar]
    yield at, {name[2:]: option for option in options for name in option.opts if name.startswith("--")}


def _values(document: Document, leaves: Leaves, data: Any, at: Address) -> Iterator[tuple[Address, Any]]:
    """Each value of a file, with where it stands."""
    if not any(leaf[: len(at)] == at for leaf in leaves):
        yield at, data
        return
    if not isinstance(data, dict | None):
        raise _wrong(document, at, f"expected options with their values, got {data!r}")
    for name, value in (data or {}).items():
        if not isinstance(name, str):
            raise _wrong(document, at, f'a name here reads as {name!r} in YAML: write it in quotes, e.g. "yes"')
        yield from _values(document, leaves, value, (*at, name))


def _meant(document: Document, leaves: Leaves, at: Address) -> list[tuple[Address, click.Option]]:
    """The verbs that an option stands for, where it stands."""
    *above, name = at
    below = {leaf: options for leaf, options in leaves.items() if leaf[: len(above)] == tuple(above)}
    meant = [(leaf, options[name]) for leaf, options in below.items() if name in options]
    if not meant:
        names = {word for leaf, options in below.items() for word in (*leaf[len(above) :][:1], *options)}
        close = get_close_matches(name, sorted(names), n=1)
        what = "no such option" if above else "no such verb or option"
        raise _wrong(document, at, what + "".join(f"; did you mean '{each}'?" for each in close))
    return meant


def _given(option: click.Option, value: Any) -> Any:
    """What stands in a file, as the command line would have it."""
    if option.multiple and isinstance(value, dict):
        return [f"{name}={each}" for name, each in value.items()]
    return value


def _check(document: Document, option: click.Option, value: Any, at: Address) -> None:
    try:
        option.process_value(click.Context(click.Command("qorch")), value)
    except click.BadParameter as error:
        raise _wrong(document, at, error.message) from error


def _nested(found: dict[str, Any], at: Address) -> dict[str, Any]:
    for name in at:
        found = found.setdefault(name, {})
    return found


def _wrong(document: Document, at: Address, what: str) -> SettingsError:
    verb = at[0] if len(at) > 1 else ""
    return SettingsError(
        ": ".join(part for part in (f"{document.path}:{document.line_of(at)}", ".".join(at), what) if part),
        hint=" ".join(part for part in ("qorch", verb, "--help") if part),
    )
