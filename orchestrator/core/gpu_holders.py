"""Who holds a GPU's memory, in words."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.core.amounts import gib
from orchestrator.core.inventory import Gpu, GpuProcess, Inventory, NotAvailable

MOST_NAMED = 3
NOBODY_NAMED = "held by no process that the driver names"  # e.g. one that has ended, whose memory is still being freed

Processes = tuple[GpuProcess, ...] | NotAvailable


def processes_on(uuid: str, inventory: Inventory) -> Processes:
    """Those of a GPU or of a MIG slice."""
    whole = {gpu.uuid: gpu.processes for gpu in inventory.gpus}
    slices = {part.uuid: part.processes for gpu in inventory.gpus for part in gpu.mig_instances}
    return (whole | slices).get(uuid, NotAvailable("the device is not there"))


def named_processes(gpu: Gpu) -> Iterator[GpuProcess]:
    """Those that the driver names on a GPU and its slices."""
    for known in (gpu.processes, *(part.processes for part in gpu.mig_instances)):
        if not isinstance(known, NotAvailable):
            yield from known


def holders_text(processes: Processes) -> str:
    """Those that hold the most, e.g. "pid 4711 (python of alice) holds 69.3 GiB"."""
    if isinstance(processes, NotAvailable):
        return f"the driver does not tell who holds the rest: {processes.reason}"
    if not processes:
        return NOBODY_NAMED
    named = [_holding(process) for process in _largest(processes)[:MOST_NAMED]]
    more = len(processes) - len(named)
    return ", ".join(named) + (f", and {more} more" if more else "")


def holders_hint(processes: Processes) -> str:
    """The command that shows them."""
    if isinstance(processes, NotAvailable) or not processes:
        return "nvidia-smi"
    return f"ps -o pid,user,etime,command -p {','.join(str(process.pid) for process in _largest(processes))}"


def _largest(processes: tuple[GpuProcess, ...]) -> list[GpuProcess]:
    return sorted(processes, key=lambda one: one.used_bytes if isinstance(one.used_bytes, int) else 0, reverse=True)


def _holding(process: GpuProcess) -> str:
    amount = gib(process.used_bytes) if isinstance(process.used_bytes, int) else "memory, how much is not told"
    return f"pid {process.pid} ({_who(process)}) holds {amount}"


def _who(process: GpuProcess) -> str:
    if isinstance(process.user, NotAvailable):
        return process.user.reason
    command = "a process" if isinstance(process.command, NotAvailable) else process.command
    return f"{command} of {process.user}"
