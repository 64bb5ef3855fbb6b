"""The environment variables of a vLLM server: a row for each, with its reason (vLLM 0.32.0 and 0.33.0, envs.py)."""

from __future__ import annotations

from orchestrator.core.device import Device
from orchestrator.core.plan import Fit
from orchestrator.core.vllm_launch import Row, VllmLaunch

ENVIRONMENT = (
    Row("HF_HUB_OFFLINE", lambda *_: "1", "weights are on disk: nothing is fetched behind the user's back"),
    Row("VLLM_NO_USAGE_STATS", lambda *_: "1", "nothing is reported to anybody"),
    Row("DO_NOT_TRACK", lambda *_: "1", "nor by the libraries that vLLM uses"),
    Row("VLLM_SERVER_DEV_MODE", lambda *_: "0", "development endpoints let a caller run code"),
    Row("VLLM_ALLOW_RUNTIME_LORA_UPDATING", lambda *_: "0", "no request loads an adapter from a path"),
    Row("VLLM_MEDIA_URL_ALLOW_REDIRECTS", lambda *_: "0", "no address is fetched, by a redirect neither"),
    Row("VLLM_DEBUG_LOG_API_SERVER_RESPONSE", lambda *_: "false", "answers are not logged"),
    Row("VLLM_API_KEY", lambda *_: "", "keys are the gateway's; one of the user's would lock it out"),
    Row("VLLM_CPU_OMP_THREADS_BIND", lambda fit, _: _shared(fit, "nobind"), "else replicas take the same cores"),
    Row("OMP_NUM_THREADS", lambda fit, launch: _shared(fit, str(launch.threads)), "a replica's share of the cores"),
)


def vllm_environment(fit: Fit, launch: VllmLaunch) -> tuple[tuple[str, str], ...]:
    """What is set beside, or in place of, the environment that the server inherits."""
    values = ((row.name, row.value(fit, launch)) for row in ENVIRONMENT)
    return tuple((name, value) for name, value in values if isinstance(value, str))


def _shared(fit: Fit, value: str) -> str | None:
    """For a CPU that several replicas share: the default binds each to all of a NUMA node's cores."""
    return value if fit.device is Device.CPU and fit.replicas_per_host > 1 else None
