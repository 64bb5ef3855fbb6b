"""The Hugging Face hub, through huggingface_hub: the one place that imports it, once the network is needed.

Files are streamed through the library's session rather than by its `hf_hub_download`, because the library (2.4)
throws away what it has when a download is cut, and because the digest is then computed while the bytes arrive.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orchestrator.adapters.checksums import is_digest
from orchestrator.adapters.hub_listing import COMMIT, Listing, RemoteFile
from orchestrator.adapters.partial_file import PartialFile
from orchestrator.core.errors import EnvironmentNotReady, SettingsError

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.hf_api import RepoSibling

DEFAULT_ENDPOINT = "https://huggingface.co"
PROBE_TIMEOUT_S = 3.0
TIMEOUT_S = 10.0  # without an answer, or between two pieces of one
WAITS_S = (1.0, 2.0, 4.0, 8.0)  # after an attempt that brought bytes, one that did not, two, three
LONGEST_WAIT_S = 30.0  # a hub that asks for more is reported instead
PASSING = (408, 425, 429, 500, 502, 503, 504)  # answers that are worth another attempt
REFUSALS = {  # by the hub's error code, else by the status
    "GatedRepo": "the repository is gated, and no token that may read it was given",
    "RepoNotFound": "no such repository, or a private one and no token that may read it was given",
    "RevisionNotFound": "no such revision: it was removed, or never was",
    "EntryNotFound": "no such file at this revision",
    "401": "the token is missing or wrong",
    "403": "the token may not read it",
    "429": "too many requests",
}
TRUE = ("1", "ON", "YES", "TRUE")


class HubTrouble(EnvironmentNotReady):
    """The hub did not give what was asked; `status` is its answer, None where it gave none."""

    def __init__(self, message: str, hint: str | None = None, status: int | None = None) -> None:
        super().__init__(message, hint)
        self.status = status


class Hub:
    """One hub or mirror over HTTP; `sleep` waits between attempts."""

    def __init__(self, endpoint: str, offline: bool = False, sleep: Callable[[float], None] = time.sleep) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.host = _host(endpoint)
        self._offline = offline
        self._sleep = sleep

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Hub:
        """The hub that HF_ENDPOINT names; never asked where HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set."""
        offline = environ.get("HF_HUB_OFFLINE") or environ.get("TRANSFORMERS_OFFLINE") or ""
        return cls(environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT, offline=offline.upper() in TRUE)

    @cached_property
    def trouble(self) -> str | None:
        """Why the hub cannot be used, None where it answers; asked once, and no longer than 3 s."""
        if self._offline:
            return f"HF_HUB_OFFLINE forbids asking {self.host}"
        answers: list[str | None] = []
        probe = threading.Thread(target=lambda: answers.append(self._probe()), daemon=True)
        probe.start()
        probe.join(PROBE_TIMEOUT_S)
        return answers[0] if answers else f"{self.host} did not answer within {PROBE_TIMEOUT_S:g} s"

    def listing(self, repo: str, revision: str) -> Listing:
        """The commit behind a revision, and its files with sizes and digests."""
        from huggingface_hub import HfApi

        with self._explained(repo, f"{repo} at {revision}", ValueError, KeyError, TypeError):
            api = HfApi(self.endpoint)
            info = api.model_info(repo, revision=revision, files_metadata=True, timeout=TIMEOUT_S)
            if not info.sha or not COMMIT.fullmatch(info.sha):
                raise ValueError(f"the commit is {info.sha!r}")
            return Listing(info.sha, tuple(_remote_file(sibling) for sibling in info.siblings or ()))

    def download(
        self, repo: str, commit: str, file: RemoteFile, into: PartialFile, on_bytes: Callable[[int], None]
    ) -> None:
        """Add what is missing to `into`, going on after cuts; `on_bytes` hears how many bytes are there."""
        from huggingface_hub import hf_hub_url
        from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

        url = hf_hub_url(repo, file.name, revision=commit, endpoint=self.endpoint)
        stalls = 0
        with self._explained(repo, f"{file.name} of {repo}"):
            while into.bytes < file.bytes:
                before = into.bytes
                try:
                    _stream(url, file.bytes, into, on_bytes)
                except HTTPError as cut:
                    stalls = 0 if into.bytes > before else stalls + 1
                    self._sleep(_wait_s(cut, stalls))

    def _probe(self) -> str | None:
        from huggingface_hub import get_session
        from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

        try:
            answer = get_session().head(self.endpoint, timeout=PROBE_TIMEOUT_S, follow_redirects=False)
        except (HTTPError, OSError) as silent:
            return f"{self.host} cannot be reached: {silent}"
        return f"{self.host} answers {answer.status_code}" if answer.status_code in PASSING else None

    @contextmanager
    def _explained(self, repo: str, what: str, *malformed: type[Exception]) -> Iterator[None]:
        """Turn the library's exceptions, and those a malformed answer gives, into `HubTrouble`.

        The library's telemetry, which would first ask the hub what agents there are, is off.
        """
        from huggingface_hub import constants
        from huggingface_hub.errors import (  # type: ignore[attr-defined]
            HfHubHTTPError,
            HTTPError,
            OfflineModeIsEnabled,
        )

        constants.HF_HUB_DISABLE_TELEMETRY = True
        try:
            yield
        except HfHubHTTPError as refused:
            raise self._refusal(repo, what, refused) from refused
        except (HTTPError, OfflineModeIsEnabled) as silent:
            raise HubTrouble(f"{self.host} did not give {what}: {silent or type(silent).__name__}") from silent
        except malformed as odd:
            raise HubTrouble(
                f"{self.host} did not answer for {what} as a hub does: {odd!r}",
                hint="check HF_ENDPOINT, and whether this network asks for a login first",
            ) from odd

    def _refusal(self, repo: str, what: str, refused: HfHubHTTPError) -> HubTrouble:
        status, code = refused.response.status_code, refused.response.headers.get("X-Error-Code", "")
        reason = REFUSALS.get(code) or REFUSALS.get(str(status)) or refused.response.reason_phrase
        access = f"ask for access at {self.host}/{repo}, then: export HF_TOKEN=hf_…"
        return HubTrouble(
            f"{self.host} answered {status} for {what}: {reason}",
            hint=access if status in (401, 403) or code == "RepoNotFound" else None,
            status=status,
        )


def _stream(url: str, file_bytes: int, into: PartialFile, on_bytes: Callable[[int], None]) -> None:
    """One attempt at the rest of a file; a server that ignores the range begins again."""
    from huggingface_hub import get_session
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # type: ignore[attr-defined]

    headers = build_hf_headers(headers={"Accept-Encoding": "identity", "Range": f"bytes={into.bytes}-"})
    with get_session().stream("GET", url, headers=headers, timeout=TIMEOUT_S) as response:
        hf_raise_for_status(response)
        if response.status_code != 206:
            into.restart()
        for chunk in response.iter_bytes():
            into.write(chunk)
            on_bytes(into.bytes)
            if into.bytes > file_bytes:
                return
    if into.bytes < file_bytes:
        raise HTTPError(f"it ended after {into.bytes:,} of {file_bytes:,} bytes")


def _wait_s(cut: Exception, stalls: int) -> float:
    """Seconds before the next attempt, or `cut` itself where another attempt is no use."""
    response = getattr(cut, "response", None)
    asked = response.headers.get("Retry-After", "") if response is not None else ""
    if stalls >= len(WAITS_S) or (response is not None and response.status_code not in PASSING):
        raise cut
    wait_s = float(asked) if asked.isdigit() else WAITS_S[stalls]
    if wait_s > LONGEST_WAIT_S:
        raise cut
    return wait_s


def _remote_file(sibling: RepoSibling) -> RemoteFile:
    digest = sibling.lfs.sha256 if sibling.lfs else sibling.blob_id
    if sibling.size is None or not is_digest(digest or ""):
        raise ValueError(f"{sibling.rfilename} has size {sibling.size} and digest {digest}")
    return RemoteFile(sibling.rfilename, sibling.size, digest or "")


def _host(endpoint: str) -> str:
    """The host, and port if any, for messages."""
    try:
        parts = urlsplit(endpoint)
        if parts.scheme in ("http", "https") and parts.hostname:
            return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    except ValueError:
        pass
    raise SettingsError(f"HF_ENDPOINT: expected a URL, got {endpoint!r}", hint=f"export HF_ENDPOINT={DEFAULT_ENDPOINT}")
