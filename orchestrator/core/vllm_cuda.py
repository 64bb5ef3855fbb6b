"""Which of vLLM's builds the NVIDIA driver can run: for CUDA 13, the default, or for CUDA 12.9.

A driver runs every build of its own major version of CUDA (NVIDIA CUDA compatibility guide: CUDA 12 from driver 525,
CUDA 13 from 580); vLLM's installation guide names both builds.
"""

from __future__ import annotations

from orchestrator.core.inventory import GpuDriver, NotAvailable

DEFAULT_MAJOR, LEAST_MAJOR = 13, 12
DRIVERS = {12: "525 or newer", 13: "580 or newer"}


def cuda_runtime_major(driver: GpuDriver) -> int:
    """Of the build that this driver runs; where the driver does not say, the default's is taken."""
    return min(DEFAULT_MAJOR, _offered(driver))


def driver_refusal(driver: GpuDriver) -> str | None:
    """Why no build runs, or None."""
    if _offered(driver) >= LEAST_MAJOR:
        return None
    return f"{_named(driver)}, and vLLM's builds need CUDA {LEAST_MAJOR} (driver 525 or newer)"


def build_refusal(driver: GpuDriver, cuda_major: int | None) -> tuple[str, str] | None:
    """What an engine built for this CUDA needs and what the driver offers, or None where it runs."""
    needed = LEAST_MAJOR if cuda_major is None else cuda_major
    if _offered(driver) >= needed:
        return None
    return f"a driver for CUDA {needed} ({DRIVERS.get(needed, 'newer')})", _named(driver)


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
