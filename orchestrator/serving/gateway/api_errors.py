"""Errors as the OpenAI API shapes them: `{"error": {"message", "type", "param", "code"}}`."""

from __future__ import annotations

import json

STATUS_TEXT = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    413: "Content Too Large",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}


class ApiError(Exception):
    """An answer that is an error; `retry_after_s` and `allow` become headers."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type_: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        retry_after_s: int | None = None,
        allow: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"message": message, "type": type_, "param": param, "code": code}
        self.retry_after_s = retry_after_s
        self._allow = allow

    def headers(self) -> list[tuple[str, str]]:
        headers = [("content-type", "application/json")]
        if self.retry_after_s is not None:
            headers.append(("retry-after", str(self.retry_after_s)))
        if self._allow is not None:
            headers.append(("allow", self._allow))
        if self.status == 401:
            headers.append(("www-authenticate", "Bearer"))
        return headers

    def body(self) -> bytes:
        return json.dumps({"error": self.error}).encode()


def engine_died() -> ApiError:
    return ApiError(502, "the engine that served this request died", type_="server_error", code="engine_died")


def engine_failed() -> ApiError:
    return ApiError(502, "the engine failed on this request", type_="server_error", code="engine_failed")


def stream_incomplete() -> ApiError:
    return ApiError(502, "the engine's stream ended early", type_="server_error", code="stream_incomplete")


def no_engine_ready(what: str = "no engine is ready to answer", retry_after_s: int = 2) -> ApiError:
    return ApiError(503, what, type_="server_error", code="no_engine_ready", retry_after_s=retry_after_s)


def saturated(what: str) -> ApiError:
    """Too much at once: the same request may be answered a moment later."""
    return ApiError(429, what, type_="rate_limit_error", code="saturated", retry_after_s=1)


def gateway_full(what: str) -> ApiError:
    return ApiError(503, what, type_="server_error", code="saturated", retry_after_s=1)


def body_too_large(most_bytes: int) -> ApiError:
    return ApiError(413, f"the body has more than {most_bytes:,} bytes", code="body_too_large")


def error_event(error: ApiError, request_id: str) -> bytes:
    """The last events of a stream that could not be finished: one typed error, then the end mark."""
    payload = json.dumps({"error": {**error.error, "request_id": request_id}})
    return f"data: {payload}\n\ndata: [DONE]\n\n".encode()
