"""Which devices of a host each replica of a fit takes."""

from __future__ import annotations

from orchestrator.core.accelerators import DeviceId, devices
from orchestrator.core.inventory import Inventory
from orchestrator.core.plan import Fit
from orchestrator.core.profile import EngineName
from orchestrator.core.vllm_devices import device_sets


def gpu_sets(fit: Fit, inventory: Inventory, taken: frozenset[DeviceId]) -> tuple[tuple[DeviceId, ...], ...]:
    """The devices of as many replicas as this host has room for beside those taken."""
    if fit.profile.engine is EngineName.VLLM:
        return tuple(device_sets(fit, inventory, taken))
    return () if taken else (fit.gpu_indices,)


def device_count(inventory: Inventory) -> int:
    """GPUs and slices that a plan can use."""
    return len(devices(inventory)[0])
