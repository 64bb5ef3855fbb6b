"""The operator's own door: whether it lives, whether it works, and its metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from orchestrator.core.errors import EnvironmentNotReady


@dataclass(frozen=True)
class Vitals:
    """How the operator is now."""

    lives: bool
    ready: bool
    leads: bool
    fleets: dict[str, int]  # by phase
    reconciles: dict[str, int]  # by outcome
    waiting: int  # keys in the queue


@contextmanager
def door(host: str, port: int, vitals: Callable[[], Vitals]) -> Iterator[int]:
    """Serves until it is left; gives the port. Raises EnvironmentNotReady where it cannot listen."""
    try:
        server = ThreadingHTTPServer((host, port), _handler(vitals))
    except OSError as error:
        raise EnvironmentNotReady(
            f"port {port} of {host} is needed: {error.strerror}", hint="qorch operator --port 0"
        ) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


def _handler(vitals: Callable[[], Vitals]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # seconds for a request to come

        def do_GET(self) -> None:
            now = vitals()
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, _metrics(now))
            elif self.path in ("/healthz", "/readyz"):
                well = now.lives if self.path == "/healthz" else now.ready
                self._answer(200 if well else 503, "text/plain", b"ok\n" if well else b"not yet\n")
            else:
                self._answer(404, "text/plain", b"there are /healthz, /readyz and /metrics\n")

        def _answer(self, code: int, content_type: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Probes come every few seconds, and say nothing."""

    return Handler


def _metrics(now: Vitals) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(now))
    return generate_latest(registry)


class _Collected(Collector):
    """What is known at one moment, in Prometheus' form."""

    def __init__(self, now: Vitals) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("qorch_operator_leads", "Whether this process acts.", float(self._now.leads))
        yield GaugeMetricFamily("qorch_operator_queue_length", "Fleets that wait.", float(self._now.waiting))
        fleets = GaugeMetricFamily("qorch_operator_fleets", "QwenFleets by phase.", labels=["phase"])
        for phase, count in sorted(self._now.fleets.items()):
            fleets.add_metric([phase], count)
        yield fleets
        reconciles = CounterMetricFamily(
            "qorch_operator_reconciles", "Looks at a fleet by outcome.", labels=["outcome"]
        )
        for outcome, count in sorted(self._now.reconciles.items()):
            reconciles.add_metric([outcome], count)
        yield reconciles
