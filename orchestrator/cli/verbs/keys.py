"""`qorch keys`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from orchestrator.cli import compose, options
from orchestrator.cli.output import emit, message


@click.group("keys")
def command() -> None:
    """Create, list or revoke API keys; a running gateway follows within its next request."""


@command.command("create")
@click.argument("name", default="default")
def create(name: str) -> None:
    """Create a key and print it; only its hash is stored, so it is shown this once."""
    click.echo(compose.stores.key_store().create(name, _now()))
    message("keep it: it cannot be shown again. Use it as: Authorization: Bearer …")


@command.command("list")
@options.format_
def list_(format_: str) -> None:
    """List the keys, without their secrets."""
    from orchestrator.views.table import table

    keys = compose.stores.key_store().read().keys
    rows = [(key.key_id, key.name, key.created_at, key.revoked_at or "-") for key in keys]
    headers = ("ID", "NAME", "CREATED", "REVOKED")
    fields = ("key_id", "name", "created_at", "revoked_at")
    emit(
        format_,
        [{field: getattr(key, field) for field in fields} for key in keys],
        text=lambda: table(headers, rows),
        names=lambda: [key.key_id for key in keys],
    )


@command.command("revoke")
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """Close a key for good."""
    key = compose.stores.key_store().revoke(key_id, _now())
    message(f"revoked {key.key_id} ({key.name})")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
