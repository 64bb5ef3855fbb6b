"""What is known of an engine beside the hardware: constants fitted to measurements (`profiles/prediction`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EngineSpeed:
    """Shares are of the data sheet's peak, 0..1; times in seconds. How they were fitted: docs/designs/004."""

    # of one pass
    bandwidth_share: float
    decode_bf16_share: float  # of FLOP/s, where a pass has a token or so of each sequence
    decode_fp8_share: float
    prefill_bf16_share: float
    prefill_fp8_share: float
    expert_share: float  # of what dense matrices reach, in routed experts
    layer_s: float  # launches and small kernels of a layer
    moe_layer_s: float  # routing and its launches, in addition
    expert_parallel_layer_s: float  # exchange between GPUs that hold different experts, in addition
    eager_layer_s: float  # without CUDA graphs, in addition
    step_s: float  # scheduler and sampling
    sequence_s: float  # the same for each sequence
    all_reduce_s: float  # start of an all-reduce over two GPUs; over n, log2 n times
    link_share: float
    expert_imbalance: float  # how far the busiest GPU is above the mean, in standard deviations of a Poisson draw
    # of requests that share the engine
    interference: float  # share of the other requests' prefill that a request waits for while it decodes
    stall_s: float  # the same, whatever the length of a prompt
    ttft_s: float  # of the front end and the first pass
    ttft_collision: float  # prefills of others that a prompt meets, once there are some
    ttft_queue: float  # the same for each further request
    ttft_sequence_s: float
    # of a start
    load_bytes_s: float  # weights from a local disk to where they are used
    start_s: float  # process, compilation, CUDA graphs, warm-up
    source: str
