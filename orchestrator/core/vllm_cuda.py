"""Which of vLLM's builds the NVIDIA driver can run: for CUDA 13, the default, or for CUDA 12.9.

A driver runs every build of its own major version of CUDA (NVIDIA CUDA compatibility guide: CUDA 12 from driver 525,
CUDA 13 from 580); vLLM's installation guide names both builds.
"""

from __future__ import annotations

import re

from orchestrator.core.finding import Finding
from orchestrator.core.inventory import GpuDriver, NotAvailable

DEFAULT_MAJOR, LEAST_MAJOR = 13, 12
DRIVERS = {12: "525 or newer", 13: "580 or newer"}
CUDA_TAG = re.compile(r"[+.]cu(\d+)(\d)\b")
OLDER_BUILD = "install vLLM's cu129 build (https://github.com/vllm-project/vllm/releases), or a newer driver"


def cuda_runtime_major(driver: GpuDriver) -> int:
    """Of the build that this driver runs; where the driver does not say, the default's is taken."""
    return min(DEFAULT_MAJOR, _offered(driver))


def driver_refusal(driver: GpuDriver) -> str | None:
    """Why no build runs, or None."""
    if _offered(driver) >= LEAST_MAJOR:
        return None
    return f"{_named(driver)}, and vLLM's builds need CUDA {LEAST_MAJOR} (driver 525 or newer)"


def built_for(vllm_version: str, torch_cuda: str | None) -> str | None:
    """The CUDA that an installed vLLM was built for, e.g. "12.9" of 0.33.0+cu129; without a tag it is its PyTorch's."""
    tag = CUDA_TAG.search(vllm_version)
    return f"{tag[1]}.{tag[2]}" if tag else torch_cuda


def build_finding(driver: GpuDriver, cuda_major: int | None) -> Finding | None:
    """Why an engine built for this CUDA does not run on the driver; None where it does, or the driver does not say."""
    needed = LEAST_MAJOR if cuda_major is None else cuda_major
    if isinstance(driver.cuda_version, NotAvailable) or _offered(driver) >= needed:
        return None
    hint = OLDER_BUILD if _offered(driver) >= LEAST_MAJOR else "nvidia-smi"
    return Finding("driver", f"a driver for CUDA {needed} ({DRIVERS.get(needed, 'newer')})", _named(driver), hint)


def driver_note(driver: GpuDriver) -> str | None:
    """What to know where the default build does not run."""
    if cuda_runtime_major(driver) == DEFAULT_MAJOR:
        return None
    return f"{_named(driver)}: vLLM's default build needs CUDA {DEFAULT_MAJOR} (driver 580), its cu129 build runs"


def _offered(driver: GpuDriver) -> int:
    """The major version of CUDA that the driver offers."""
    if isinstance(driver.cuda_version, NotAvailable):
        return DEFAULT_MAJOR
    return int(driver.cuda_version.partition(".")[0])


def _named(driver: GpuDriver) -> str:
    version = "" if isinstance(driver.driver_version, NotAvailable) else f" {driver.driver_version}"
    return f"the driver{version} offers CUDA {driver.cuda_version}"
