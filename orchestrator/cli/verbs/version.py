"""`qorch version`."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import click

from orchestrator import __version__
from orchestrator.cli import options
from orchestrator.cli.output import emit

STANDS_ON = ("ray", "xllamacpp", "vllm", "nvidia-ml-py", "huggingface_hub", "gguf")


@click.command("version")
@options.format_
def command(format_: str) -> None:
    """Show the versions of qorch and what it stands on."""
    versions = {"qorch": __version__, "python": platform.python_version()}
    versions |= {name: _installed(name) for name in STANDS_ON}
    lines = [f"{name:<16} {value}" for name, value in versions.items()]
    emit(format_, versions, text=lambda: "\n".join(lines), names=lambda: [__version__])


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
