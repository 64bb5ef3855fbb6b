"""What one would write without qorch: a Serve deployment that streams an engine's answer on; run as a driver."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import aiohttp
import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import StreamingResponse


class PassThrough:
    """Streams each answer of the engine at `port`, piece by piece."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/v1/completions"
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, request: Request) -> StreamingResponse:
        return StreamingResponse(self._pieces(await request.body()), media_type="text/event-stream")

    async def _pieces(self, body: bytes) -> AsyncIterator[bytes]:
        self._session = self._session or aiohttp.ClientSession()
        headers = {"connection": "close", "content-type": "application/json"}
        async with self._session.post(self._url, data=body, headers=headers) as answer:
            async for piece in answer.content.iter_any():
                yield piece


def serve_engine(engine_port: int, http_port: int) -> None:
    ray.init(log_to_driver=False, logging_level="ERROR")
    serve.start(proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": http_port})
    deployment = serve.deployment(PassThrough).options(ray_actor_options={"num_cpus": 0}, max_ongoing_requests=256)
    serve.run(deployment.bind(engine_port), name="pass")


if __name__ == "__main__":
    serve_engine(int(sys.argv[1]), int(sys.argv[2]))
