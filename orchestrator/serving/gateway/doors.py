"""Who may come in: API keys for the OpenAI routes, a fleet's own tokens for looking and for its administration."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Hashable, Mapping

from orchestrator.core.api_keys import KeyRing, find_key
from orchestrator.core.deployment import ADMIN_HEADER
from orchestrator.serving.gateway.api_errors import ApiError


class Doors:
    """`read_keys` is asked again whenever `keys_version` changes, so that a revoked key stops working at once.

    `look_token` is asked each time, and is empty where there is none: it may come, change and go without a restart.
    Without any key the OpenAI routes are open, which is allowed on loopback only.
    """

    def __init__(
        self,
        read_keys: Callable[[], KeyRing],
        keys_version: Callable[[], Hashable],
        admin_token: str,
        look_token: Callable[[], bytes],
        keys_required: bool,
    ) -> None:
        self._read_keys = read_keys
        self._keys_version = keys_version
        self._admin_token = admin_token.encode()
        self._look_token = look_token
        self._keys_required = keys_required
        self._seen: Hashable = None
        self._ring = KeyRing(b"")

    def check_key(self, headers: Mapping[str, str]) -> None:
        """Raises ApiError unless the request carries an active key, or none is needed."""
        ring = self._current()
        if not ring.keys and not self._keys_required:
            _check_no_web_page(headers)
        elif find_key(_bearer(headers), ring) is None:
            raise ApiError(401, "a valid API key is needed: Authorization: Bearer qk_…", code="invalid_api_key")

    def check_admin(self, headers: Mapping[str, str]) -> None:
        """Raises ApiError unless the request carries this fleet's admin token: 403 where it may look, else 401."""
        given = _own_token(headers)
        if _same(given, self._admin_token):
            return
        if _same(given, self._look_token()):
            raise ApiError(403, "the fleet's admin token is needed, and this one may only look", code="only_looks")
        raise ApiError(401, "the fleet's admin token is needed", code="invalid_token")

    def check_look(self, headers: Mapping[str, str]) -> None:
        """Raises ApiError 401 unless the request carries this fleet's look token or its admin token."""
        given = _own_token(headers)
        if not _same(given, self._admin_token) and not _same(given, self._look_token()):
            raise ApiError(401, "the fleet's look token or its admin token is needed", code="invalid_token")

    def _current(self) -> KeyRing:
        version = self._keys_version()
        if version != self._seen:
            self._ring = self._read_keys()
            self._seen = version
        return self._ring


def _check_no_web_page(headers: Mapping[str, str]) -> None:
    """A page in any browser here can post to loopback, and read the answer after rebinding its name to it."""
    if "origin" in headers:
        raise ApiError(403, "a web page needs an API key: qorch keys create", code="origin_not_allowed")


def _own_token(headers: Mapping[str, str]) -> bytes:
    """In a header of its own where a proxy on the way keeps `Authorization` for itself, as an API server does."""
    return (headers.get(ADMIN_HEADER, "") or _bearer(headers)).encode()


def _same(given: bytes, token: bytes) -> bool:
    """In a time that does not tell how much of it is right; an empty token is nobody's."""
    return bool(token) and hmac.compare_digest(given, token)


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""
