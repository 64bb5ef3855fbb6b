"""What NVML says about each GPU, printed as JSON: run as `python -m orchestrator.adapters.nvml LIMIT_S [EVERY_S]`.

NVML calls can hang inside the driver, so this runs in a child process that `gpu_probe` can kill; the child
also ends itself after `LIMIT_S`, should its parent be gone. Where the driver could not be asked it exits with
4 and a sentence on stderr, for then GPUs may well be there. With EVERY_S it goes on, a line each time, until nobody
reads it.
"""

from __future__ import annotations

import ctypes
import json
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from typing import Any, TypeVar

import pynvml

from orchestrator.adapters.gpu_processes import gpu_processes
from orchestrator.adapters.mig import mig_profile
from orchestrator.core.errors import ExitCode
from orchestrator.core.inventory import Gpu, GpuDriver, GpuProcess, MigInstance, NotAvailable

T = TypeVar("T")

LIBRARY = "libnvidia-ml.so.1"
CLOCK_SM, CLOCK_MEM = pynvml.NVML_CLOCK_SM, pynvml.NVML_CLOCK_MEM

GPU_IS_BROKEN = (
    pynvml.NVML_ERROR_GPU_IS_LOST,
    pynvml.NVML_ERROR_RESET_REQUIRED,
    pynvml.NVML_ERROR_IRQ_ISSUE,
    pynvml.NVML_ERROR_INSUFFICIENT_POWER,
)  # codes that speak of the whole GPU, not of one reading

PLAIN_WORDS = {
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED: "the NVIDIA driver is installed but not loaded",
    pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: (
        "the NVIDIA driver was updated but the old one is still loaded; reboot, or reload its kernel modules"
    ),
    pynvml.NVML_ERROR_NO_PERMISSION: "this user may not talk to the NVIDIA driver (see /dev/nvidiactl)",
}  # what a person can do about a refusal, where NVML's own words do not tell


HELD_DOWN = {
    pynvml.nvmlClocksEventReasonHwThermalSlowdown: "too hot",
    pynvml.nvmlClocksEventReasonSwThermalSlowdown: "too hot",
    pynvml.nvmlClocksEventReasonHwPowerBrakeSlowdown: "power brake",
    pynvml.nvmlClocksEventReasonHwSlowdown: "hardware slowdown",
    pynvml.nvmlClocksEventReasonSwPowerCap: "power limit",
}  # why clocks are below what they could be; what is left out is no trouble


class Device:
    """One GPU or MIG slice; once it is found broken, `error` says so and no further call is made."""

    def __init__(self, find: Callable[[], Any]) -> None:
        self.handle: Any = None
        self.error: str | None = None
        try:
            self.handle = find()
        except pynvml.NVMLError as lost:
            self.error = str(lost)

    def read(self, reading: Callable[[Any], T]) -> T | NotAvailable:
        """One reading, or why the driver does not give it."""
        if self.error:
            return NotAvailable(self.error)
        try:
            return reading(self.handle)
        except pynvml.NVMLError as refused:
            if refused.value in GPU_IS_BROKEN:
                self.error = str(refused)
            return NotAvailable(str(refused))


def main(limit_s: float, every_s: float | None = None) -> ExitCode:
    """Print the driver and its GPUs, or say why they cannot be known."""
    code = _print_once(limit_s)
    while every_s is not None and code is ExitCode.OK:
        signal.setitimer(signal.ITIMER_REAL, 0)
        time.sleep(every_s)
        code = _print_once(limit_s)
    return code


def _print_once(limit_s: float) -> ExitCode:
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        pynvml.nvmlInit()
        driver, gpus = _driver(), _gpus(pynvml.nvmlDeviceGetCount())
    except pynvml.NVMLError as refused:
        reason = _plain_words(refused)
        if not _has_no_driver(refused, reason):
            print(f"NVML cannot be asked, so the GPUs are not known: {reason}", file=sys.stderr)
            return ExitCode.ENVIRONMENT_NOT_READY
        driver, gpus = GpuDriver(NotAvailable(reason), NotAvailable(reason), absent=f"no GPU: {reason}"), []
    print(json.dumps([asdict(driver), [asdict(gpu) for gpu in gpus]]), flush=True)
    return ExitCode.OK


def _plain_words(refused: Any) -> str:
    """Why NVML refused; for a library that does not load, the system loader's own words."""
    if refused.value == pynvml.NVML_ERROR_LIBRARY_NOT_FOUND:
        try:
            ctypes.CDLL(LIBRARY)
        except OSError as unloadable:
            return f"the NVIDIA driver's library does not load ({unloadable})"
    return PLAIN_WORDS.get(refused.value, str(refused))


def _has_no_driver(refused: Any, reason: str) -> bool:
    """Whether there is no driver at all, rather than one that does not work."""
    if refused.value == pynvml.NVML_ERROR_LIBRARY_NOT_FOUND:
        return "no such file" in reason.lower()
    return bool(refused.value == pynvml.NVML_ERROR_DRIVER_NOT_LOADED)


def _driver() -> GpuDriver:
    """The versions of the driver and of the newest CUDA that it runs."""
    system = Device(lambda: None)
    return GpuDriver(
        driver_version=system.read(lambda _: pynvml.nvmlSystemGetDriverVersion()),
        cuda_version=system.read(lambda _: _version(pynvml.nvmlSystemGetCudaDriverVersion_v2())),
    )


def _version(packed: int) -> str:
    """CUDA packs 13.1 as 13010."""
    return f"{packed // 1000}.{packed % 1000 // 10}"


def _gpus(count: int) -> list[Gpu]:
    """All GPUs of the host, the broken ones too."""
    devices = [Device(partial(pynvml.nvmlDeviceGetHandleByIndex, index)) for index in range(count)]
    pairs = [(device, _gpu(index, device)) for index, device in enumerate(devices)]
    return [replace(gpu, nvlink_peers=tuple(_nvlink_peers(device, pairs))) for device, gpu in pairs]


def _gpu(index: int, device: Device) -> Gpu:
    """One GPU with every reading that its driver gives."""
    memory = device.read(pynvml.nvmlDeviceGetMemoryInfo)
    gpu = Gpu(
        index=index,
        name=device.read(pynvml.nvmlDeviceGetName),
        uuid=device.read(pynvml.nvmlDeviceGetUUID),
        pci_bus_id=device.read(lambda handle: str(pynvml.nvmlDeviceGetPciInfo(handle).busId)),
        memory_total_bytes=_part(memory, "total"),
        memory_used_bytes=_part(memory, "used"),
        memory_free_bytes=_part(memory, "free"),
        compute_capability=device.read(pynvml.nvmlDeviceGetCudaComputeCapability),
        utilization_percent=device.read(lambda handle: int(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)),
        temperature_c=device.read(
            lambda handle: int(pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU))
        ),
        power_w=device.read(lambda handle: pynvml.nvmlDeviceGetPowerUsage(handle) / 1000),
        power_limit_w=device.read(lambda handle: pynvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1000),
        ecc_enabled=device.read(lambda handle: bool(pynvml.nvmlDeviceGetEccMode(handle)[0])),
        mig_enabled=device.read(lambda handle: bool(pynvml.nvmlDeviceGetMigMode(handle)[0])),
        memory_clock_mhz=device.read(lambda handle: int(pynvml.nvmlDeviceGetMaxClockInfo(handle, CLOCK_MEM))),
        memory_bus_width_bits=device.read(lambda handle: int(pynvml.nvmlDeviceGetMemoryBusWidth(handle))),
        core_count=device.read(lambda handle: int(pynvml.nvmlDeviceGetNumGpuCores(handle))),
        sm_clock_mhz=device.read(lambda handle: int(pynvml.nvmlDeviceGetMaxClockInfo(handle, CLOCK_SM))),
        processes=_processes(device),
        throttled=device.read(lambda handle: _throttled(pynvml.nvmlDeviceGetCurrentClocksEventReasons(handle))),
        minor_number=device.read(lambda handle: int(pynvml.nvmlDeviceGetMinorNumber(handle))),
    )
    slices = tuple(_mig_instances(device, gpu)) if gpu.mig_enabled is True else ()
    return replace(gpu, mig_instances=slices, error=device.error)


def _throttled(reasons: int) -> str:
    """In words, the most urgent first; empty where nothing holds the clocks down."""
    return ", ".join(dict.fromkeys(word for bit, word in HELD_DOWN.items() if reasons & bit))


def _part(memory: Any, name: str) -> int | NotAvailable:
    """One figure out of a memory reading, so that total, used and free stem from one moment."""
    return memory if isinstance(memory, NotAvailable) else int(getattr(memory, name))


def _processes(device: Device) -> tuple[GpuProcess, ...] | NotAvailable:
    """Who computes on the device or draws with it; a slice cannot draw, and says so."""
    computing = device.read(pynvml.nvmlDeviceGetComputeRunningProcesses_v3)
    drawing = device.read(pynvml.nvmlDeviceGetGraphicsRunningProcesses_v3)
    if isinstance(computing, NotAvailable):
        return computing
    both = [*computing, *([] if isinstance(drawing, NotAvailable) else drawing)]
    return gpu_processes((process.pid, process.usedGpuMemory) for process in both)


def _nvlink_peers(device: Device, others: list[tuple[Device, Gpu]]) -> Iterator[str]:
    """The PCI ids of the GPUs that NVLink joins to this one, directly or over a switch."""
    for other, gpu in others:
        if other is not device and isinstance(gpu.pci_bus_id, str) and _linked(device, other):
            yield gpu.pci_bus_id


def _linked(device: Device, other: Device) -> bool:
    """Whether two GPUs reach each other over NVLink; a refusal may be about either: it condemns neither."""
    try:
        status = pynvml.nvmlDeviceGetP2PStatus(device.handle, other.handle, pynvml.NVML_P2P_CAPS_INDEX_NVLINK)
    except pynvml.NVMLError:
        return False
    return bool(status == pynvml.NVML_P2P_STATUS_OK)


def _mig_instances(device: Device, gpu: Gpu) -> Iterator[MigInstance]:
    """The slices of a GPU under MIG; a slot without a UUID is empty, or its slice has just gone."""
    count = device.read(pynvml.nvmlDeviceGetMaxMigDeviceCount)
    for slot in range(count if isinstance(count, int) else 0):
        part = Device(partial(pynvml.nvmlDeviceGetMigDeviceHandleByIndex, device.handle, slot))
        uuid = part.read(pynvml.nvmlDeviceGetUUID)
        if isinstance(uuid, str):
            memory = part.read(pynvml.nvmlDeviceGetMemoryInfo)
            profile = _mig_profile(part, gpu.memory_total_bytes)
            yield MigInstance(uuid, profile, _part(memory, "total"), _part(memory, "free"), _processes(part))


def _mig_profile(part: Device, gpu_memory_bytes: int | NotAvailable) -> str:
    """The slice's profile from the name that the driver gives ("… MIG 1g.10gb"), else from its size."""
    told = re.search(r"MIG (\S+)$", str(part.read(pynvml.nvmlDeviceGetName)))
    size = part.read(pynvml.nvmlDeviceGetAttributes)
    if told:
        return told[1]
    if isinstance(size, NotAvailable) or isinstance(gpu_memory_bytes, NotAvailable):
        return "unknown"
    return mig_profile(size.gpuInstanceSliceCount, size.computeInstanceSliceCount, size.memorySizeMB, gpu_memory_bytes)


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:3])))
