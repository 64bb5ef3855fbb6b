"""What a fit is worth: steps of 0..1, each with its reason; a step of 0 refuses the profile."""

from __future__ import annotations

from orchestrator.core.amounts import counted, gib
from orchestrator.core.inventory import Host, Inventory
from orchestrator.core.memory import memory_parts, request_bytes
from orchestrator.core.plan import Availability, Device, Fit, ScoreStep, Shape, Wish
from orchestrator.core.request import excluded, is_named
from orchestrator.core.speed import cpu_decode_tok_s

USABLE_TOK_S = 3.0  # slower than this nobody reads along
HALF_WORTH_TOK_S = 0.5  # the speed at which a profile would be worth half
IDLE_GPU_WORTH = 0.25  # of a profile that leaves the host's GPUs idle
TYPICAL_TOKENS = 32768  # context of the request that headroom is counted in
ENOUGH_REQUESTS = {Device.CPU: 4, Device.GPU: 16}  # of that context at once; more earns nothing
NO_HEADROOM_WORTH = 0.75


def score_steps(
    fit: Fit, inventory: Inventory, wish: Wish, weights: Availability, engine: Availability
) -> tuple[ScoreStep, ...]:
    """First what may refuse the profile, then what ranks it."""
    return (
        _eligible(fit, wish),
        ScoreStep("engine", float(engine.obtainable), engine.reason),
        _weights(fit, inventory.host, weights),
        _quality(fit),
        _speed(fit, inventory.host, wish),
        _device(fit, inventory),
        _headroom(fit, wish),
    )


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


def _speed(fit: Fit, host: Host, wish: Wish) -> ScoreStep:
    """On a CPU by the time that a token takes; GPUs are not told apart yet."""
    if fit.device is Device.GPU:
        return ScoreStep("speed", 1.0, "not estimated on a GPU yet")
    cores = cores_of_replica(host, wish)
    tok_s = cpu_decode_tok_s(fit.profile, cores)
    why = f"about {tok_s:.1f} tok/s a stream"
    if tok_s < USABLE_TOK_S and not is_named(fit.profile, wish):
        return ScoreStep("speed", 0.0, f"{why} on {counted(cores, 'core')}, below the usable {USABLE_TOK_S:g}")
    return ScoreStep("speed", tok_s / (tok_s + HALF_WORTH_TOK_S), why)


def cores_of_replica(host: Host, wish: Wish) -> int:
    """Replicas on one host divide its cores."""
    return max(1, host.cpu_cores // (wish.num_replicas or 1))


def _device(fit: Fit, inventory: Inventory) -> ScoreStep:
    if fit.device is Device.CPU and inventory.working_gpus:
        return ScoreStep("device", IDLE_GPU_WORTH, "leaves the GPU idle")
    return ScoreStep("device", 1.0, f"on {fit.device.upper()}")


def _headroom(fit: Fit, wish: Wish) -> ScoreStep:
    """How many requests of a typical context the device can hold at once, against enough of them."""
    tokens = min(wish.max_model_len or TYPICAL_TOKENS, TYPICAL_TOKENS, fit.profile.model.limits.max_model_len)
    requests = _room_bytes(fit) / _request_bytes(fit, tokens)
    enough = ENOUGH_REQUESTS[fit.device]
    value = NO_HEADROOM_WORTH + (1 - NO_HEADROOM_WORTH) * min(1.0, requests / enough)
    return ScoreStep("headroom", value, f"room for {requests:,.1f} requests of {tokens:,} tokens")


def _room_bytes(fit: Fit) -> int:
    """What is left for requests beside weights, activations and overhead."""
    return fit.memory.headroom_bytes + request_bytes(fit.memory.parts)


def _request_bytes(fit: Fit, tokens: int) -> int:
    return request_bytes(memory_parts(fit.profile, Shape(tokens, 1, fit.tensor_parallel_size)))
