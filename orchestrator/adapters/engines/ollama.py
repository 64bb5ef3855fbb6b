"""Ollama as an engine: a server that is there, or one of our own where only its program is.

Routes and their meaning: docs/api.md, docs/faq.mdx and docs/api/openai-compatibility.mdx of
github.com/ollama/ollama, read at v0.33.0-rc2; docs/guides/ollama.md says what was chosen and why.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from orchestrator.adapters.engines.http_engine import ANSWER_TIMEOUT_S, HttpEngine
from orchestrator.adapters.engines.ollama_install import UPGRADE, OllamaInstall, local_tags, too_old
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.errors import DeployFailed
from orchestrator.core.ollama_names import runs_elsewhere

LOAD_TIMEOUT_S = 1800.0  # of a large model from a slow disk


class OllamaEngine(HttpEngine):
    """One tag of one Ollama server."""

    metrics: Mapping[str, str] = {}  # it has no counters of its own
    health_path = "/api/version"

    def __init__(
        self, found: OllamaInstall, spec: EngineSpec, log_path: Path, inherited_fds: Sequence[int] = ()
    ) -> None:
        super().__init__(spec, log_path, inherited_fds)
        self._found = found

    @property
    def _tag(self) -> str:
        return self._spec.model_path

    async def _come_up(self) -> None:
        """Raises DeployFailed where there is no Ollama, it is too old, or it has not the tag."""
        if self._found.problem:
            raise DeployFailed(self._found.problem)
        if runs_elsewhere(self._tag):
            raise DeployFailed(f"{self._tag} runs in Ollama's cloud: prompts would leave this host")
        await self._reach()
        await self._require_version()
        await self._require_tag()
        await self._load_model()

    @abstractmethod
    async def _reach(self) -> None:
        """Have a server that answers at `host` and `port`."""

    @abstractmethod
    async def _load_model(self) -> None:
        """Have the tag in memory with the context of the plan, under the name `model`."""

    async def _require_version(self) -> None:
        problem = too_old(str((await self._ask("GET", "/api/version"))["version"]))
        if problem:
            raise DeployFailed(f"{problem}; {UPGRADE}", hint=UPGRADE)

    async def _require_tag(self) -> None:
        if self._tag not in local_tags(await self._ask("GET", "/api/tags")):
            pull = f"ollama pull {self._tag}"
            raise DeployFailed(f"Ollama has no {self._tag} that runs on its own host; {pull}", hint=pull)

    async def _keep_loaded(self, keep_alive: str | int) -> None:
        """Load the model, or go on keeping it, for so long after each request; 0 unloads it once it is idle.

        A request through /v1 says nothing of keep_alive, so that what was said here stands.
        """
        asked = {"model": self.model, "keep_alive": keep_alive}
        await self._ask("POST", "/api/generate", asked, timeout_s=LOAD_TIMEOUT_S)

    async def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, timeout_s: float = ANSWER_TIMEOUT_S
    ) -> dict[str, Any]:
        """The JSON that answers; raises DeployFailed with Ollama's own words where it refuses or is away."""
        try:
            answer = await self._client.request(method, self._url(path), json=body, timeout=timeout_s)
        except httpx.HTTPError as error:
            raise DeployFailed(f"Ollama at {self._url('')} does not answer: {type(error).__name__}") from error
        if not answer.is_success:
            raise DeployFailed(f"Ollama refused {path}: {_own_words(answer)}")
        return dict(answer.json()) if answer.content else {}


def _own_words(answer: httpx.Response) -> str:
    """The message of an error (docs/api/errors.mdx)."""
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"
