"""The GPU table out of YAML files: `profiles/gpus/*.yaml` as shipped, then the user's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from orchestrator.adapters.gpu_schema import GpuKindEntry, GpuTableFile
from orchestrator.adapters.profile_files import shipped_profiles_dir
from orchestrator.adapters.yaml_file import read_yaml, validate
from orchestrator.core.amounts import MIB
from orchestrator.core.errors import SettingsError
from orchestrator.core.gpu_spec import GpuSpec
from orchestrator.core.gpu_table import GpuTable

GIGA, TERA = 1e9, 1e12


def shipped_gpus_dir() -> Path:
    """The table that comes with qorch."""
    return shipped_profiles_dir() / "gpus"


def load_gpus(*directories: Path) -> GpuTable:
    """The kinds of GPU of every folder; a later folder's entry replaces an earlier one of that name.

    Raises SettingsError with file, line and field, also where one folder gives a name twice.
    """
    specs: dict[str, GpuSpec] = {}
    aliases: dict[str, str] = {}
    for directory in directories:
        places: dict[str, str] = {}
        for where, entry in _entries(directory):
            _claim(places, where, entry)
            specs[entry.name] = _spec(entry)
            aliases |= dict.fromkeys(entry.aliases, entry.name)
    return GpuTable(specs, {alias: name for alias, name in aliases.items() if alias not in specs})


def _entries(directory: Path) -> Iterator[tuple[str, GpuKindEntry]]:
    """Each entry with its file and line."""
    for path in sorted(directory.glob("*.yaml")):
        document = read_yaml(path, SettingsError)
        for index, entry in enumerate(validate(document, GpuTableFile, SettingsError).gpus):
            yield f"{path}:{document.line_of(('gpus', index))}", entry


def _claim(places: dict[str, str], where: str, entry: GpuKindEntry) -> None:
    """Refuse a name or alias that another entry of the folder has."""
    for name in (entry.name, *entry.aliases):
        if name in places:
            raise SettingsError(
                f"{where}: expected names of its own, got {name!r}, which stands at {places[name]} too",
                hint=f"grep -n {name} {where.partition(':')[0]}",
            )
        places[name] = where


def _spec(entry: GpuKindEntry) -> GpuSpec:
    """The entry in bytes and FLOP."""
    return GpuSpec(
        name=entry.name,
        products=tuple(entry.products),
        memory_bytes=entry.memory_mib * MIB,
        compute_capability=_capability(entry.compute_capability),
        bandwidth_bytes_s=entry.bandwidth_gb_s * GIGA,
        bf16_flops=entry.bf16_tflops * TERA,
        fp8_flops=None if entry.fp8_tflops is None else entry.fp8_tflops * TERA,
        link_bytes_s=None if entry.link_gb_s is None else entry.link_gb_s * GIGA,
        unified_memory=entry.unified_memory,
        source=entry.source,
    )


def _capability(text: str | None) -> tuple[int, int] | None:
    """`8.0` as (8, 0)."""
    if text is None:
        return None
    major, minor = text.split(".")
    return int(major), int(minor)
