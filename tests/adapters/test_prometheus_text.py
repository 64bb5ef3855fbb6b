"""An engine's counters out of what it tells Prometheus."""

from __future__ import annotations

import pytest

from orchestrator.adapters.engines.http_engine import _sample
from orchestrator.adapters.engines.prometheus_text import totals
from orchestrator.adapters.engines.vllm import METRICS

VLLM = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 2.0
vllm:num_requests_running{engine="1",model_name="m"} 1.0
vllm:num_requests_waiting{engine="0",model_name="m"} 4.0
vllm:prompt_tokens_total{engine="0",model_name="m"} 500.0
vllm:prompt_tokens_created{engine="0",model_name="m"} 1.7e+09
vllm:generation_tokens_total{engine="0",model_name="m"} 600.0
vllm:request_decode_time_seconds_sum{engine="0",model_name="m"} 7.5
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
vllm:prefix_cache_queries_total{engine="0",model_name="m"} 500.0
vllm:prefix_cache_hits_total{engine="0",model_name="m"} 125.0
"""


def test_what_vllm_tells_is_summed_over_its_engines_and_read_as_a_sample() -> None:
    sample = _sample(totals(VLLM, METRICS))
    assert (sample.num_requests_running, sample.num_requests_waiting) == (3, 4)
    assert (sample.prompt_tokens_total, sample.generation_tokens_total) == (500, 600)
    assert (sample.generation_s_total, sample.kv_cache_usage) == (7.5, 0.25)
    assert (sample.prefix_cache_queries_total, sample.prefix_cache_hits_total) == (500, 125)


@pytest.mark.parametrize("line", ["a NaN", "a +Inf", "a much", "b 5", "# a 5", "a", ""])
def test_what_is_missing_or_no_finite_number_counts_nothing(line: str) -> None:
    assert totals(line, {"a": "ours"}) == {"ours": 0.0}
