"""What a fit is worth: steps of 0..1, each with its reason; a step of 0 refuses the profile."""

from __future__ import annotations

import math

from orchestrator.core.amounts import counted, gib
from orchestrator.core.device import Device
from orchestrator.core.gpu_sets import device_count, gpu_sets
from orchestrator.core.inventory import Host, HostGroup
from orchestrator.core.memory import memory_parts, request_bytes
from orchestrator.core.objective import weight
from orchestrator.core.plan import Availability, Fit, ScoreStep, Shape
from orchestrator.core.price import cost_per_million, price_per_hour
from orchestrator.core.request import excluded, is_named
from orchestrator.core.wish import Wish

USABLE_TOK_S = 3.0  # slower than this nobody reads along
HALF_WORTH = {"speed": 1.0, "latency": 50.0, "throughput": 10_000.0}  # tok/s at which a step would be worth half
HALF_WORTH_COST = 0.5  # of a million tokens, in the currency of the prices
SPANNING_WORTH = 0.5  # of a replica whose every token crosses the network between hosts
IDLE_GPU_WORTH = 0.25  # of a profile that leaves the host's GPUs idle
TYPICAL_TOKENS = 32768  # context of the request that headroom is counted in
ENOUGH_REQUESTS = {Device.CPU: 4, Device.GPU: 16}  # of that context at once; more earns nothing
NO_HEADROOM_WORTH = 0.75
LEAST_CONTEXT = 2048  # tokens: worth nothing yet
NOT_PREDICTED = "speed not predicted"
NOT_PREDICTED_WORTH = 0.01  # where the objective asks for a figure that is not there


def score_steps(
    fit: Fit, hosts: HostGroup, wish: Wish, weights: Availability, engine: Availability
) -> tuple[ScoreStep, ...]:
    """First what may refuse the profile, then what ranks it."""
    steps = (
        _eligible(fit, wish),
        ScoreStep("engine", float(engine.obtainable), engine.reason),
        _weights(fit, hosts.inventory.host, weights),
        _quality(fit),
        _floor(fit, wish),
        _rate("speed", fit),
        _rate("latency", fit),
        _throughput(fit, hosts),
        _cost(fit, hosts, wish),
        _context(fit),
        _device(fit, hosts),
        _headroom(fit, wish),
    )
    return tuple(_weighed(step, wish) for step in steps)


def _weighed(step: ScoreStep, wish: Wish) -> ScoreStep:
    return ScoreStep(step.name, step.value, step.why, weight(wish.objective, step.name))


def _eligible(fit: Fit, wish: Wish) -> ScoreStep:
    why = excluded(fit.profile, wish)
    return ScoreStep("eligible", 0.0 if why else 1.0, why or "may be chosen")


def _weights(fit: Fit, host: Host, weights: Availability) -> ScoreStep:
    """Here, or obtainable with room on the disk."""
    needed = fit.profile.weights.bytes + fit.profile.weights.mmproj_bytes
    if weights.obtainable and not weights.on_disk and needed > host.disk_free_bytes:
        why = f"{gib(needed)} to fetch, {gib(host.disk_free_bytes)} free on disk"
        return ScoreStep("weights", 0.0, why)
    return ScoreStep("weights", float(weights.obtainable or weights.on_disk), weights.reason)


def _quality(fit: Fit) -> ScoreStep:
    """The model's place in its family, and what this precision keeps of it."""
    model, retained = fit.profile.model.quality, fit.profile.quality_retained
    why = f"quality {model:.2f}" + (f" x {retained:.1%} kept" if retained < 1 else "")
    return ScoreStep("quality", model * retained, why)


def _floor(fit: Fit, wish: Wish) -> ScoreStep:
    """What one stream has to reach: what the user asks for, or on a CPU what people read along with."""
    if fit.prediction is None:
        return ScoreStep("floor", 1.0, NOT_PREDICTED)
    tok_s = fit.prediction.decode_tok_s
    if wish.min_tok_s is not None and tok_s < wish.min_tok_s:
        return ScoreStep("floor", 0.0, f"about {tok_s:.1f} tok/s a stream, {wish.min_tok_s:g} asked for")
    if wish.min_tok_s is None and tok_s < USABLE_TOK_S and not is_named(fit.profile, wish):
        return ScoreStep("floor", 0.0, f"about {tok_s:.1f} tok/s a stream, below the usable {USABLE_TOK_S:g}")
    return ScoreStep("floor", 1.0, f"about {tok_s:,.1f} tok/s a stream")


def _rate(name: str, fit: Fit) -> ScoreStep:
    """How fast one request is, with its prompt: `speed` is content with what people read, `latency` wants more."""
    if fit.prediction is None:
        return ScoreStep(name, 1.0, NOT_PREDICTED)
    said = fit.prediction
    tok_s = said.request_tok_s
    why = f"about {said.decode_tok_s:,.1f} tok/s a stream after {said.ttft_s:,.1f} s for {said.prompt_tokens:,} tokens"
    return ScoreStep(name, tok_s / (tok_s + HALF_WORTH[name]), why)


def _throughput(fit: Fit, hosts: HostGroup) -> ScoreStep:
    """Of all replicas that a host has room for, so that a thousand hosts choose as one does."""
    if fit.prediction is None:
        return ScoreStep("throughput", NOT_PREDICTED_WORTH, NOT_PREDICTED)
    replicas = replicas_of(fit, hosts)
    tok_s = fit.prediction.saturation_tok_s * replicas / hosts.count
    each = f" on {hosts.count:,} hosts" if hosts.count > 1 else ""
    why = f"about {tok_s:,.0f} tok/s at most a host from {counted(replicas, 'replica')}{each}"
    return ScoreStep("throughput", tok_s / (tok_s + HALF_WORTH["throughput"]), why)


def _cost(fit: Fit, hosts: HostGroup, wish: Wish) -> ScoreStep:
    """Of a million tokens at saturation; without prices a GPU-hour counts one, and so does a CPU's host."""
    if fit.prediction is None:
        return ScoreStep("cost", NOT_PREDICTED_WORTH, NOT_PREDICTED)
    per_hour = price_per_hour(fit, wish.prices)
    cost = cost_per_million(per_hour if per_hour is not None else max(1, fit.num_gpus), fit.prediction.saturation_tok_s)
    unit = "" if per_hour is not None else " device-hours"
    return ScoreStep("cost", HALF_WORTH_COST / (HALF_WORTH_COST + cost), f"about {cost:,.3f}{unit} a million tokens")


def _context(fit: Fit) -> ScoreStep:
    """Every doubling of the context is worth as much, up to what the model takes."""
    limit = max(fit.profile.model.limits.max_model_len, LEAST_CONTEXT * 2)
    doublings = math.log2(max(fit.max_model_len, 1) / LEAST_CONTEXT) / math.log2(limit / LEAST_CONTEXT)
    return ScoreStep("context", min(1.0, max(0.01, doublings)), f"{fit.max_model_len:,} tokens of context")


def _device(fit: Fit, hosts: HostGroup) -> ScoreStep:
    if fit.device is Device.CPU and device_count(hosts.inventory):
        return ScoreStep("device", IDLE_GPU_WORTH, "leaves the GPU idle")
    if fit.pipeline_parallel_size > 1:
        return ScoreStep("device", SPANNING_WORTH, f"spans {fit.pipeline_parallel_size} hosts, over their network")
    return ScoreStep("device", 1.0, f"on {fit.device.upper()}")


def _headroom(fit: Fit, wish: Wish) -> ScoreStep:
    """How many requests of a typical context the device can hold at once, against enough of them."""
    tokens = min(wish.max_model_len or TYPICAL_TOKENS, TYPICAL_TOKENS, fit.profile.model.limits.max_model_len)
    requests = _room_bytes(fit) / _request_bytes(fit, tokens)
    enough = ENOUGH_REQUESTS[fit.device]
    value = NO_HEADROOM_WORTH + (1 - NO_HEADROOM_WORTH) * min(1.0, requests / enough)
    return ScoreStep("headroom", value, f"room for {requests:,.1f} requests of {tokens:,} tokens")


def replicas_of(fit: Fit, hosts: HostGroup) -> int:
    """As many as have room on these hosts when nothing else runs there."""
    each = len(gpu_sets(fit, hosts.inventory, frozenset())) if fit.gpu_indices else fit.replicas_per_host
    return each * hosts.count // fit.pipeline_parallel_size


def _room_bytes(fit: Fit) -> int:
    """What is left for requests beside weights, activations and overhead."""
    return fit.memory.headroom_bytes + request_bytes(fit.memory.parts)


def _request_bytes(fit: Fit, tokens: int) -> int:
    shape = Shape(tokens, 1, fit.tensor_parallel_size, fit.vllm, fit.pipeline_parallel_size)
    return request_bytes(memory_parts(fit.profile, shape))
