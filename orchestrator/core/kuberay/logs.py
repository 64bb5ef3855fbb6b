"""Which container of a pod prints what, and the time stamps of its lines."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from orchestrator.core.manifests.logs import CONTAINER
from orchestrator.core.manifests.naming import Role

PRINTING = {Role.ENGINE: CONTAINER, Role.GATEWAY: "gateway", Role.HEAD: "ray-head", Role.WEIGHTS: "weights"}
STAMPED = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ?")


class Stamp(NamedTuple):
    """A moment to the nanosecond, which no float has."""

    unix_s: int
    nanoseconds: int
    second: str  # as the API server takes it (RFC 3339)


def printing_container(role: Role, previous: bool = False) -> str:
    """The one that tells most; of what ended before, that which is Ray's, since it is the one that is started anew."""
    return "engine" if previous and role is Role.ENGINE else PRINTING[role]


def stamped(line: bytes) -> tuple[Stamp | None, bytes]:
    """A line of `timestamps=true` and when it was printed; None where it has no stamp."""
    found = STAMPED.match(line)
    if found is None:
        return None, line
    second = (found[1] + found[3]).decode()
    try:
        unix_s = int(datetime.fromisoformat(second).timestamp())
    except ValueError:
        return None, line
    return Stamp(unix_s, int((found[2] or b"0").ljust(9, b"0")), second), line[found.end() :]
