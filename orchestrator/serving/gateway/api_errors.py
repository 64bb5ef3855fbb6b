"""Errors as the OpenAI API shapes them: `{"error": {"message", "type", "param", "code"}}`."""

from __future__ import annotations

import json

STATUS_TEXT = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    411: "Length Required",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    417: "Expectation Failed",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class ApiError(Exception):
    """An answer that is an error; `retry_after_s` becomes the Retry-After header."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type_: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"message": message, "type": type_, "param": param, "code": code}
        self.retry_after_s = retry_after_s

    def headers(self) -> list[tuple[str, str]]:
        headers = [("content-type", "application/json")]
        if self.retry_after_s is not None:
            headers.append(("retry-after", str(self.retry_after_s)))
        if self.status == 401:
            headers.append(("www-authenticate", "Bearer"))
        return headers

    def body(self) -> bytes:
        return json.dumps({"error": self.error}).encode()


def engine_died(message: str = "the engine that served this request died") -> ApiError:
    return ApiError(502, message, type_="server_error", code="engine_died")


def no_engine_ready() -> ApiError:
    return ApiError(503, "no engine is ready to answer", type_="server_error", code="no_engine_ready", retry_after_s=2)


def error_event(error: ApiError, request_id: str) -> bytes:
    """The last events of a stream that could not be finished: one typed error, then the end mark."""
    payload = json.dumps({"error": {**error.error, "request_id": request_id}})
    return f"data: {payload}\n\ndata: [DONE]\n\n".encode()
