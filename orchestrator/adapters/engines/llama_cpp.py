"""llama.cpp as an engine: the server of the package xllamacpp."""

from __future__ import annotations

import sys
from dataclasses import replace
from urllib.parse import urlsplit

from orchestrator.adapters.engines.http_engine import HttpEngine
from orchestrator.adapters.engines.process import Launch
from orchestrator.app.ports import EngineLoadSample

SERVER_MODULE = "orchestrator.adapters.engines.llama_cpp_server"
VERBOSITY = 3  # what it loads and what goes wrong; 4 tells its buffers, and several lines a request
METRICS = {
    "llamacpp:requests_processing": "num_requests_running",
    "llamacpp:requests_deferred": "num_requests_waiting",
    "llamacpp:prompt_tokens_total": "prompt_tokens_total",
    "llamacpp:prompt_tokens_cached_total": "prefix_cache_hits_total",
    "llamacpp:tokens_predicted_total": "generation_tokens_total",
    "llamacpp:tokens_predicted_seconds_total": "generation_s_total",
}


class LlamaCppEngine(HttpEngine):
    """One llama.cpp server, which finds a free port itself, unless one is set, and tells it."""

    metrics = METRICS

    async def _come_up(self) -> None:
        launch = Launch([sys.executable, "-m", SERVER_MODULE], self._arguments(), inherited_fds=self._inherited_fds)
        process = await self._run(launch)
        announcement = await process.announcement()
        self.port = urlsplit(announcement["address"]).port or 0

    async def load(self) -> EngineLoadSample:
        """Its prompt tokens leave out those that it still knew; what was looked for are both."""
        told = await super().load()
        return replace(told, prefix_cache_queries_total=told.prompt_tokens_total + (told.prefix_cache_hits_total or 0))

    def _arguments(self) -> dict[str, object]:
        spec = self._spec
        return {
            "model_path": spec.model_path,
            "mmproj_path": spec.mmproj_path,
            "served_model_names": list(spec.served_model_names),
            "host": self.host,
            "port": spec.port,
            "max_num_seqs": spec.max_num_seqs,
            "max_model_len": spec.max_model_len,
            "total_context_tokens": spec.max_model_len * spec.max_num_seqs,
            "threads": spec.threads,
            "prompt_cache_mib": spec.prompt_cache_mib,
            "context_checkpoints": spec.context_checkpoints,
            "verbosity": VERBOSITY,
        }
