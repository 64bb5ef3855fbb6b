"""The dashboard over made-up replicas that all change once a second: `python -m bench.top_app ROWS busy|idle`."""

from __future__ import annotations

import random
import sys
import time
from dataclasses import replace
from itertools import cycle
from pathlib import Path

from orchestrator.core.live.snapshot import ReplicaRow, Snapshot, Summary
from tui.app import TopApp

SNAPSHOTS = 4  # made before, so that making them is not measured


class MadeUp:
    """Satisfies `tui.feed.Feed`."""

    name, live, note = "bench", True, ""

    def __init__(self, rows: int, idle: bool) -> None:
        self._snapshots = cycle(_snapshot(rows, seed) for seed in range(1 if idle else SNAPSHOTS))
        self._idle = idle

    def look(self) -> Snapshot:
        snapshot = next(self._snapshots)
        return snapshot if self._idle else replace(snapshot, at_s=time.time())

    def log_path(self, replica_id: str) -> Path | None:
        return None

    def close(self) -> None:
        pass


def _snapshot(rows: int, seed: int) -> Snapshot:
    random.seed(seed)
    made = tuple(_row(index) for index in range(rows))
    return Snapshot(time.time(), "bench", "Ready", "qwen3.5-9b", "qwen3.5-9b-bf16", summary=Summary(), replicas=made)


def _row(index: int) -> ReplicaRow:
    ready = random.random() > 0.02
    return ReplicaRow(
        replica_id=f"r{index:07d}",
        deployment=f"qwen3.5-9b-{('bf16', 'fp8', 'gptq')[index % 3]}",
        state="RUNNING",
        reason="answers completions" if ready else "the engine ended by SIGKILL",
        ready=ready,
        host=f"node-{index // 8}",
        gpus=(index % 8,),
        device="NVIDIA A100-SXM4-80GB",
        utilization_percent=random.uniform(0, 100),
        memory_used_bytes=random.randrange(80 << 30),
        memory_total_bytes=80 << 30,
        temperature_c=random.uniform(30, 90),
        power_w=random.uniform(60, 400),
        power_limit_w=400,
        kv_cache_usage=random.random(),
        num_requests_running=random.randrange(64),
        num_requests_waiting=random.randrange(8),
        max_num_seqs=64,
        generation_tok_s=random.uniform(0, 3000),
        prompt_tok_s=random.uniform(0, 20000),
        share_tok_s=2500,
        tpot_s=random.uniform(0.01, 0.05),
        load_s=random.uniform(20, 90),
        started_at_s=time.time() - random.uniform(0, 90000),
    )


def run() -> None:
    TopApp(MadeUp(int(sys.argv[1]), sys.argv[2] == "idle"), 1.0).run()


if __name__ == "__main__":
    run()
