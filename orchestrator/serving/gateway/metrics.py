"""What the gateway counts, in Prometheus' words with the prefix `qorch_`."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from orchestrator.core.scaling.tpot_spread import tpot_bin
from orchestrator.serving.gateway.engine_counts import TTFT_BOUNDS_S
from orchestrator.serving.gateway.engine_table import Engine, EngineTable
from orchestrator.serving.gateway.hold_metrics import HoldCounts

COMPLETIONS = ("/v1/chat/completions", "/v1/completions")
TPOT_BOUNDS_S = (
    0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5
)  # fmt: skip


class GatewayMetrics:
    """Counts of requests, and the engines' own counters as the gateway last saw them."""

    def __init__(self, table: EngineTable) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_EngineCollector(table))
        self.hold = HoldCounts(self.registry)
        self.requests = Counter("qorch_requests", "Requests answered.", ("route", "code"), registry=self.registry)
        self.in_flight = Gauge("qorch_requests_in_flight", "Requests being answered.", registry=self.registry)
        self.retries = Counter("qorch_retries", "Requests sent to a second engine.", registry=self.registry)
        self.broken_streams = Counter(
            "qorch_broken_streams", "Streams that ended with an error event.", registry=self.registry
        )
        self.ttft = Histogram(
            "qorch_time_to_first_token_seconds",
            "From the request's arrival to the first piece of its streamed answer.",
            buckets=TTFT_BOUNDS_S,
            registry=self.registry,
        )
        self.tpot = Histogram(
            "qorch_time_per_output_token_seconds",
            "Between the tokens of an answer, on average; not of short answers, nor where a client was late.",
            buckets=TPOT_BOUNDS_S,
            registry=self.registry,
        )
        self.tpots: Counts[tuple[str, int]] = Counts()  # requests by variant and `tpot_bin`, for the autoscaler
        self.duration = Histogram(
            "qorch_request_duration_seconds", "From arrival to the end.", buckets=TTFT_BOUNDS_S, registry=self.registry
        )

    def count_tpot(self, variant: str, tpot_s: float) -> None:
        """Of an answer that has come to its end."""
        self.tpot.observe(tpot_s)
        self.tpots[variant, tpot_bin(tpot_s)] += 1

    @property
    def answered(self) -> float:
        """Completions that a model has answered so far."""
        labels = ({"route": route, "code": "200"} for route in COMPLETIONS)
        return sum(self.registry.get_sample_value("qorch_requests_total", each) or 0.0 for each in labels)

    @property
    def first_tokens(self) -> tuple[float, float]:
        """Streams that have begun so far, and the seconds that they took until then, together."""
        names = ("qorch_time_to_first_token_seconds_count", "qorch_time_to_first_token_seconds_sum")
        count, seconds = (self.registry.get_sample_value(name) or 0.0 for name in names)
        return count, seconds

    def text(self) -> bytes:
        return generate_latest(self.registry)


class _EngineCollector(Collector):
    def __init__(self, table: EngineTable) -> None:
        self._table = table

    def collect(self) -> Iterator[Metric]:
        engines = self._table.engines
        yield _gauge("qorch_engine_ready", "1 when the engine answers.", engines, lambda e: float(e.load.ready))
        yield _gauge(
            "qorch_engine_requests_running",
            "Requests being decoded.",
            engines,
            lambda e: float(e.status.num_requests_running),
        )
        yield _gauge(
            "qorch_engine_requests_waiting",
            "Requests queued.",
            engines,
            lambda e: float(e.status.num_requests_waiting),
        )
        yield _counter(
            "qorch_engine_prompt_tokens", "Prompt tokens read.", engines, lambda e: e.status.prompt_tokens_total
        )
        yield _counter(
            "qorch_engine_generation_tokens",
            "Tokens generated.",
            engines,
            lambda e: e.status.generation_tokens_total,
        )


def _gauge(name: str, text: str, engines: Iterable[Engine], value: Callable[[Engine], float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=("replica",))
    return _per_engine(family, engines, value)


def _counter(name: str, text: str, engines: Iterable[Engine], value: Callable[[Engine], float]) -> Metric:
    family = CounterMetricFamily(name, text, labels=("replica",))
    return _per_engine(family, engines, value)


def _per_engine(
    family: GaugeMetricFamily | CounterMetricFamily,
    engines: Iterable[Engine],
    value: Callable[[Engine], float],
) -> Metric:
    for engine in engines:
        family.add_metric([engine.status.replica_id], value(engine))
    return family
