"""Builds `nvml_stand_in.c` as libnvidia-ml.so.1 and writes the answers that it gives."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

SOURCE = Path(__file__).with_name("nvml_stand_in.c")


class NvmlStandIn:
    """A library that the real pynvml loads; what it answers may change between two calls."""

    def __init__(self, directory: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("the NVML stand-in needs a C compiler: there is no `cc` on PATH")
        self.answers = directory / "answers.txt"
        library = directory / "libnvidia-ml.so.1"
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, SOURCE], check=True)
        self.environment = {"LD_LIBRARY_PATH": str(directory), "NVML_STAND_IN": str(self.answers)}

    def take_the_drivers_place(self, patch: pytest.MonkeyPatch) -> None:
        """For this process's children, all of whose GPUs can be seen."""
        for name, value in self.environment.items():
            patch.setenv(name, value)
        patch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def answer(self, *gpus: Mapping[str, object], **system: object) -> None:
        """Answer with these GPUs from now on; a field that is left out is "Not Supported"."""
        lines = {"driver_version": "580.65.06", "cuda_version": 13000, "count": len(gpus)} | system
        lines |= {f"{index}.{field}": value for index, gpu in enumerate(gpus) for field, value in gpu.items()}
        written = self.answers.with_suffix(".new")
        written.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
        os.replace(written, self.answers)

    def processes(self) -> list[psutil.Process]:
        """The processes that run on this stand-in's answers, zombies of ours included."""
        return [process for process in psutil.process_iter() if self._uses(process)]

    def _uses(self, process: psutil.Process) -> bool:
        """Whether a process was started with our answers, or is a dead child that nobody took in."""
        if process.pid == os.getpid():
            return False
        try:
            zombie = process.status() == psutil.STATUS_ZOMBIE and process.ppid() == os.getpid()
            return zombie or process.environ().get("NVML_STAND_IN") == str(self.answers)
        except psutil.Error:
            return False


A100 = {
    "name": "NVIDIA A100-SXM4-80GB",
    "uuid": "GPU-a100-0",
    "pci": "00000000:07:00.0",
    "memory_total_mib": 81920,
    "memory_used_mib": 1024,
    "compute_capability": "8.0",
    "utilization": 37,
    "temperature": 41,
    "power_mw": 61500,
    "power_limit_mw": 400000,
    "ecc": 1,
    "mig_mode": 0,
    "memory_clock_mhz": 1593,
    "memory_bus_width_bits": 5120,
    "core_count": 6912,
    "sm_clock_mhz": 1410,
}
A6000 = A100 | {"name": "NVIDIA RTX A6000", "memory_total_mib": 49140, "compute_capability": "8.6", "ecc": 0}
RTX_4090 = {
    "name": "NVIDIA GeForce RTX 4090",
    "uuid": "GPU-4090",
    "pci": "00000000:01:00.0",
    "memory_total_mib": 24564,
    "compute_capability": "8.9",
}
H100_MIG = A100 | {
    "name": "NVIDIA H100 80GB HBM3",
    "memory_total_mib": 81559,
    "compute_capability": "9.0",
    "mig_mode": 1,
    "mig_count": 7,
    "mig.0.uuid": "MIG-0",
    "mig.0.name": "NVIDIA H100 80GB HBM3 MIG 1g.10gb",
    "mig.0.memory_total_mib": 9984,
    "mig.0.memory_used_mib": 16,
    "mig.2.uuid": "MIG-2",
    "mig.2.memory_total_mib": 40448,
    "mig.2.gi_slices": 3,
    "mig.2.ci_slices": 3,
}
