"""Requests to one API server, over the client library's connections and credentials."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import urllib3
from kubernetes.client import ApiClient
from kubernetes.client.exceptions import OpenApiException

from orchestrator.core.errors import EnvironmentNotReady

CONNECT_S, READ_S = 5.0, 60.0
BACKOFF_S = 0.2  # before the second try; twice as long before each other
MOST_PASSED_BYTES = 64 * 2**20
PLAIN, APPLIED, PATCHED = "application/json", "application/apply-patch+yaml", "application/json-patch+json"
RETRIED = ("GET", "PATCH", "PUT", "DELETE")  # done twice they are done once, a patch too

Object = Mapping[str, Any]
Body = Object | list[dict[str, Any]]


def retries() -> urllib3.Retry:
    """Waits as long as Retry-After says."""
    return urllib3.Retry(
        total=4,
        connect=1,
        backoff_factor=BACKOFF_S,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=RETRIED,
        raise_on_status=False,
    )


@dataclass(frozen=True)
class Answer:
    status: int
    data: bytes

    @cached_property
    def body(self) -> Any:
        """The JSON object, or the text of what is none."""
        try:
            body = json.loads(self.data)
        except ValueError:
            body = None
        return body if isinstance(body, dict) else self.data[:200].decode(errors="replace")


class Transport:
    """Raises EnvironmentNotReady where the server does not answer at all."""

    def __init__(self, client: ApiClient, context: str) -> None:
        self._client = client
        self._context = context

    def call(
        self, method: str, path: str, query: Mapping[str, str], body: Body | None = None, form: str = PLAIN
    ) -> Answer:
        with self._reached():
            answer = self._send(method, path, query, body, form, READ_S)
            return Answer(int(answer.status), bytes(answer.data))

    def passed(
        self, method: str, path: str, headers: Mapping[str, str], read_s: float, body: bytes | None = None
    ) -> Answer:
        """What somebody behind the server answers, whose 503 may mean what it says and is not asked again.

        Raises EnvironmentNotReady also for an answer without end.
        """
        method, url, sent, _, _ = self._serialized(method, path, {}, None, headers)
        timeout = urllib3.Timeout(connect=CONNECT_S, read=read_s)
        pool = self._client.rest_client.pool_manager
        with self._reached():
            answer = pool.request(
                method, url, body=body, headers=sent, timeout=timeout, retries=False, preload_content=False
            )
            data = answer.read(MOST_PASSED_BYTES + 1)
        if len(data) > MOST_PASSED_BYTES:
            answer.close()
            raise EnvironmentNotReady(f"what is behind {path} answers more than {MOST_PASSED_BYTES} bytes")
        answer.release_conn()
        return Answer(int(answer.status), data)

    def lines(self, path: str, query: Mapping[str, str], patience_s: float) -> Iterator[Answer]:
        """The lines of an answer that goes on; where it is a refusal, that whole."""
        rest = b""
        for chunk in self.chunks(path, query, patience_s):
            if chunk.status >= 400:
                yield chunk
                return
            *lines, rest = (rest + chunk.data).split(b"\n")
            yield from (Answer(200, line) for line in lines if line)

    def chunks(self, path: str, query: Mapping[str, str], patience_s: float) -> Iterator[Answer]:
        """An answer as it comes; where it is a refusal, that whole; a connection that breaks ends it."""
        with self._reached():
            answer = self._send("GET", path, query, None, PLAIN, patience_s)
        try:
            if answer.status >= 400:
                yield Answer(int(answer.status), bytes(answer.data))
                return
            yield from (Answer(200, chunk) for chunk in answer.stream(None))
        except urllib3.exceptions.HTTPError:
            return
        finally:
            answer.close()

    def _send(
        self, method: str, path: str, query: Mapping[str, str], body: Body | None, form: str, read_s: float
    ) -> urllib3.BaseHTTPResponse:
        said = {} if body is None else {"Content-Type": form}
        method, url, headers, sent, _ = self._serialized(method, path, query, body, {"Accept": PLAIN, **said})
        answer = self._client.call_api(method, url, headers, sent, _request_timeout=(CONNECT_S, read_s))
        response: urllib3.BaseHTTPResponse = answer.response
        return response

    def _serialized(
        self, method: str, path: str, query: Mapping[str, str], body: Body | None, headers: Mapping[str, str]
    ) -> Any:
        return self._client.param_serialize(
            method,
            path,
            query_params=dict(query),
            auth_settings=["BearerToken"],
            header_params=dict(headers),
            body=body,
        )

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except (OpenApiException, urllib3.exceptions.HTTPError) as failed:
            raise EnvironmentNotReady(
                f"the API server of {self._context!r} at {self._client.configuration.host} does not answer: "
                f"{why(failed)}",
                hint=f"kubectl --context {self._context} cluster-info",
            ) from failed


def why(error: BaseException) -> str:
    """The last line of what a library says, which is the cause."""
    reason = getattr(error, "reason", None) or error
    return (str(reason).strip().splitlines() or [type(error).__name__])[-1][:300]
