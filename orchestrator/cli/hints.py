"""Hints in the words of the verb at hand: what is wrong with an option is put right where it was given."""

from __future__ import annotations

import click

from orchestrator.cli.root import Verbs

PROGRAM = "qorch"
DEPLOYING = ("up", "render")  # verbs that hints of wrong options name
PLANNING = ("plan", *DEPLOYING)  # verbs that are given the same options


def of_verb(hint: str, verbs: Verbs, context: click.Context) -> str:
    """The same options of the verb that runs, where it has all of them: `qorch up --replicas 2` as `qorch plan …`."""
    program, _, rest = hint.partition(" ")
    other, _, options = rest.partition(" ")
    at_hand = context.invoked_subcommand or ""
    if program != PROGRAM or other not in DEPLOYING or at_hand not in PLANNING:
        return hint
    verb = verbs.get_command(context, at_hand)
    wanted = {word.partition("=")[0] for word in options.split() if word.startswith("--")} - {"--help"}
    known = {name for param in verb.params for name in param.opts} if verb else set()
    return f"{PROGRAM} {at_hand} {options}" if wanted and wanted <= known else hint
