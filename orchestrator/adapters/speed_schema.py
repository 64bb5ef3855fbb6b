"""A file of an engine's speed as a pydantic model; `python -m orchestrator.adapters.speed_schema` prints its schema."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import Field

from orchestrator.adapters.profile_schema import SCHEMA_DIALECT, Entry, Name, Text

Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Factor = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class SpeedFile(Entry):
    """Constants of one engine; what each means stands in `orchestrator/core/engine_speed.py`."""

    engine: Name
    bandwidth_share: Share
    decode_bf16_share: Share
    decode_fp8_share: Share
    prefill_bf16_share: Share
    prefill_fp8_share: Share
    expert_share: Share
    layer_s: Seconds
    moe_layer_s: Seconds
    expert_parallel_layer_s: Seconds
    eager_layer_s: Seconds
    step_s: Seconds
    sequence_s: Seconds
    all_reduce_s: Seconds
    link_share: Share
    expert_imbalance: Factor
    interference: Factor
    stall_s: Seconds
    ttft_s: Seconds
    ttft_collision: Factor
    ttft_queue: Factor
    ttft_sequence_s: Seconds
    load_bytes_s: Rate
    start_s: Seconds
    source: Text


def speed_schema() -> dict[str, Any]:
    """The JSON schema of such a file, for editors and other tools."""
    return {"$schema": SCHEMA_DIALECT, **SpeedFile.model_json_schema()}


if __name__ == "__main__":
    print(json.dumps(speed_schema(), indent=2))
