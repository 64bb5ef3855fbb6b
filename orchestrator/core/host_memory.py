"""What replicas may take of a host's own memory, which on unified memory is the GPU's too."""

from __future__ import annotations

from orchestrator.core.amounts import GIB
from orchestrator.core.inventory import Host

FLEET_RESERVE_BYTES = GIB  # Ray with Serve and its proxy (measured at 0.6 to 0.7 GiB idle), and the gateway
SYSTEM_RESERVE_SHARE = 0.05  # of the memory that is available, left to everything else


def usable_bytes(host: Host) -> int:
    """What replicas may take of the memory that is available now."""
    return max(0, host.memory_available_bytes - reserve_bytes(host))


def reserve_bytes(host: Host) -> int:
    """What is left to the fleet's own processes and to the system."""
    return FLEET_RESERVE_BYTES + int(SYSTEM_RESERVE_SHARE * host.memory_available_bytes)
