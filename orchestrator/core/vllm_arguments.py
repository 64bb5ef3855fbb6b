"""The command line that a fit gives `vllm serve`: a row for each flag, with its reason.

Flags and defaults as in vLLM 0.32.0 and 0.33.0 (`vllm serve --help=all`). What is not here keeps vLLM's default; of
those the plan relies on: no remote code (--trust-remote-code), no requests in the log (--enable-log-requests), no
files of the host (--allowed-local-media-path). Replicas stand in the place of --data-parallel-size.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from orchestrator.core.device import Device
from orchestrator.core.lora import Lora
from orchestrator.core.plan import Fit
from orchestrator.core.vllm_launch import Row, Value, VllmLaunch

NO_DOMAIN = "none.invalid"  # resolves nowhere (RFC 2606); an empty list would allow every domain
FLAGS = (
    Row("--served-model-name", lambda _, launch: launch.served_model_names, "the names that clients ask for"),
    Row("--dtype", lambda fit, _: fit.vllm.dtype, "float16 below compute capability 8.0"),
    Row("--tensor-parallel-size", lambda fit, _: fit.tensor_parallel_size, "as planned"),
    Row("--pipeline-parallel-size", lambda fit, _: fit.pipeline_parallel_size, "as planned"),
    Row("--enable-expert-parallel", lambda fit, _: fit.vllm.enable_expert_parallel, "keeps quantised blocks whole"),
    Row("--max-model-len", lambda fit, _: fit.max_model_len, "what memory was planned for"),
    Row("--max-num-seqs", lambda fit, _: fit.max_num_seqs, "what memory was planned for"),
    Row("--max-num-batched-tokens", lambda fit, _: fit.vllm.max_num_batched_tokens, "the default depends on the GPU"),
    Row("--gpu-memory-utilization", lambda fit, launch: _gpu_share(fit, launch), "the share that was planned with"),
    Row("--kv-cache-memory-bytes", lambda fit, _: _pool_bytes(fit), "on a CPU, whose default is 92 % of its memory"),
    Row("--kv-cache-dtype", lambda fit, _: fit.vllm.kv_cache_dtype, "what memory was planned for"),
    Row("--enable-prefix-caching", lambda fit, _: fit.vllm.enable_prefix_caching, "turns repeat what went before"),
    Row("--no-enable-prefix-caching", lambda fit, _: not fit.vllm.enable_prefix_caching, "both versions know it"),
    Row("--enforce-eager", lambda fit, _: fit.vllm.enforce_eager, "no CUDA graphs, where the plan has none"),
    Row("--speculative-config", lambda fit, _: _speculative_config(fit), "multi-token prediction, off by default"),
    Row("--language-model-only", lambda fit, _: not serves_images(fit), "no memory for images that nobody may send"),
    Row("--limit-mm-per-prompt", lambda fit, _: _limits(fit), "vLLM's own limit is 999 of each"),
    Row("--mm-encoder-tp-mode", lambda fit, _: _encoder_mode(fit), "what memory was planned for"),
    Row("--mm-processor-cache-gb", lambda fit, _: _image_cache(fit), "the default is 4 GiB, which a CPU's plan lacks"),
    Row("--allowed-media-domains", lambda *_: NO_DOMAIN, "images come in the request; no address is fetched"),
    Row("--reasoning-parser", lambda *_: "qwen3", "tells the thoughts from the answer"),
    Row("--default-chat-template-kwargs", lambda fit, _: _thinking(fit), "else an answer is taken for a thought"),
    Row("--enable-auto-tool-choice", lambda *_: True, "the model may call the tools that a request offers"),
    Row("--tool-call-parser", lambda *_: "qwen3_coder", "Qwen 3.5 writes its calls in XML"),
    Row("--enable-lora", lambda fit, _: fit.vllm.max_loras > 0, "where adapters are served"),
    Row("--max-loras", lambda fit, _: fit.vllm.max_loras or None, "what memory was planned for"),
    Row("--max-lora-rank", lambda fit, _: fit.vllm.max_lora_rank if fit.vllm.max_loras else None, "as planned"),
    Row("--lora-modules", lambda _, launch: tuple(map(_lora_module, launch.loras)), "each adapter by its name"),
    Row(
        "--max-num-queued-reqs",
        lambda _, launch: launch.max_num_queued_reqs,
        "of what runs or waits; others get 503",
    ),
    Row("--shutdown-timeout", lambda _, launch: launch.shutdown_timeout_s, "what is being answered is finished"),
    Row("--disable-fastapi-docs", lambda *_: True, "nothing but the API is served"),
    Row("--disable-uvicorn-access-log", lambda *_: True, "the log is for what goes wrong"),
)


def vllm_arguments(fit: Fit, launch: VllmLaunch) -> tuple[str, ...]:
    """Everything after `vllm serve` but the address, always in the same order."""
    return (launch.model_path, *(word for row in FLAGS for word in _words(row.name, row.value(fit, launch))))


def _thinking(fit: Fit) -> str | None:
    """For models that do not think by default."""
    return None if fit.profile.model.thinks else json.dumps({"enable_thinking": False})


def serves_images(fit: Fit) -> bool:
    """Whether the vision encoder is loaded, which a checkpoint has within it."""
    model = fit.profile.model
    sees = model.architecture is not None and model.architecture.vision is not None
    return sees and model.limits.images_per_request > 0 and not fit.vllm.language_model_only


def _words(flag: str, value: Value) -> Iterable[str]:
    if isinstance(value, tuple):
        return (flag, *value) if value else ()
    if value is None or isinstance(value, bool):
        return (flag,) if value else ()
    return (f"{flag}={value}",)


def _gpu_share(fit: Fit, launch: VllmLaunch) -> float | None:
    return launch.gpu_memory_utilization if fit.device is Device.GPU else None


def _pool_bytes(fit: Fit) -> int | None:
    """Just what the plan has for it; a GPU's pool takes what the share leaves."""
    if fit.pool is None or fit.device is not Device.CPU:
        return None
    return fit.pool.num_blocks * fit.pool.bytes_per_block


def _speculative_config(fit: Fit) -> str | None:
    count = fit.vllm.num_speculative_tokens
    return _json({"method": "mtp", "num_speculative_tokens": count}) if count else None


def _limits(fit: Fit) -> str | None:
    limits = fit.profile.model.limits
    most = {"image": limits.images_per_request, "video": int(limits.video_seconds_per_request > 0)}
    return _json(most) if serves_images(fit) else None


def _encoder_mode(fit: Fit) -> str | None:
    """How tensor parallelism treats the encoder, where there is one."""
    return fit.vllm.mm_encoder_tp_mode if serves_images(fit) and fit.tensor_parallel_size > 1 else None


def _image_cache(fit: Fit) -> int | None:
    return 0 if fit.device is Device.CPU and serves_images(fit) else None


def _lora_module(lora: Lora) -> str:
    """As JSON, since `name=path` cannot have a comma in the path."""
    return _json({"name": lora.name, "path": lora.path})


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, separators=(",", ":"))
