"""Where a value comes from: the flag, then QORCH_*, then ./qorch.yaml, then the user's own, then the default."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from orchestrator.adapters.in_memory import InMemoryRuntime
from orchestrator.cli.root import root
from orchestrator.cli.settings import defaults
from orchestrator.core.errors import SettingsError
from tests.cli.conftest import Qorch


def port_of(runtime: InMemoryRuntime) -> int:
    spec = runtime.deployed()
    assert spec is not None
    return spec.gateway.port


@pytest.mark.parametrize(
    ("flag", "variable", "project", "own", "port"),
    [
        (18001, 18002, 18003, 18004, 18001),
        (None, 18002, 18003, 18004, 18002),
        (None, None, 18003, 18004, 18003),
        (None, None, None, 18004, 18004),
        (None, None, None, None, 8000),
    ],
)
def test_the_first_that_says_it_wins(
    qorch: Qorch,
    runtime: InMemoryRuntime,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    flag: int | None,
    variable: int | None,
    project: int | None,
    own: int | None,
    port: int,
) -> None:
    (home / "config").mkdir(parents=True)
    if own:
        (home / "config" / "qorch.yaml").write_text(f"up: {{port: {own}}}\n")
    if project:
        Path("qorch.yaml").write_text(f"up: {{port: {project}}}\n")
    if variable:
        monkeypatch.setenv("QORCH_PORT", str(variable))
    done = qorch("up", "--profile", "demo-gguf", *(("--port", str(flag)) if flag else ()))
    assert done.code == 0, done.err
    assert port_of(runtime) == port


def every_option() -> list[tuple[str, click.Option]]:
    def below(command: click.Command, path: str) -> list[tuple[str, click.Option]]:
        if isinstance(command, click.Group):
            context = click.Context(command)
            verbs = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
            return [found for name, verb in verbs if verb for found in below(verb, f"{path} {name}".strip())]
        return [(path, param) for param in command.params if isinstance(param, click.Option)]

    return below(root, "")


SAID_EACH_TIME = [("restart", "every")]  # `--all` of another verb as a default is not to restart a fleet


@pytest.mark.parametrize(("verb", "option"), every_option(), ids=lambda each: getattr(each, "name", each))
def test_every_option_has_a_variable_of_its_long_name(verb: str, option: click.Option) -> None:
    if (verb, option.name) in SAID_EACH_TIME:
        assert option.envvar is None
        return
    long = next(name for name in option.opts if name.startswith("--"))
    assert option.envvar == "QORCH_" + long[2:].replace("-", "_").upper()


def read(text: str, verb: str = "up") -> dict[str, object]:
    Path("qorch.yaml").write_text(text)
    return defaults(root, verb, [Path("qorch.yaml")])


@pytest.mark.usefixtures("home")
class TestAFile:
    def test_an_option_above_the_verbs_stands_for_all_that_have_it(self) -> None:
        found = read("fleet: staging\n")
        assert {verb for verb, options in found.items() if options == {"fleet": "staging"}} == {
            *("up", "plan", "render", "status", "logs", "scale", "simulate", "history", "down", "doctor", "top"),
            *("restart", "drain"),
        }
        assert set(read("output: wide\n")["keys"]) == {"list"}  # type: ignore[call-overload]

    def test_what_restarts_all_is_said_each_time(self) -> None:
        assert "restart" not in read("all: true\n")

    def test_a_verb_says_it_better_wherever_it_stands(self) -> None:
        for text in ("up: {fleet: mine}\nfleet: all\n", "fleet: all\nup: {fleet: mine}\n"):
            found = read(text)
            assert (found["up"], found["down"]) == ({"fleet": "mine"}, {"fleet": "all"})

    def test_verbs_of_verbs_are_below_them(self) -> None:
        assert read("profiles: {list: {output: wide}}\n") == {"profiles": {"list": {"format_": "wide"}}}

    def test_switches_are_said_by_yes_and_no(self) -> None:
        assert read("up: {wait: no, 'yes': true, dry-run: false}\n") == {
            "up": {"wait": False, "yes": True, "dry_run": False}
        }

    @pytest.mark.parametrize("text", ["", "# nothing\n", "up:\n", "{}"])
    def test_one_that_says_nothing_is_well(self, text: str) -> None:
        assert read(text) == {}

    @pytest.mark.parametrize(
        ("text", "error", "hint"),
        [
            ("\nup: {prot: 1}\n", "qorch.yaml:2: up.prot: no such option; did you mean 'port'?", "qorch up --help"),
            ("upp: {port: 1}\n", "qorch.yaml:1: upp: no such verb or option; did you mean 'up'?", "qorch --help"),
            ("flete: x\n", "qorch.yaml:1: flete: no such verb or option; did you mean 'fleet'?", "qorch --help"),
            ("up: {port: 99999}\n", "qorch.yaml:1: up.port: 99999 is not in the range", "qorch up --help"),
            ("up:\n  fleet: A B\n", "qorch.yaml:2: up.fleet: expected a fleet's name: at most 32", "qorch up --help"),
            ("fleet: ../x\n", "qorch.yaml:1: fleet: expected a fleet's name: at most 32", "qorch --help"),
            ("up: 8000\n", "qorch.yaml:1: up: expected options with their values, got 8000", "qorch --help"),
            ("- up\n", "qorch.yaml:1: expected options with their values, got ['up']", "qorch --help"),
            ("up: {yes: true}\n", "qorch.yaml:1: up: a name here reads as True in YAML: write it in", "qorch --help"),
            ("profiles: {lst: {}}\n", "qorch.yaml:1: profiles.lst: no such option; did you mean 'list'?", "qorch prof"),
            ("up: {port: 1, port: 2}\n", "qorch.yaml:1: port: expected once, got twice", "${EDITOR"),
            ("up: [\n", "qorch.yaml:", "${EDITOR"),
        ],
    )
    def test_what_is_wrong_is_named_by_file_and_line(self, text: str, error: str, hint: str) -> None:
        with pytest.raises(SettingsError) as raised:
            read(text)
        assert raised.value.message.startswith(error)
        assert raised.value.hint is not None
        assert raised.value.hint.startswith(hint)

    def test_a_value_of_another_verb_may_be_wrong_today(self) -> None:
        text = "up: {weights: /an/external/disk}\n"
        assert read(text, verb="down") == {"up": {"weights": "/an/external/disk"}}
        with pytest.raises(SettingsError, match="does not exist"):
            read(text, verb="up")


def test_a_wrong_file_is_exit_2_for_every_verb_but_not_for_the_help(qorch: Qorch) -> None:
    Path("qorch.yaml").write_text("nonsense: 1\n")
    done = qorch("status")
    assert (done.code, done.out) == (2, "")
    assert done.error == "qorch.yaml:1: nonsense: no such verb or option"
    assert qorch("--help").code == 0


def test_a_default_of_the_file_reaches_the_verb(qorch: Qorch, home: Path) -> None:
    Path("qorch.yaml").write_text("fleet: staging\n")
    assert qorch("status").error == "there is no fleet 'staging' on this host"
