"""Every fit that vLLM is started for: each of its profiles on each machine of the table, and what few ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import yaml

from orchestrator.adapters.described_site import parse_site
from orchestrator.adapters.gpu_table import load_gpus, shipped_gpus_dir
from orchestrator.core.device import Device
from orchestrator.core.fit import fits_in_group
from orchestrator.core.lora import Lora
from orchestrator.core.plan import Fit
from orchestrator.core.profile import EngineName, Profile
from orchestrator.core.vllm_launch import VllmLaunch
from orchestrator.core.vllm_options import KvCacheDtype, MmEncoderTpMode
from orchestrator.core.wish import Wish
from tests.core.machines import PROFILES

MACHINES = yaml.safe_load((Path(__file__).parents[1] / "data" / "machines.yaml").read_text())
GPUS = load_gpus(shipped_gpus_dir())
VLLM_PROFILES = tuple(profile for profile in PROFILES if profile.engine is EngineName.VLLM)
WISHES = (
    Wish(),
    Wish(tensor_parallel_size=2),
    Wish(max_model_len=32_768, max_num_seqs=4),
    Wish(num_speculative_tokens=2),
)
CPU_WISHES = (
    Wish(engine=EngineName.VLLM, device=Device.CPU),
    Wish(engine=EngineName.VLLM, device=Device.CPU, num_replicas=2),
)
OTHER_MACHINES = ("a100-80gb:8@2", "t4:4")  # for what no host holds alone; without bfloat16
OTHER_OPTIONS = (
    {"kv_cache_dtype": KvCacheDtype.FP8},
    {"enable_prefix_caching": False},
    {"enforce_eager": True, "language_model_only": True},
    {"mm_encoder_tp_mode": MmEncoderTpMode.DATA, "max_num_batched_tokens": 8192},
    {"max_loras": 4, "max_lora_rank": 64},
)
LAUNCH = VllmLaunch(
    model_path="/models/demo",
    served_model_names=("qwen3.5-27b", "qwen3.5-27b-fp8"),
    max_num_queued_reqs=300,
    shutdown_timeout_s=4,
    loras=(Lora("legal", "/adapters/legal, 2026=v2"), Lora("medical", "/adapters/medical")),
)


def every_fit() -> tuple[Fit, ...]:
    """Each different one once, in a stable order."""
    planned = tuple(dict.fromkeys(_planned()))
    asked = (replace(fit, vllm=replace(fit.vllm, **options)) for fit in planned[::10] for options in OTHER_OPTIONS)
    return (*planned, *asked)


def launch_of(fit: Fit) -> VllmLaunch:
    """Adapters only where the fit has room for them."""
    return LAUNCH if fit.vllm.max_loras else replace(LAUNCH, loras=())


def _planned() -> Iterator[Fit]:
    for hardware in (*MACHINES.values(), *OTHER_MACHINES):
        for profile in VLLM_PROFILES:
            yield from _on(hardware, profile)


def _on(hardware: str, profile: Profile) -> Iterator[Fit]:
    for wish in CPU_WISHES if hardware.startswith("cpu:") else WISHES:
        for hosts in parse_site(hardware, GPUS).hosts:
            found = fits_in_group(profile, hosts, wish)
            yield from found if isinstance(found, tuple) else ()
