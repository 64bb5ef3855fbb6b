"""An Ollama server of our own, on loopback, over the user's model store; it ends with the replica that owns it."""

from __future__ import annotations

import psutil

from orchestrator.adapters.engines.ollama import OllamaEngine
from orchestrator.adapters.engines.process import Launch, owned
from orchestrator.adapters.ports import LOOPBACK, free_ports
from orchestrator.app.ports import EngineLoadSample
from orchestrator.core.engine_spec import QUEUE_PER_ENGINE


class OwnOllama(OllamaEngine):
    """One `ollama serve` and the llama.cpp server that it starts."""

    async def load(self) -> EngineLoadSample:
        """What waits and runs, by the connections that the server has; Ollama tells no totals."""
        self._started().cap_log()
        (await self._client.get(self._url("/api/ps"))).raise_for_status()
        requests = self._connections()
        running = min(requests, self._spec.max_num_seqs)
        return EngineLoadSample(running, requests - running, 0, 0, 0.0)

    async def _reach(self) -> None:
        (self.port,) = free_ports(1)
        await self._until_it_answers(await self._run(self._launch()))

    async def _load_model(self) -> None:
        self.model = self._tag
        await self._keep_loaded(-1)

    def _launch(self) -> Launch:
        assert self._found.program is not None
        return Launch(
            owned([self._found.program, "serve"]),
            environment=self._environment() | dict(self._spec.environment),
            inherited_fds=self._inherited_fds,
            announces=False,
        )

    def _environment(self) -> dict[str, str]:
        """Of the server (envconfig/config.go): nothing leaves this host, is logged, or is removed from the store."""
        return {
            "OLLAMA_HOST": f"{LOOPBACK}:{self.port}",
            "OLLAMA_CONTEXT_LENGTH": str(self._spec.max_model_len),
            "OLLAMA_MAX_QUEUE": str(QUEUE_PER_ENGINE),
            "OLLAMA_NO_CLOUD": "1",
            "OLLAMA_NOPRUNE": "1",  # another server may be pulling into the same store
            "OLLAMA_DEBUG": "0",
            "OLLAMA_DEBUG_LOG_REQUESTS": "0",
        }

    def _connections(self) -> int:
        """Those of others: the gateway opens one for each request, and closes it at its end."""
        ours = {each.laddr.port for each in psutil.Process().net_connections("tcp") if each.laddr}
        theirs = [each for process in self._processes() for each in process.net_connections("tcp")]
        open_ = [each for each in theirs if each.status == psutil.CONN_ESTABLISHED and each.laddr.port == self.port]
        return sum(each.raddr.port not in ours for each in open_)

    def _processes(self) -> list[psutil.Process]:
        return psutil.Process(self.pid).children(recursive=True)
