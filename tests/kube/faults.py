"""Troubles that a test orders: refusals, delays, watches that break off."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from tests.kube.errors import ApiError

_REASONS = {
    409: ("Conflict", "the object has been modified; please apply your changes to the latest version and try again"),
    429: ("TooManyRequests", "the server has received too many requests and has asked us to try again later"),
    500: ("InternalError", "Internal error occurred: injected"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: ("Timeout", "the server was unable to return a response in the time allotted"),
}


@dataclass
class Fault:
    """Befalls the next `times` requests with this verb and resource; an empty word befalls all."""

    verb: str = ""
    resource: str = ""
    code: int = 0
    times: int = 1
    retry_after_s: int = 0
    delay_s: float = 0.0
    drop_after_events: int | None = None

    def befalls(self, verb: str, resource: str) -> bool:
        return self.times > 0 and self.verb in ("", verb) and self.resource in ("", resource)


@dataclass
class Faults:
    """Those that are still to come."""

    ordered: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def order(self, fault: Fault) -> None:
        self.ordered.append(fault)

    def meet(self, verb: str, resource: str) -> Fault | None:
        """Waits, refuses, or gives the fault back for the watch that it shall cut off."""
        with self._lock:
            fault = next((each for each in self.ordered if each.befalls(verb, resource)), None)
            if fault is None:
                return None
            fault.times -= 1
        time.sleep(fault.delay_s)
        if fault.code:
            raise _refusal(fault)
        return fault


def _refusal(fault: Fault) -> ApiError:
    reason, message = _REASONS[fault.code]
    if not fault.retry_after_s:
        return ApiError(fault.code, reason, message)
    told = {"retryAfterSeconds": fault.retry_after_s}
    return ApiError(fault.code, reason, message, details=told, headers={"Retry-After": str(fault.retry_after_s)})
