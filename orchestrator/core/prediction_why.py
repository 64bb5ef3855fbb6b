"""The arithmetic of a prediction in words, a line a figure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.core.amounts import counted, gib
from orchestrator.core.forward_pass import ForwardPass
from orchestrator.core.load_time import Load, Times
from orchestrator.core.pass_time import Engine
from orchestrator.core.plan import Fit

GIGA, TERA = 1e9, 1e12


@dataclass(frozen=True)
class Case:
    """What is predicted, on what."""

    fit: Fit
    work: ForwardPass
    engine: Engine
    source: str  # of the rates


def why(case: Case, alone: Load, many: Load, at_once: Times) -> tuple[str, ...]:
    decode = (*_decode(case), *_speculation(case.fit))
    return (_rates(case), *decode, _prefill(case, alone), _saturation(many, at_once), _cold_start(case))


def _rates(case: Case) -> str:
    rates, parallelism = case.engine.rates, case.engine.parallelism
    each = "each of " if parallelism.num_gpus > 1 else ""
    devices = counted(parallelism.num_gpus, "device")
    return f"{each}{devices}: {rates.bandwidth_bytes_s / GIGA:,.0f} GB/s, {_tera(rates.bf16_flops)}; {case.source}"


def _decode(case: Case) -> Iterator[str]:
    work, speed, parallelism = case.work, case.engine.speed, case.engine.parallelism
    read = (work.dense_bytes + work.head_bytes) / GIGA
    share = f"at {speed.bandwidth_share:.0%} of the bandwidth"
    over = f" over {parallelism.num_gpus} devices" if parallelism.num_gpus > 1 else ""
    yield f"a token reads {read:.2f} GB{_experts(work)}{over}, {share}"
    each = speed.layer_s + (speed.moe_layer_s if work.experts else 0.0)
    layers = f"{work.num_hidden_layers} layers cost {each * 1e6:.0f} us each beside reading"
    yield f"{layers}, a pass {speed.step_s * 1e3:.1f} ms"


def _speculation(fit: Fit) -> Iterator[str]:
    """How many drafted tokens hold depends on the text, so no gain is promised."""
    if count := fit.vllm.num_speculative_tokens:
        yield f"{counted(count, 'drafted token')} a pass: how many will hold is not known, so none is counted"


def _experts(work: ForwardPass) -> str:
    if work.experts is None:
        return ""
    routed = work.experts.num_experts_per_tok * work.experts.bytes / GIGA
    return f" and {routed:.2f} GB of {work.experts.num_experts_per_tok} of {work.experts.num_experts} experts"


def _prefill(case: Case, load: Load) -> str:
    work, speed = case.work, case.engine.speed
    active = work.dense_weights
    if work.experts is not None:
        active += work.experts.num_experts_per_tok * work.experts.weights
    share = speed.prefill_fp8_share if work.fp8 and case.engine.rates.fp8_flops else speed.prefill_bf16_share
    prompt = f"a prompt of {load.prompt_tokens:,} tokens"
    return f"{prompt} takes 2 x {active / GIGA:.2f} GFLOP a token, at {share:.0%} of the peak"


def _saturation(many: Load, at_once: Times) -> str:
    return (
        f"{counted(many.concurrency, 'request')} of {many.prompt_tokens:,} + {many.output_tokens} tokens at once: "
        f"TTFT {at_once.ttft_s:.2f} s, TPOT {at_once.tpot_s * 1e3:.1f} ms"
    )


def _cold_start(case: Case) -> str:
    weights, speed = case.fit.profile.weights, case.engine.speed
    held = weights.bytes + weights.mmproj_bytes
    return f"{gib(held)} from a local disk at {speed.load_bytes_s / GIGA:.1f} GB/s, then {speed.start_s:.0f} s of start"


def _tera(flops: float) -> str:
    return f"{flops / TERA:,.1f} TFLOP/s"
