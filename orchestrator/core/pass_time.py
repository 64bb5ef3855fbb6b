"""How long one pass through a model takes: a roofline over bytes and FLOP, and the cost of layers beside it.

Roofline: Williams et al. 2009. The bytes alone make a mixture of experts look 3 to 5 times too fast, since its many
small kernels wait for their launch; so each layer also has a fixed cost. Times in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, log2, sqrt

from orchestrator.core.engine_speed import EngineSpeed
from orchestrator.core.forward_pass import ForwardPass, RoutedExperts
from orchestrator.core.gpu_spec import GpuSpec
from orchestrator.core.parameters import BF16_BYTES

SOFTNESS = 3  # of the roofline's edge, where reading and computing hide each other in part
PCIE_BYTES_S = 32e9  # one direction of 16 lanes of PCIe 4.0
ALL_REDUCES = 2  # of a layer: after its mixer and after its feed-forward part


@dataclass(frozen=True)
class Rates:
    """Peaks of one device."""

    bandwidth_bytes_s: float
    bf16_flops: float
    fp8_flops: float | None
    link_bytes_s: float = PCIE_BYTES_S  # one direction


def rates_of(spec: GpuSpec) -> Rates:
    return Rates(spec.bandwidth_bytes_s, spec.bf16_flops, spec.fp8_flops, spec.link_bytes_s or PCIE_BYTES_S)


def part_of(rates: Rates, bandwidth_share: float, compute_share: float) -> Rates:
    """Those of a slice."""
    fp8 = None if rates.fp8_flops is None else rates.fp8_flops * compute_share
    return Rates(rates.bandwidth_bytes_s * bandwidth_share, rates.bf16_flops * compute_share, fp8, rates.link_bytes_s)


@dataclass(frozen=True)
class Parallelism:
    """How GPUs divide a pass: `tensor_parallel_size` x `data_parallel_size` of them."""

    tensor_parallel_size: int = 1
    data_parallel_size: int = 1  # attention's: each group has its own sequences
    expert_parallel_size: int = 1  # 1: every GPU has a part of each expert
    enforce_eager: bool = False

    @property
    def num_gpus(self) -> int:
        return self.tensor_parallel_size * self.data_parallel_size


@dataclass(frozen=True)
class Engine:
    """One engine on some devices."""

    speed: EngineSpeed
    rates: Rates
    parallelism: Parallelism = Parallelism()


def decode_step_s(work: ForwardPass, engine: Engine, num_seqs: float, context: float) -> float:
    """One token more for each of `num_seqs` sequences that hold `context` tokens on average."""
    parallelism, speed = engine.parallelism, engine.speed
    own = num_seqs / parallelism.data_parallel_size
    bandwidth = engine.rates.bandwidth_bytes_s * speed.bandwidth_share
    flops = _flops(engine, work.fp8, speed.decode_bf16_share, speed.decode_fp8_share)
    head_flops = _flops(engine, False, speed.decode_bf16_share, 0)
    tp = parallelism.tensor_parallel_size
    return (
        roof(work.dense_bytes / tp / bandwidth, 2 * work.dense_weights * own / tp / flops)
        + roof(work.head_bytes / tp / bandwidth, 2 * work.head_weights * own / tp / head_flops)
        + _routed_s(work, engine, num_seqs, flops)
        + own * _cache_bytes(work, tp, context) / bandwidth
        + _layers_s(work, engine)
        + all_reduce_s(work, engine, num_seqs, started=True)
        + speed.step_s
        + speed.sequence_s * num_seqs
    )


def prefill_s(work: ForwardPass, engine: Engine, num_tokens: float) -> float:
    """A prompt of `num_tokens` through the model; its fixed costs are in `EngineSpeed.ttft_s`."""
    speed, gpus = engine.speed, engine.parallelism.num_gpus
    flops = _flops(engine, work.fp8, speed.prefill_bf16_share, speed.prefill_fp8_share)
    attention = work.attention_flops * num_tokens**2 / 2 / _flops(engine, False, speed.prefill_bf16_share, 0)
    matrices = 2 * work.dense_weights * num_tokens / flops
    read = work.dense_bytes
    if work.experts is not None:
        active = work.experts.num_experts_per_tok * work.experts.weights
        matrices += 2 * active * num_tokens / (flops * speed.expert_share)
        read += work.experts.distinct(num_tokens) * work.experts.bytes
    reading = read / (engine.rates.bandwidth_bytes_s * speed.bandwidth_share)
    return roof((matrices + attention) / gpus, reading / gpus) + all_reduce_s(work, engine, num_tokens, started=False)


def roof(reading_s: float, computing_s: float) -> float:
    """The longer of the two, and a little more where they are alike."""
    return float((reading_s**SOFTNESS + computing_s**SOFTNESS) ** (1 / SOFTNESS))


def all_reduce_s(work: ForwardPass, engine: Engine, num_tokens: float, *, started: bool) -> float:
    """Of all layers, as a ring: each GPU sends and receives almost two activations a token."""
    gpus = engine.parallelism.num_gpus
    if gpus == 1:
        return 0.0
    sent = num_tokens * work.hidden_size * BF16_BYTES * 2 * (gpus - 1) / gpus
    start = engine.speed.all_reduce_s * log2(gpus) if started else 0.0
    link = engine.rates.link_bytes_s * engine.speed.link_share
    return ALL_REDUCES * work.num_hidden_layers * (start + sent / link)


def _flops(engine: Engine, fp8: bool, bf16_share: float, fp8_share: float) -> float:
    """In 8 bits where weights and device allow it, else in 16."""
    if fp8 and engine.rates.fp8_flops is not None:
        return engine.rates.fp8_flops * fp8_share
    return engine.rates.bf16_flops * bf16_share


def _routed_s(work: ForwardPass, engine: Engine, num_seqs: float, flops: float) -> float:
    """The experts that the tokens of all sequences go to, on the GPU that has most of them."""
    experts, parallelism, speed = work.experts, engine.parallelism, engine.speed
    if experts is None:
        return 0.0
    gpus = parallelism.num_gpus
    read = _experts_read(experts, num_seqs, parallelism.expert_parallel_size, speed.expert_imbalance) * experts.bytes
    active = experts.num_experts_per_tok * experts.weights * num_seqs
    reading = read / gpus / (engine.rates.bandwidth_bytes_s * speed.bandwidth_share)
    return roof(reading, 2 * active / gpus / (flops * speed.expert_share))


def _experts_read(experts: RoutedExperts, num_seqs: float, groups: int, imbalance: float) -> float:
    """Distinct experts; with expert parallelism as if every GPU had as many as the busiest."""
    mean = experts.distinct(num_seqs) / groups
    if groups == 1:
        return mean
    spread = sqrt(2 * log(groups) * mean * max(0.0, 1 - mean * groups / experts.num_experts))
    return groups * min(experts.num_experts / groups, mean + imbalance * spread)


def _cache_bytes(work: ForwardPass, tensor_parallel_size: int, context: float) -> float:
    """Keys and values of one sequence on one GPU, which has at least one head; its states, read and written."""
    heads = max(1 / work.num_key_value_heads, 1 / tensor_parallel_size)
    return context * work.kv_bytes_per_token * heads + 2 * work.state_bytes / tensor_parallel_size


def _layers_s(work: ForwardPass, engine: Engine) -> float:
    speed, parallelism = engine.speed, engine.parallelism
    each = speed.layer_s
    if work.experts is not None:
        each += speed.moe_layer_s + (speed.expert_parallel_layer_s if parallelism.expert_parallel_size > 1 else 0)
    if parallelism.enforce_eager:
        each += speed.eager_layer_s
    return work.num_hidden_layers * each
