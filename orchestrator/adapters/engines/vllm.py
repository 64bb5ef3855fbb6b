"""vLLM as an engine: `vllm serve` in the environment that has it."""

from __future__ import annotations

from pathlib import Path

from orchestrator.adapters.engines.http_engine import HttpEngine
from orchestrator.adapters.engines.process import Launch, last_lines, owned
from orchestrator.adapters.engines.vllm_install import vllm_install
from orchestrator.adapters.ports import free_ports
from orchestrator.core.errors import DeployFailed

SERVE = ("-P", "-m", "vllm.entrypoints.cli.main", "serve")
INHERITED_NOT = {"VLLM_CPU_KVCACHE_SPACE": None}  # it would override --kv-cache-memory-bytes
PORT_TRIES = 3  # somebody else may take a free port before the server does
PORT_TAKEN = "address already in use"
METRICS = {
    "vllm:num_requests_running": "num_requests_running",
    "vllm:num_requests_waiting": "num_requests_waiting",
    "vllm:prompt_tokens_total": "prompt_tokens_total",
    "vllm:generation_tokens_total": "generation_tokens_total",
    "vllm:request_decode_time_seconds_sum": "generation_s_total",
    "vllm:kv_cache_usage_perc": "kv_cache_usage",
    "vllm:prefix_cache_queries_total": "prefix_cache_queries_total",
    "vllm:prefix_cache_hits_total": "prefix_cache_hits_total",
}


class VllmEngine(HttpEngine):
    """One `vllm serve` and the processes that it starts."""

    metrics = METRICS

    async def _come_up(self) -> None:
        for tries_left in reversed(range(PORT_TRIES)):
            self.port = self._spec.port or free_ports(1)[0]
            process = await self._run(self._launch())
            try:
                return await self._until_it_answers(process)
            except DeployFailed:
                if not tries_left or not _port_was_taken(self._log_path):
                    raise

    def _launch(self) -> Launch:
        address = ["--host", self.host, "--port", str(self.port)]
        return Launch(
            owned([vllm_install().python, *SERVE, *self._spec.arguments, *address]),
            environment=INHERITED_NOT | dict(self._spec.environment),
            inherited_fds=self._inherited_fds,
            announces=False,
        )


def _port_was_taken(log_path: Path) -> bool:
    return any(PORT_TAKEN in line.lower() for line in last_lines(log_path))
