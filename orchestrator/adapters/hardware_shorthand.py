"""Hardware in a line, read and written: `--hardware "a100-80gb:2,a6000:1"`.

hosts = host {";" host}         a100-80gb:8@4; l4:1                  kinds of host
host  = item {"," item} ["@" N] rtx-4090:2,cpu:32c:128gb             N equal hosts; 4x(a100-80gb:8) is @4
item  = gpu ["/" mig] [":" N]   a100-80gb:2                          N equal GPUs
      | unified ":" N "gb"      m3-max:96gb                          a chip with this much memory
      | "cpu" {":" amount}      cpu:64gb, cpu:32c:128gb              the host's cores and memory
mig   = profile [":" N] {"+" …} h100-80gb/mig-1g.10gb:3+3g.40gb      one GPU in slices
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.core.errors import SettingsError

HINT = 'qorch plan --hardware "a100-80gb:2,a6000:1"'
MOST = 1024  # of GPUs in a host, slices, cores
MOST_HOSTS = 100_000
MOST_GIB = 2**20
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]*")
MIG = re.compile(r"(?:mig-)?(\d+g\.\d+gb)", re.IGNORECASE)
AMOUNT = re.compile(r"(\d+)(c|gb|gib|)", re.IGNORECASE | re.ASCII)
TIMES = re.compile(r"(-?\d+)\s*[xX*]\s*\((.*)\)", re.DOTALL | re.ASCII)


@dataclass(frozen=True)
class GpuItem:
    """`count` equal GPUs, or one GPU in MIG slices, or a chip with `memory_gib` of unified memory."""

    name: str
    count: int = 1
    slices: tuple[tuple[str, int], ...] = ()  # profile and how many
    memory_gib: int | None = None


@dataclass(frozen=True)
class HostItem:
    """`count` equal hosts."""

    gpus: tuple[GpuItem, ...] = ()
    cores: int | None = None
    memory_gib: int | None = None
    count: int = 1


def read_shorthand(text: str) -> tuple[HostItem, ...]:
    """The hosts of a line; raises SettingsError with the part that is wrong."""
    return tuple(_host(part.strip()) for part in text.split(";"))


def write_shorthand(hosts: tuple[HostItem, ...]) -> str:
    """The line that reads as these hosts."""
    return "; ".join(map(_host_text, hosts))


def wrong(where: str, expected: str) -> SettingsError:
    """What every wrong shorthand is refused with."""
    return SettingsError(f"--hardware: {where[:80]!r}: expected {expected}", hint=HINT)


def _host(text: str) -> HostItem:
    times = TIMES.fullmatch(text)
    body, _, count = (times[2], "@", times[1]) if times else text.partition("@")
    number = _number(count, text, MOST_HOSTS) if count or "@" in text else 1
    gpus, cores, memory_gib = [], None, None
    for item in (part.strip() for part in body.split(",")):
        name, *amounts = (part.strip() for part in item.split(":"))
        if name.lower() != "cpu":
            gpus.append(_gpu(item))
        elif cores is None and memory_gib is None:
            cores, memory_gib = _cpu(item, amounts)
        else:
            raise wrong(text, "one cpu a host")
    return HostItem(tuple(gpus), cores, memory_gib, number)


def _cpu(item: str, amounts: list[str]) -> tuple[int | None, int | None]:
    """`32c` and `128gb`, in either order."""
    found: dict[str, int] = {}
    for amount in amounts:
        number, unit = _amount(amount, item)
        if not unit or unit in found:
            raise wrong(item, "cores and memory such as cpu:32c:128gb, each once")
        found[unit] = number
    if not found:
        raise wrong(item, "cores or memory, e.g. cpu:64gb")
    return found.get("c"), found.get("gb")


def _gpu(item: str) -> GpuItem:
    name, slash, mig = item.partition("/")
    if slash:
        return GpuItem(_name(name, item), slices=tuple(_slices(part, item) for part in mig.split("+")))
    name, *amounts = (part.strip() for part in item.split(":"))
    if len(amounts) > 1:
        raise wrong(item, "one number after a GPU, e.g. a100-80gb:2")
    number, unit = _amount(amounts[0], item) if amounts else (1, "")
    if unit == "c":
        raise wrong(item, "cores with cpu, e.g. cpu:32c")
    return GpuItem(_name(name, item), 1 if unit else number, memory_gib=number if unit else None)


def _slices(text: str, item: str) -> tuple[str, int]:
    """`mig-1g.10gb:3` as profile and number."""
    profile, colon, count = (part.strip() for part in text.partition(":"))
    known = MIG.fullmatch(profile)
    if known is None:
        raise wrong(item, f"a MIG profile such as mig-1g.10gb after the /, got {profile!r}")
    return known[1].lower(), _number(count, item, MOST) if colon else 1


def _name(text: str, item: str) -> str:
    name = text.strip()
    if not NAME.fullmatch(name):
        raise wrong(item, f"a GPU's short name, got {name!r}")
    return name


def _amount(text: str, item: str) -> tuple[int, str]:
    """A number and its unit: "c", "gb" or nothing."""
    parts = AMOUNT.fullmatch(text)
    if parts is None:
        raise wrong(item, f"a whole number of at least 1, {_given(text)}")
    unit = parts[2].lower().replace("gib", "gb")
    return _number(parts[1], item, MOST_GIB if unit == "gb" else MOST), unit


def _number(text: str, item: str, most: int) -> int:
    number = text.strip()
    if not re.fullmatch(r"\d{1,9}", number, re.ASCII) or not 1 <= int(number) <= most:
        raise wrong(item, f"a whole number from 1 to {most:,}, {_given(number)}")
    return int(number)


def _given(text: str) -> str:
    return f"got {text[:20]!r}" if text else "got nothing"


def _host_text(host: HostItem) -> str:
    cores = "" if host.cores is None else f":{host.cores}c"
    memory = "" if host.memory_gib is None else f":{host.memory_gib}gb"
    items = [*map(_gpu_text, host.gpus), *([f"cpu{cores}{memory}"] if cores or memory else [])]
    return ",".join(items) + (f"@{host.count}" if host.count > 1 else "")


def _gpu_text(gpu: GpuItem) -> str:
    if gpu.slices:
        return f"{gpu.name}/mig-" + "+".join(f"{profile}:{count}" for profile, count in gpu.slices)
    return f"{gpu.name}:{gpu.count}" if gpu.memory_gib is None else f"{gpu.name}:{gpu.memory_gib}gb"
