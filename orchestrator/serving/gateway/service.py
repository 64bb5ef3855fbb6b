"""The gateway's routes: what is not in this table does not exist."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from orchestrator.app.history_port import HistoryParts
from orchestrator.core.hold import HoldLimits, start_s
from orchestrator.core.scaling.told import ScalingTold
from orchestrator.core.variant_limits import longest_context, names
from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.context import ContextGuard
from orchestrator.serving.gateway.doors import Doors
from orchestrator.serving.gateway.engine_table import Engine, EngineTable
from orchestrator.serving.gateway.history import HISTORY, LEARNED, History, route_of
from orchestrator.serving.gateway.hold import Hold
from orchestrator.serving.gateway.hold_metrics import HeldCollector
from orchestrator.serving.gateway.http_messages import Request
from orchestrator.serving.gateway.look import decisions, look
from orchestrator.serving.gateway.metrics import GatewayMetrics
from orchestrator.serving.gateway.orders import Orders, PassOn
from orchestrator.serving.gateway.readiness import Readiness
from orchestrator.serving.gateway.relay import Call, Relay
from orchestrator.serving.gateway.reply import Header, Reply
from orchestrator.serving.gateway.request_log import RequestLog, RequestNote
from orchestrator.serving.gateway.request_schema import ChatRequest, CompletionRequest
from orchestrator.serving.gateway.scaling_metrics import ScalingCollector
from orchestrator.serving.gateway.token_count import TokenCount
from orchestrator.serving.gateway.validation import (
    GenerationRequest,
    ModelLimits,
    check,
    most_text_tokens,
    parse,
)

JSON_TYPE: Header = ("content-type", "application/json")
EVENTS_TYPE: Header = ("content-type", "text/event-stream; charset=utf-8")
CLIENT_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

Route = Callable[[Request, Reply], Awaitable[None]]


class GatewayService:
    """Answers each request: opens the right door, checks what was asked, and lets the relay do the rest."""

    def __init__(
        self,
        table: EngineTable,
        doors: Doors,
        limits: ModelLimits,
        created_s: int,
        hold_limits: HoldLimits,
        cold_start_s: Mapping[str, float],
        scaling: Callable[[], ScalingTold | None],
        pass_on: PassOn,
        parts: HistoryParts,
    ) -> None:
        self._table = table
        self._doors = doors
        self._limits = limits
        self._created_s = created_s
        self._scaling = scaling
        self.metrics = GatewayMetrics(table)
        self.hold = Hold(
            table, hold_limits, lambda able: start_s(able, table.loaded_s, cold_start_s), self.metrics.hold
        )
        self.metrics.registry.register(HeldCollector(self.hold.now))
        self.metrics.registry.register(ScalingCollector(scaling, table, time.time))
        self._requests = RequestLog()
        self._relay = Relay(table, self.hold, self.metrics.retries.inc, self.metrics.count_tpot)
        self._context = ContextGuard(TokenCount(self._relay), limits.caution_past_tokens)
        self._readiness = Readiness(self._relay, table, limits)
        history = History(doors, parts, scaling)
        self._routes: dict[str, dict[str, Route]] = {
            "/health": {"GET": self._health},
            "/ready": {"GET": self._ready},
            "/metrics": {"GET": self._metrics},
            "/v1/models": {"GET": self._models},
            "/v1/chat/completions": {"POST": self._chat},
            "/v1/completions": {"POST": self._completion},
            "/qorch/v1/look": {"GET": self._look},
            "/qorch/v1/decisions": {"GET": self._decisions},
            HISTORY: {"GET": history.serve},
            LEARNED: {"GET": history.learned},
            "/qorch/v1/replicas/order": {"POST": Orders(doors, pass_on).serve},
        }

    async def serve(self, request: Request, reply: Reply) -> None:
        started_s = time.monotonic()
        self.metrics.in_flight.inc()
        try:
            await self._route(request)(request, reply)
        except ApiError as error:
            reply.keep_alive = reply.keep_alive and request.body.complete  # what of it still comes is not read
            reply.send_error(error)
        finally:
            self.metrics.in_flight.dec()
            route = route_of(request.path) if route_of(request.path) in self._routes else "other"
            self.metrics.requests.labels(route, str(reply.status or "aborted")).inc()
            self.metrics.duration.observe(time.monotonic() - started_s)

    def _route(self, request: Request) -> Route:
        methods = self._routes.get(route_of(request.path))
        if methods is None:
            raise ApiError(404, f"there is no {request.path} here", code="unknown_url")
        route = methods.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            allowed = ", ".join(["GET", "HEAD"] if "GET" in methods else methods)
            raise ApiError(405, f"{request.path} takes {allowed}", code="method_not_allowed", allow=allowed)
        return route

    # -- for probes and dashboards

    async def _health(self, request: Request, reply: Reply) -> None:
        reply.send(200, [JSON_TYPE], b'{"status":"ok"}')

    async def _ready(self, request: Request, reply: Reply) -> None:
        await self._readiness.check()
        reply.send(200, [JSON_TYPE], b'{"status":"ready"}')

    async def _metrics(self, request: Request, reply: Reply) -> None:
        reply.send(200, [("content-type", "text/plain; version=0.0.4; charset=utf-8")], self.metrics.text())

    async def _look(self, request: Request, reply: Reply) -> None:
        self._doors.check_look(request.headers)
        reply.send(200, [JSON_TYPE], json.dumps(self._looked()).encode())

    def _looked(self) -> dict[str, Any]:
        return look(self._table, self.hold, self.metrics, self._scaling(), self._requests)

    async def _decisions(self, request: Request, reply: Reply) -> None:
        self._doors.check_look(request.headers)
        reply.send(200, [JSON_TYPE], json.dumps({"decisions": decisions(self._scaling())}).encode())

    # -- the OpenAI API

    async def _models(self, request: Request, reply: Reply) -> None:
        self._doors.check_key(request.headers)
        models = [self._model(name) for name in self._limits.names]
        reply.send(200, [JSON_TYPE], json.dumps({"object": "list", "data": models}).encode())

    def _model(self, name: str) -> dict[str, str | int | None]:
        """An adapter's parent is the model, as vLLM has it; where its files are is not told."""
        base = self._limits.served_model_names[0]
        is_lora = name in self._limits.loras
        return {
            "id": name,
            "object": "model",
            "created": self._created_s,
            "owned_by": "qorch",
            "root": base if is_lora else name,
            "parent": base if is_lora else None,
            "max_model_len": longest_context(self._limits.variants),
        }

    async def _chat(self, request: Request, reply: Reply) -> None:
        await self._generate(ChatRequest, request, reply)

    async def _completion(self, request: Request, reply: Reply) -> None:
        await self._generate(CompletionRequest, request, reply)

    async def _generate(self, kind: type[GenerationRequest], request: Request, reply: Reply) -> None:
        """The key is checked before the body is taken, so that nobody without one fills the gateway's memory."""
        self._doors.check_key(request.headers)
        with self._requests.noted() as note:
            call, headers, streamed = await self._admit(kind, request, note)
            if streamed:
                await self._stream(call, reply, headers)
            else:
                answer = await self._relay.whole(call)
                reply.send(200, [JSON_TYPE, *headers, ("x-qorch-replica", answer.replica_id)], answer.body)

    async def _admit(
        self, kind: type[GenerationRequest], request: Request, note: RequestNote
    ) -> tuple[Call, list[Header], bool]:
        """What to ask an engine, the answer's headers, and whether it is streamed; raises ApiError."""
        note.request_id = request_id = _request_id(request)
        body = await request.body.read()
        wanted = parse(kind, body)
        able = check(wanted, self._limits)
        note.ticket = ticket = self.hold.ticket(len(body), most_text_tokens(wanted, len(body)))
        admitted = await self._context.admit(wanted, able, ticket)
        headers = [("x-request-id", request_id), *admitted.headers]
        hides_usage = not asks_for_usage(wanted)
        call = Call(request.path, engine_body(wanted), request_id, names(admitted.able), ticket, note, hides_usage)
        return call, headers, wanted.stream

    async def _stream(self, call: Call, reply: Reply, headers: list[Header]) -> None:
        def started(engine: Engine) -> None:
            seconds = time.monotonic() - call.note.arrived_s
            self.metrics.ttft.observe(seconds)
            engine.counts.ttft.observe(seconds)

        events_headers = [EVENTS_TYPE, ("cache-control", "no-cache"), ("x-accel-buffering", "no"), *headers]
        if not await self._relay.stream(call, reply, events_headers, started):
            self.metrics.broken_streams.inc()


def engine_body(wanted: GenerationRequest) -> bytes:
    """The checked request written anew, so that the engine reads exactly what was checked.

    It is always asked for a stream, and for its counts of tokens.
    """
    data = wanted.model_dump(mode="json", exclude_unset=True, by_alias=True)
    data |= {"stream": True, "stream_options": {"include_usage": True}}
    data.pop("max_completion_tokens", None)
    if wanted.wanted_tokens is not None:
        data["max_tokens"] = wanted.wanted_tokens
    return json.dumps(data).encode()


def asks_for_usage(wanted: GenerationRequest) -> bool:
    """Whether the client of a stream is to see the event with the counts of tokens."""
    return wanted.stream_options is not None and wanted.stream_options.include_usage


def _request_id(request: Request) -> str:
    given = request.headers.get("x-request-id", "")
    return given if CLIENT_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
