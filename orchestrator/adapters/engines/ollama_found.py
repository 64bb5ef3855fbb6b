"""An Ollama server that was here before: a model is leased from it, and the server is never stopped."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from orchestrator.adapters.engines.ollama import LOAD_TIMEOUT_S, OllamaEngine
from orchestrator.app.ports import EngineLoadSample
from orchestrator.core.errors import DeployFailed
from orchestrator.core.ollama_names import derived_name

LEASE = "5m"  # Ollama unloads the model so long after the last request or renewal, also when nobody gives it back
RENEW_PERIOD_S = 60.0
POLL_S = 1.0
GONE_AFTER_POLLS = 3
NOT_TOLD = EngineLoadSample(0, 0, 0, 0, 0.0)  # Ollama counts nothing; the gateway knows what it has in flight


class FoundOllama(OllamaEngine):
    """Where the server's own context is shorter than the plan's, the tag gets a second name with the plan's."""

    _up = False
    _was_loaded = False
    _loss = ""

    @property
    def alive(self) -> bool:
        return self._up

    async def check(self) -> None:
        """Raises DeployFailed when the model was not loaded, or the server does not answer any more."""
        if not self._up:
            raise self.death() if self._loss else DeployFailed("the engine was not started")
        await self._check_answer()

    async def load(self) -> EngineLoadSample:
        (await self._client.get(self._url("/api/ps"))).raise_for_status()
        return NOT_TOLD

    async def wait(self) -> None:
        """Watch the server, and renew the lease; return when either is lost."""
        missed, renewed_s = 0, time.monotonic()
        while not self._loss:
            await asyncio.sleep(POLL_S)
            missed = 0 if await self._answers() else missed + 1
            if missed >= GONE_AFTER_POLLS:
                self._loss = f"the Ollama server at {self._found.address.url} does not answer any more"
            elif not missed and time.monotonic() - renewed_s > RENEW_PERIOD_S:
                await self._renew()
                renewed_s = time.monotonic()
        self._up = False

    def death(self) -> DeployFailed:
        return DeployFailed(self._loss or "the engine was not started")

    async def stop(self) -> None:
        """Give back what was taken: memory, unless somebody else had loaded the model, and the second name."""
        self._up = False
        with suppress(DeployFailed):
            await self._give_back()
        await self._client.aclose()

    async def _reach(self) -> None:
        self.host, self.port = self._found.address.host, self._found.address.port

    async def _load_model(self) -> None:
        self._was_loaded = await self._context(self._tag) > 0
        self.model = self._tag
        await self._keep_loaded(LEASE)
        if await self._context(self.model) < self._spec.max_model_len:
            await self._derive()
            await self._keep_loaded(LEASE)
        self._up = True

    async def _derive(self) -> None:
        """A second name for the tag's layers, with a context: /v1 has no field for one (openai-compatibility.mdx)."""
        self.model = derived_name(self._tag, self._log_path.stem)
        context = {"num_ctx": self._spec.max_model_len}
        asked = {"model": self.model, "from": self._tag, "parameters": context, "stream": False}
        await self._ask("POST", "/api/create", asked, timeout_s=LOAD_TIMEOUT_S)

    async def _context(self, name: str) -> int:
        """Tokens that a model in memory was loaded with; 0 where it is not."""
        loaded = (await self._ask("GET", "/api/ps"))["models"]
        return next((int(one.get("context_length", 0)) for one in loaded if one["name"] == name), 0)

    async def _renew(self) -> None:
        try:
            await self._keep_loaded(LEASE)
        except DeployFailed as failed:
            self._loss = failed.message

    async def _give_back(self) -> None:
        if self.model and not self._was_loaded:
            await self._keep_loaded(0)
        if self.model not in ("", self._tag):
            await self._ask("DELETE", "/api/delete", {"model": self.model})
