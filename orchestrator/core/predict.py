"""From a fit to how fast it will be: decode, saturation, prefill, TTFT and cold start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from orchestrator.core.accelerators import Accelerator, devices
from orchestrator.core.cpu_rates import cpu_rates
from orchestrator.core.device import Device
from orchestrator.core.engine_speed import EngineSpeed
from orchestrator.core.forward_pass import ForwardPass, forward_pass
from orchestrator.core.gpu_estimate import spec_of
from orchestrator.core.gpu_spec import GpuSpec
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.inventory import Inventory, NotAvailable
from orchestrator.core.load_time import Load, Times, times
from orchestrator.core.pass_time import Engine, Parallelism, decode_step_s, part_of, prefill_s, rates_of
from orchestrator.core.plan import Fit
from orchestrator.core.prediction import Prediction
from orchestrator.core.prediction_why import Case, why
from orchestrator.core.profile import EngineName

PROMPT_TOKENS, OUTPUT_TOKENS = 1024, 256  # of the request that predictions are made for
ENOUGH = 0.95  # of the highest throughput is called saturation
CPU = "llama.cpp-cpu"  # the name of llama.cpp's constants where it runs on cores
RUNS = {EngineName.OLLAMA: EngineName.LLAMA_CPP}  # whose server it starts for each model


@dataclass(frozen=True)
class Predictor:
    """What predictions rest on: `predict` is pure."""

    gpus: GpuTable
    speeds: Mapping[str, EngineSpeed]  # by the engine's name

    def __call__(self, fit: Fit, inventory: Inventory) -> Prediction | None:
        """None where the GPU's rates can neither be looked up nor estimated."""
        found = self._engine(fit, inventory)
        return predict(fit, *found) if found else None

    def _engine(self, fit: Fit, inventory: Inventory) -> tuple[Engine, str] | None:
        """The engine on the fit's devices, and where their rates are from."""
        if fit.vllm.on_cpu:
            return None
        if fit.device is Device.CPU:
            cores = max(1, inventory.host.cpu_cores // fit.replicas_per_host)
            return Engine(self.speeds[CPU], cpu_rates(inventory.host, fit.replicas_per_host)), f"{cores} cores"
        accelerator = next(one for one in devices(inventory)[0] if one.id == fit.gpu_indices[0])
        spec = self._spec(accelerator, inventory)
        if spec is None:
            return None
        rates = part_of(rates_of(spec), accelerator.bandwidth_share, accelerator.compute_share)
        slice_of = f"a slice {accelerator.mig_profile} of " if accelerator.mig_profile else ""
        source = spec.source if spec.estimated else f"{slice_of}data sheet of {spec.name}"
        return Engine(self.speeds[RUNS.get(fit.profile.engine, fit.profile.engine)], rates, _parallelism(fit)), source

    def _spec(self, accelerator: Accelerator, inventory: Inventory) -> GpuSpec | None:
        """Of the whole GPU; Metal's goes by the name of its chip."""
        gpu = next((gpu for gpu in inventory.gpus if gpu.index == accelerator.gpu_index), None)
        if gpu is None:
            return self.gpus.by_product(accelerator.name, NotAvailable("one memory with the CPU"))
        spec = spec_of(gpu, self.gpus)
        return None if isinstance(spec, NotAvailable) else spec


@lru_cache(maxsize=1024)  # pools of a cluster that differ in how many GPUs are free ask the same
def predict(fit: Fit, engine: Engine, source: str) -> Prediction:
    """One replica that nothing else shares its devices with."""
    work = forward_pass(fit.profile, fit.vllm.kv_cache_dtype)
    alone = _load(fit, 1)
    room = kv_cache_tokens(fit, work, engine.parallelism)
    many, at_once = saturation(work, engine, fit, room)
    first = times(work, engine, alone, room)
    prefill = prefill_s(work, engine, alone.prompt_tokens)
    decode = decode_step_s(work, engine, 1, alone.prompt_tokens + alone.output_tokens / 2)
    cold = cold_start_s(fit, engine)
    return Prediction(
        decode_tok_s=1 / decode,
        saturation_tok_s=at_once.tok_s(many),
        saturation_concurrency=many.concurrency,
        prefill_tok_s=alone.prompt_tokens / prefill,
        ttft_s=first.ttft_s,
        prompt_tokens=alone.prompt_tokens,
        output_tokens=alone.output_tokens,
        cold_start_s=cold,
        why=why(Case(fit, work, engine, source), alone, many, at_once),
    )


def saturation(work: ForwardPass, engine: Engine, fit: Fit, kv_cache_tokens: float) -> tuple[Load, Times]:
    """The fewest requests at once that reach nearly the throughput of any number that the fit takes."""
    counts = [2**power for power in range(fit.max_num_seqs.bit_length()) if 2**power < fit.max_num_seqs]
    loads = [_load(fit, count) for count in (*counts, fit.max_num_seqs)]
    found = [(load, times(work, engine, load, kv_cache_tokens)) for load in loads]
    most = max(each.tok_s(load) for load, each in found)
    return next((load, each) for load, each in found if each.tok_s(load) >= ENOUGH * most)


def kv_cache_tokens(fit: Fit, work: ForwardPass, parallelism: Parallelism) -> float:
    """Those that the fit is made for, and those that its headroom has room for."""
    heads = max(1 / work.num_key_value_heads, 1 / parallelism.tensor_parallel_size)
    return fit.max_num_seqs * fit.max_model_len + max(0, fit.memory.headroom_bytes) / (work.kv_bytes_per_token * heads)


def cold_start_s(fit: Fit, engine: Engine) -> float:
    """From weights on a local disk to the first answer."""
    held = fit.profile.weights.bytes + fit.profile.weights.mmproj_bytes
    return engine.speed.start_s + held / engine.speed.load_bytes_s


def _parallelism(fit: Fit) -> Parallelism:
    size = fit.tensor_parallel_size
    expert_parallel_size = size if fit.vllm.enable_expert_parallel else 1
    return Parallelism(size, expert_parallel_size=expert_parallel_size, enforce_eager=fit.vllm.enforce_eager)


def _load(fit: Fit, concurrency: int) -> Load:
    """The usual request, or a smaller one where the context is short."""
    prompt = max(1, min(PROMPT_TOKENS, fit.max_model_len // 2))
    return Load(concurrency, prompt, max(1, min(OUTPUT_TOKENS, fit.max_model_len // 4)))
