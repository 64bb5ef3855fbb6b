"""Snapshots to look at: a fleet with one replica of each state, one that lies, and one of any size."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.core.answered import Answered
from orchestrator.core.deployment import GATEWAY
from orchestrator.core.fleet import Decided
from orchestrator.core.live.event import Event, Severity
from orchestrator.core.live.reading import SourceState
from orchestrator.core.live.snapshot import GpuRow, HostRow, ReplicaRow, Snapshot, Summary
from orchestrator.core.scaling.decision import DecisionStep, ScalingDecision

AT_S = 1_760_000_000.0  # 2025-10-09 08:53:20 UTC
GIB = 1 << 30


def row(replica_id: str, **fields: object) -> ReplicaRow:
    """A replica that is well."""
    well = ReplicaRow(
        replica_id, "qwen3.5-9b-bf16", "RUNNING", "answers completions", True, host="gpu-a", gpus=(0,),
        device="NVIDIA A100", utilization_percent=87.0, memory_used_bytes=71 * GIB, memory_total_bytes=80 * GIB,
        temperature_c=61, power_w=312.0, power_limit_w=400.0, kv_cache_usage=0.42, num_requests_running=12,
        num_requests_waiting=0, max_num_seqs=64, generation_tok_s=812.4, prompt_tok_s=4120.0, share_tok_s=900.0,
        tpot_s=0.0148, load_s=38.2, started_at_s=AT_S - 8040, placed_s=2.1, ttft_p50_s=0.16, ttft_p99_s=0.9,
        start_steps={"placed": 2.1, "GPUs free": 0.3, "weights": 12.4, "compiled": 14.2, "CUDA graphs": 6.0,
                     "other loading": 4.9, "first completion": 0.4},
        predicted_start_s=36.0, prefix_cache_hits=0.31, errors_per_min=0.0, revision="qwen3.5-9b-bf16 vllm 0.33.0",
    )  # fmt: skip
    return replace(well, **fields)  # type: ignore[arg-type]


ROWS = (
    row("aaaa1111"),
    row("bbbb2222", gpus=(1,), throttled="thermal", temperature_c=91, generation_tok_s=402.0, kv_cache_usage=0.97,
        num_requests_waiting=7),
    row("cccc3333", host="gpu-b", ready=False, reason="the engine has ended with 139", num_requests_running=0,
        generation_tok_s=0.0, kv_cache_usage=0.0, restarts=2, restart_reason="ended with 139", errors_per_min=3.0),
    ReplicaRow("dddd4444", "qwen3.5-9b-bf16", "STARTING", "loading weights", False, host="gpu-b",
               started_at_s=AT_S - 12, predicted_start_s=36.0),
    ReplicaRow("eeee5555", GATEWAY, "RUNNING", "listens", True, host="gpu-a", started_at_s=AT_S - 8100),
)  # fmt: skip
STEPS = (
    DecisionStep("demand", 3.4, "replicas busy, averaged over 10 s"),
    DecisionStep("replicas", 4, "that do the work of 3.4: enough"),
)
GPUS = (
    GpuRow("gpu-a", 0, "NVIDIA A100-SXM4-80GB", "GPU-0", 87.0, 71 * GIB, 80 * GIB, 61, 312.0, 400.0,
           replicas=("aaaa1111",)),
    GpuRow("gpu-a", 1, "NVIDIA A100-SXM4-80GB", "GPU-1", 99.0, 71 * GIB, 80 * GIB, 91, 240.0, 400.0,
           throttled="too hot", replicas=("bbbb2222",)),
    GpuRow("gpu-b", 0, "NVIDIA A100-SXM4-80GB", "GPU-2", 0.0, 71 * GIB, 80 * GIB, 40, 61.0, 400.0,
           replicas=("cccc3333",)),
    GpuRow("gpu-b", 1, "NVIDIA A100-SXM4-80GB", "GPU-3", 12.0, 9 * GIB, 80 * GIB, 44, 80.0, 400.0,
           others="pid 4711 (python of alice) holds 9.0 GiB"),
)  # fmt: skip
REQUESTS = (
    Answered(AT_S - 40, "c0ffee00aa11", "cccc3333", 502, "engine_died", 0.0, 1.25, 0.2, None, None, None, 2),
    Answered(AT_S - 30, "nightly-7", "", 429, "saturated", 0.0, 0.002),
    Answered(AT_S - 9, "8d1c2b3a4f5e", "aaaa1111", 200, "ok", 12.5, 19.8, 12.9, 0.0148, 1024, 256, 1),
    Answered(AT_S - 4, "deadbeef0001", "bbbb2222", 0, "client left", 0.0, 3.1, 0.9, None, None, None, 1),
    Answered(AT_S - 1, "deadbeef0002", "aaaa1111", 200, "ok", 0.0, 4.2, 0.16, 0.0151, 12400, 268, 1),
)
FLEET = Snapshot(
    AT_S, "prod", "Degraded", model="qwen3.5-9b", profile="qwen3.5-9b-bf16", endpoint="http://127.0.0.1:8000/v1",
    summary=Summary(
        generation_tok_s=1214.4, target_tok_s=2700.0, ttft_p50_s=0.18, ttft_p99_s=1.9, ttft_goal_s=1.5,
        tpot_p50_s=0.0148, tpot_p99_s=0.0151, tpot_goal_s=0.05, num_requests_running=24,
        num_requests_waiting=7, requests_per_s=6.2,
        errors_per_min=1.0, ready_replicas=2, target_num_replicas=4, failed_replicas=1, gpus_used=2, gpus_total=4,
        cost_per_hour=7.2, cost_per_million=1.647,
    ),
    replicas=ROWS,
    hosts=(HostRow("gpu-a", 64, 37.0, 120 * GIB, 512 * GIB), HostRow("gpu-b", 64, 2.0, 490 * GIB, 512 * GIB)),
    gpus=GPUS,
    decisions=(Decided(AT_S - 9, ScalingDecision({"qwen3.5-9b-bf16": 4}, STEPS), {"qwen3.5-9b-bf16": 3}),),
    events=(Event(AT_S - 3, Severity.ERROR, "cccc3333", "the engine has ended with 139"),),
    requests=tuple(each for each in REQUESTS if each.well),
    failed_requests=tuple(each for each in REQUESTS if not each.well),
    sources=(SourceState("Ray Serve", AT_S), SourceState("GPUs", AT_S - 30, "NVML has not answered for 5 s")),
)  # fmt: skip

NAN = float("nan")
STEERING = "\x1b]52;c;aGFja2Vk\x07\x1b[2J\rname\n" + "長" * 300
LYING = replace(
    FLEET,
    fleet=STEERING,
    replicas=(
        row(STEERING, reason=STEERING, host=STEERING, deployment=STEERING, throttled=STEERING, temperature_c=None,
            start_steps={STEERING: NAN, "more": -1.0}, predicted_start_s=NAN, generation_tok_s=NAN,
            kv_cache_usage=NAN, tpot_s=float("inf"), power_w=NAN, started_at_s=NAN),
    ),
    summary=replace(FLEET.summary, generation_tok_s=NAN, ttft_p99_s=NAN, tpot_p99_s=float("-inf"), cost_per_hour=NAN),
    events=(Event(NAN, Severity.ERROR, STEERING, STEERING),),
    sources=(SourceState(STEERING, NAN, STEERING),),
    hosts=(HostRow(STEERING, 1, NAN, 1, 0),),
    gpus=(GpuRow(STEERING, 0, STEERING, STEERING, NAN, throttled=STEERING, error=STEERING, replicas=(STEERING,),
                 others=STEERING),),
    requests=(Answered(NAN, STEERING, STEERING, -1, STEERING, NAN, NAN, NAN, NAN),),
)  # fmt: skip


def many(count: int) -> Snapshot:
    rows = tuple(row(f"r{index:05d}", generation_tok_s=float(index), started_at_s=None) for index in range(count))
    return replace(FLEET, replicas=rows, decisions=(), events=())
