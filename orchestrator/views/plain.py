"""Frozen values as plain data, for JSON and YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from orchestrator.core.inventory import NotAvailable


def plain(value: Any) -> Any:
    """Dataclasses by their fields, enums by their values, a missing reading by its reason."""
    if isinstance(value, NotAvailable):
        return {"not_available": value.reason}
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value
