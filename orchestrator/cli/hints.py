"""Hints in the words of the verb at hand: what is wrong with an option is put right where it was given."""

from __future__ import annotations

import click

from orchestrator.cli.root import Verbs

PROGRAM = "qorch"


def of_verb(hint: str, verbs: Verbs, context: click.Context) -> str:
    """The same options of the verb that runs, where it has all of them: `qorch up --replicas 2` as `qorch plan …`."""
    program, _, rest = hint.partition(" ")
    other, _, options = rest.partition(" ")
    verb = verbs.get_command(context, context.invoked_subcommand or "")
    if program != PROGRAM or verb is None or other not in verbs.list_commands(context):
        return hint
    wanted = {word.partition("=")[0] for word in options.split() if word.startswith("--")} - {"--help"}
    known = {name for param in verb.params for name in param.opts}
    return f"{PROGRAM} {verb.name} {options}" if wanted and wanted <= known else hint
