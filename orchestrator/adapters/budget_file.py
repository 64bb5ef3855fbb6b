"""A budget that fleets of this host share, as a file in which each says what it costs and wants."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.core.scaling.shared import Claim

BUDGETS = ".budgets"  # beside the folders of fleets, none of whose names begins so


class BudgetBusy(Exception):
    """Another fleet has the file this moment."""


class BudgetFile:
    """The claims of all fleets, held while one of them decides, so that no two spend the same."""

    def __init__(self, scaling_path: Path, name: str) -> None:
        self.path = scaling_path.parent.parent / BUDGETS / f"{name}.json"

    @contextmanager
    def held(self) -> Iterator[dict[str, Claim]]:
        """The claims, to be changed: they are written at the end. Raises BudgetBusy, OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BudgetBusy(str(self.path)) from error
            before = _claims(file.read())
            claims = dict(before)
            yield claims
            if claims != before:
                file.seek(0)
                file.truncate()
                file.write(json.dumps(claims))


def _claims(text: str) -> dict[str, Claim]:
    """None of a file that a crash has cut: every fleet writes its own anew within seconds."""
    try:
        return {str(name): Claim(*map(float, values)) for name, values in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        return {}
