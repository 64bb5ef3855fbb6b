"""What the API server refuses, as the `Status` object that it answers with."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A refusal: an HTTP code, a machine's reason and a sentence."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.details, self.headers = details or {}, headers or {}

    def status(self) -> dict[str, Any]:
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "details": self.details,
            "code": self.code,
        }


def not_found(resource: str, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{resource} "{name}" not found', details={"name": name, "kind": resource})


def no_such_path() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def already_exists(resource: str, name: str) -> ApiError:
    details = {"name": name, "kind": resource}
    return ApiError(409, "AlreadyExists", f'{resource} "{name}" already exists', details=details)


def conflict(resource: str, name: str) -> ApiError:
    """Somebody else wrote since this writer read."""
    message = (
        f'Operation cannot be fulfilled on {resource} "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    return ApiError(409, "Conflict", message, details={"name": name, "kind": resource})


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def expired(message: str) -> ApiError:
    return ApiError(410, "Expired", message)


def invalid(kind: str, name: str, causes: list[dict[str, str]]) -> ApiError:
    """Refused by a schema or a rule; each cause is a field, a reason and a message."""
    said = [f"{cause['field']}: {cause['message']}" for cause in causes]
    whole = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    details = {"name": name, "kind": kind.split(".", maxsplit=1)[0], "causes": causes}
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {whole}', details=details)
