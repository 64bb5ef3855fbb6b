"""Writes the command reference: `python -m orchestrator.cli.reference > docs/reference/cli.md`."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc

import click

from orchestrator.cli.root import root
from orchestrator.core.errors import ExitCode

HEAD = """\
# The `qorch` command

Written by `python -m orchestrator.cli.reference`; a test holds it to the code.

A value comes from the first that says it: the flag, the environment (`QORCH_` and the option's name: `QORCH_PORT`),
`./qorch.yaml`, the user's `qorch.yaml` (in `$XDG_CONFIG_HOME/qorch`), the default. A `qorch.yaml` names verbs and their
options; an option above the verbs stands for all that have it:

```yaml
fleet: staging
up: {profile: demo, port: 8080}
profiles: {list: {output: wide}}
```

`QORCH_HOME` puts everything that qorch keeps in one folder: `state` (fleets that run), `cache` (weights), `config`
(keys, profiles, `qorch.yaml`). Without it they are where the XDG base directory rules say. `QORCH_DEBUG=1` shows the
traceback of a failure of qorch itself.

Data goes to stdout, messages to stderr.

| exit code | means |
|---|---|
"""

MEANINGS = {
    ExitCode.OK: "done, or nothing to do",
    ExitCode.ERROR: "qorch itself failed, the question was answered with no, or `plan --diff` found a difference",
    ExitCode.USAGE: "the command, a flag or a file is wrong",
    ExitCode.DOES_NOT_FIT: "what was asked for does not fit this hardware",
    ExitCode.ENVIRONMENT_NOT_READY: "driver, port, disk, permission, weights or the fleet are not as needed",
    ExitCode.DEPLOY_FAILED: "an engine did not start",
    ExitCode.TIMED_OUT: "not ready in time; it goes on starting",
    ExitCode.INTERRUPTED: "interrupted; what was half-started is taken down",
}


def reference() -> str:
    """The whole page."""
    codes = "\n".join(f"| {int(code)} | {meaning} |" for code, meaning in MEANINGS.items())
    return "\n".join([HEAD + codes, "", *_pages(click.Context(root, info_name="qorch"))])


def _pages(context: click.Context) -> Iterator[str]:
    """Each verb below `context`, in the order of the help."""
    group = context.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        below = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from _pages(below)
        else:
            yield _page(below)


def _page(context: click.Context) -> str:
    command = context.command
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    records = [param.get_help_record(context) for param in command.params if isinstance(param, click.Option)]
    options = [f"- `{flags}`: {' '.join(text.split())}" for flags, text in filter(None, records)]
    parts = [f"## {context.command_path}", f"```\n{usage}\n```", cleandoc(command.help or ""), "\n".join(options)]
    return "\n\n".join(part for part in parts if part) + "\n"


if __name__ == "__main__":
    click.echo(reference(), nl=False)
