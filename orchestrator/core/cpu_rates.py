"""What a CPU can do for a model, from its cores; its memory's bandwidth is nowhere to be read.

Measured with llama.cpp on two AVX-512 cores of an AMD EPYC (Q8_0, 2026-11): one core reads 24 GB/s, two 41 GB/s, and
each multiplies 100 to 130 GFLOP/s of a prompt; cores without AVX-512 do less. Calibrated on one public point:
Qwen3.5-9B Q4_K_M on a Core Ultra 7 155H, 8.5 tok/s (community submission).
"""

from __future__ import annotations

from orchestrator.core.inventory import Host
from orchestrator.core.pass_time import Rates

CORE_BANDWIDTH_BYTES_S = 20e9  # measured
DESKTOP_BANDWIDTH_BYTES_S = 50e9  # what two channels of DDR5 give in practice
SERVER_BANDWIDTH_BYTES_S = 150e9  # assumed: what eight channels give
CORE_FLOPS = 60e9  # assumed, between AVX2 and AVX-512
SERVER_NAMES = ("EPYC", "Xeon", "Neoverse", "Threadripper")


def cpu_rates(host: Host, replicas: int = 1) -> Rates:
    """Of one of `replicas` that divide the host's cores and its bandwidth."""
    cores = max(1, host.cpu_cores // replicas)
    server = any(name in host.cpu_model for name in SERVER_NAMES)
    most = SERVER_BANDWIDTH_BYTES_S if server else DESKTOP_BANDWIDTH_BYTES_S
    return Rates(min(most / replicas, cores * CORE_BANDWIDTH_BYTES_S), cores * CORE_FLOPS, None)
