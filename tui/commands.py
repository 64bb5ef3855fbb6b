"""What can be typed after a colon: names, short names, and what completes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from orchestrator.core.errors import UsageError
from orchestrator.views.live import palette
from orchestrator.views.live.columns import REPLICAS
from orchestrator.views.live.fleet_columns import FLEETS


@dataclass(frozen=True)
class Command:
    """`action` is one of the app's; what follows the name goes to it as its argument."""

    name: str
    help: str
    action: str
    fixed: tuple[str, ...] = ()  # arguments that the action always gets
    short: tuple[str, ...] = ()
    argument: str = ""  # in words; empty where there is none
    needed: bool = False
    choices: tuple[str, ...] = ()


def _page(name: str, help: str, *short: str) -> Command:
    return Command(name, help, "page", (name,), short)


SCALE_OPTIONS = ("--min ", "--max ", "--target-tok-s ", "--target-ttft ", "--target-tpot ", "--max-cost ")
COLUMNS = tuple(dict.fromkeys((*REPLICAS.by_name, *FLEETS.by_name)))
COMMANDS = (
    Command("fleet", "the fleet's replicas, or those of another fleet that is watched", "fleet", argument="NAME",
            short=("replicas", "home")),
    Command("fleets", "all fleets that are watched", "fleets", short=("all",)),
    _page("hosts", "hosts and their GPUs", "gpus", "nodes", "h"),
    _page("requests", "requests that ended last, without their text", "r"),
    _page("decisions", "scaling decisions, with every step", "d"),
    _page("events", "what happened", "ev", "v"),
    _page("plan", "memory, why this profile, and what was refused", "m"),
    _page("diff", "what runs against what a plan of now would run", "x"),
    _page("snapshot", "all that is known now, as YAML"),
    Command("help", "keys and commands", "help", short=("?",)),
    Command("yaml", "the replica under the cursor", "yaml", short=("y",)),
    Command("logs", "the log of the replica under the cursor", "logs", short=("log", "l")),
    Command("previous", "the log of the replica that ended last; again, of the one before", "previous", short=("p",)),
    Command("sort", "order the rows", "sort", argument="COLUMN", needed=True, choices=COLUMNS),
    Command("filter", "only some rows", "filter", argument="TEXT", short=("grep",)),
    Command("faults", "only what somebody should look at", "faults", short=("f",)),
    Command("export", "write what is shown: .csv, .json, .svg, .txt", "export", argument="FILE", short=("e", "w")),
    Command("freeze", "hold the screen as it is", "freeze"),
    Command("theme", "other colours", "theme", argument="NAME", needed=True, choices=palette.NAMES),
    Command(
        "scale", "another number of replicas, or another goal", "change", ("scale",), argument="N or options",
        needed=True, choices=SCALE_OPTIONS,
    ),
    Command("target-tok-s", "another target of tokens a second", "change", ("scale", "--target-tok-s"),
            argument="TOK_S", needed=True, choices=("none",)),
    Command(
        "restart", "a new engine for the replica under the cursor, or for others", "change_replica", ("restart",),
        argument="REPLICA... or --all", choices=("--all",),
    ),
    Command("drain", "the replica under the cursor, or another, stands aside until it is restarted", "change_replica",
            ("drain",), argument="REPLICA"),
    Command("quit", "leave", "quit", short=("q", "q!", "exit")),
)  # fmt: skip
BY_WORD = {word: command for command in COMMANDS for word in (command.name, *command.short)}


def parsed(text: str) -> tuple[Command, str]:
    """The command that is meant, and its argument; raises UsageError."""
    word, _, argument = text.strip().removeprefix(":").strip().partition(" ")
    command, argument = _named(word), argument.strip()
    if command.needed and not argument:
        raise UsageError(f":{command.name} needs {command.argument}", hint=_hint(command))
    if argument and not command.argument:
        raise UsageError(f":{command.name} takes nothing after it", hint=f":{command.name}")
    return command, argument


def completion(text: str, fleets: Iterable[str] = ()) -> str | None:
    """What `text` may become, if anything; the first in the order of `COMMANDS`, or of the fleets that are watched."""
    return next((whole for whole in _wholes(text, fleets) if whole.startswith(text) and whole != text), None)


def _wholes(text: str, fleets: Iterable[str]) -> Iterator[str]:
    word, gap, _ = text.partition(" ")
    if not gap:
        return iter([command.name for command in COMMANDS] if text else [])
    known = BY_WORD.get(word)
    choices = fleets if known and known.action == "fleet" else known.choices if known else ()
    return (f"{word} {choice}" for choice in choices)


def _named(word: str) -> Command:
    if word in BY_WORD:
        return BY_WORD[word]
    starts = [command for command in COMMANDS if word and command.name.startswith(word)]
    if len(starts) == 1:
        return starts[0]
    near = get_close_matches(word, BY_WORD, n=1)
    nearest = f"; did you mean :{BY_WORD[near[0]].name}?" if near else ""
    raise UsageError(f"there is no :{word}{nearest}", hint=":help lists all")


def _hint(command: Command) -> str:
    return f":{command.name} {command.choices[0].strip()}" if command.choices else ":help"
