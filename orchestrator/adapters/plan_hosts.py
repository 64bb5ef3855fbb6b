"""The hosts that a plan's document was made for, with all that the planner looks at of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from orchestrator.adapters.yaml_file import Document, read_yaml, validate
from orchestrator.core.errors import UsageError
from orchestrator.core.inventory import HostGroup, NotAvailable, Site


def _readings(value: Any) -> Any:
    """Those that could not be had, wherever they stand: a plan writes them by their reason."""
    if isinstance(value, dict):
        missing = value.get("not_available")
        return {name: _readings(each) for name, each in value.items()} if missing is None else NotAvailable(missing)
    return [_readings(each) for each in value] if isinstance(value, list) else value


class PlanHosts(BaseModel):
    """The rest of the document is `plan_schema`'s."""

    model_config = ConfigDict(extra="ignore", arbitrary_types_allowed=True)

    hosts: Annotated[tuple[HostGroup, ...], BeforeValidator(_readings)]


def read_plan_site(path: Path) -> Site:
    """All hosts of a plan; raises UsageError with file, line and field."""
    return site_of(read_yaml(path, UsageError))


def site_of(document: Document) -> Site:
    """As `read_plan_site`, of a document that was read already."""
    return Site(validate(document, PlanHosts, UsageError).hosts)
