"""What an API server's refusals mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from orchestrator.adapters.kubernetes_api.resource import Resource
from orchestrator.core.errors import EnvironmentNotReady

QUOTA = "exceeded quota"
WEBHOOK = "admission webhook"
GONE = 410
IN_NAMESPACE = re.compile(r'in the namespace "([^"]+)"')
OWNER = re.compile(r'conflict with "([^"]*)"')


class Forbidden(EnvironmentNotReady):
    """The credentials may not do `needed`, a verb and a kind."""

    def __init__(self, needed: str, said: str, hint: str) -> None:
        super().__init__(f"permission to {needed} is needed: {said}", hint)
        self.needed = needed


class NotServed(EnvironmentNotReady):
    """The API server knows no such kind or object."""


class Conflict(EnvironmentNotReady):
    """Somebody else wrote since this writer read, or owns a field that would be changed: then `owners` says who."""

    def __init__(self, message: str, owners: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.owners = owners


class Refused(EnvironmentNotReady):
    """The object is not taken as it is: a schema, a quota or an admission webhook stands against it."""


class Gone(EnvironmentNotReady):
    """The server no longer has what changed since a version: everything is to be read anew."""


def in_a_line(refused: EnvironmentNotReady) -> str:
    """For where there is little room: of a permission which, without the server's own words."""
    if isinstance(refused, Forbidden):
        return f"forbidden: needs {refused.needed}; hint: {refused.hint}"
    return refused.message


def require_well(status: int, body: Any, verb: str, resource: Resource, context: str) -> None:
    """Raises what a refusal means; `body` is the answer's object, or text where it is none."""
    if status < 400 and isinstance(body, dict):
        return
    message = str(body.get("message", "")) if isinstance(body, dict) else repr(body)
    raise _refusal(status, message, body, verb, resource, context)


def _refusal(status: int, message: str, body: Any, verb: str, resource: Resource, context: str) -> EnvironmentNotReady:
    server = f"the API server of {context!r}"
    if status == 401:
        return EnvironmentNotReady(
            f"{server} does not accept the credentials: {message}", hint=f"kubectl --context {context} auth whoami"
        )
    if status == 422 or QUOTA in message or WEBHOOK in message:
        return Refused(f"{server} does not take {resource}: {message}", hint=_looked_at(message, context))
    if status == 403:
        needed = f"{verb} {resource}"
        return Forbidden(needed, message, f"kubectl --context {context} auth can-i {needed} {_where(message)}")
    if status == 404:
        return NotServed(f"{server} has no {resource}: {message}", hint="kubectl api-resources")
    if status == 409:
        return Conflict(f"{server} did not {verb} {resource}: {_clash(message, body)}", _owners(body))
    kind = Gone if status == GONE else EnvironmentNotReady
    return kind(f"{server} answers {verb} {resource} with {status}: {message}")


def _looked_at(message: str, context: str) -> str:
    kind = "resourcequota" if QUOTA in message else "validatingwebhookconfigurations" if WEBHOOK in message else ""
    return f"kubectl --context {context} get {kind} -o yaml" if kind else "qorch render"


def _where(message: str) -> str:
    """In the namespace that the server names, whose Role may be all that there is."""
    named = IN_NAMESPACE.search(message)
    return f"--namespace {named[1]}" if named else "--all-namespaces"


def _clash(message: str, body: Mapping[str, Any]) -> str:
    """Which fields are whose, where fields are what it is about; else the server's words."""
    owned = [f"{each['field']} ({each['message']})" for each in _clashing(body)]
    return f"others own fields of it: {', '.join(owned)}" if owned else message


def _owners(body: Any) -> tuple[str, ...]:
    """The managers of those fields, as `conflict with "kubectl" using v1` names them."""
    found = (OWNER.search(each["message"]) for each in _clashing(body))
    return tuple(dict.fromkeys(each[1] for each in found if each))


def _clashing(body: Any) -> list[Mapping[str, Any]]:
    causes = (body.get("details") or {}).get("causes") or () if isinstance(body, dict) else ()
    return [each for each in causes if each.get("reason") == "FieldManagerConflict"]
