"""Profiles out of YAML files: one file a model, read once at the border into frozen dataclasses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orchestrator
from orchestrator.adapters.profile_schema import ArchitectureEntry, ProfileFile, VariantEntry
from orchestrator.adapters.yaml_file import Document, read_yaml, validate
from orchestrator.core.errors import ProfileError
from orchestrator.core.profile import (
    Architecture,
    EngineName,
    Experts,
    Limits,
    Model,
    Parameters,
    Precision,
    Profile,
    Vision,
    Weights,
)

GGUF_QUALITY_RETAINED = {"BF16": 1.0, "Q8_0": 0.995, "UD-Q4_K_XL": 0.97, "Q4_K_M": 0.965}
UNLISTED_QUALITY_RETAINED = 0.9
OWN_FIGURE = "stated by qorch: no published score for this model in this precision"


@dataclass(frozen=True)
class PrecisionDefaults:
    """What a variant has where its entry says nothing else."""

    quantization: str
    engine: EngineName
    min_compute_capability: tuple[int, int] | None
    quality_retained: float
    quality_source: str


DEFAULTS = {
    Precision.BF16: PrecisionDefaults("bfloat16", EngineName.VLLM, (8, 0), 1.0, "the precision it was trained in"),
    Precision.FP8: PrecisionDefaults("fp8 block 128", EngineName.VLLM, (7, 5), 0.99, OWN_FIGURE),
    Precision.GPTQ: PrecisionDefaults(
        "int4 group 128, rest bfloat16", EngineName.VLLM, (7, 5), 0.97, "founding article: GPTQ retains about 97 %"
    ),
    Precision.GGUF: PrecisionDefaults("", EngineName.LLAMA_CPP, None, UNLISTED_QUALITY_RETAINED, OWN_FIGURE),
}  # compute capabilities: vLLM 0.33.0 (BF16 kernels from 8.0, Marlin for FP8 weights and GPTQ from 7.5)


@dataclass(frozen=True)
class Found:
    """A profile with the document and the variant that it came from."""

    profile: Profile
    document: Document
    variant: int

    @property
    def line(self) -> int:
        return self.document.line_of(("variants", self.variant))


def shipped_profiles_dir() -> Path:
    """The profiles that come with qorch: inside the package in a wheel, beside it in an editable checkout."""
    package = Path(orchestrator.__file__).parent
    inside = package / "profiles"
    return inside if inside.is_dir() else package.parent / "profiles"


def load_profiles(*directories: Path) -> tuple[Profile, ...]:
    """Every profile of `directories`, small models first; raises ProfileError with file, line and field."""
    found = [one for directory in directories for path in _files(directory) for one in read_profiles(path)]
    _refuse_equal_names(found)
    return tuple(sorted((one.profile for one in found), key=_order))


def read_profiles(path: Path) -> tuple[Found, ...]:
    """The variants of one file."""
    document = read_yaml(path, ProfileError)
    file = validate(document, ProfileFile, ProfileError)
    model = _model(file)
    return tuple(
        Found(_profile(file, model, variant, path), document, index) for index, variant in enumerate(file.variants)
    )


def _files(directory: Path) -> Iterator[Path]:
    if not directory.is_dir():
        raise ProfileError(f"{directory}: expected a folder of profile files", hint=f"ls -ld {directory}")
    yield from sorted(directory.glob("*.yaml"))


def _refuse_equal_names(found: Iterable[Found]) -> None:
    """A profile is asked for by name, so a name stands for one profile over all files."""
    seen: dict[str, Found] = {}
    for one in found:
        first = seen.setdefault(one.profile.name, one)
        if first is not one:
            raise ProfileError(
                f"{one.document.path}:{one.line}: variants.{one.variant}.name: expected a name of its own, got "
                f"{one.profile.name!r}, which stands at {first.document.path}:{first.line} too",
                hint=f"${{EDITOR:-vi}} +{one.line} {one.document.path}",
            )


def _order(profile: Profile) -> tuple[int, str, int, str]:
    return profile.model.parameters.total, profile.model.name, -profile.weights.bytes, profile.name


def _model(file: ProfileFile) -> Model:
    return Model(
        name=file.name,
        repo=file.repo,
        status=file.status,
        license=file.license,
        released=file.released,
        parameters=Parameters(**file.parameters.model_dump()),
        architecture=_architecture(file.architecture) if file.architecture else None,
        limits=Limits(**file.limits.model_dump()),
        thinks=file.thinks,
        quality=file.quality.value,
        quality_source=file.quality.source,
        caveats=tuple(file.caveats),
        sources=tuple(file.sources),
    )


def _architecture(entry: ArchitectureEntry) -> Architecture:
    plain = entry.model_dump(exclude={"experts", "vision"})
    experts = Experts(**entry.experts.model_dump()) if entry.experts else None
    return Architecture(**plain, experts=experts, vision=_vision(entry))


def _vision(entry: ArchitectureEntry) -> Vision | None:
    if entry.vision is None:
        return None
    width = entry.vision.out_hidden_size or entry.hidden_size
    return Vision(**entry.vision.model_dump(exclude={"out_hidden_size"}), out_hidden_size=width)


def _profile(file: ProfileFile, model: Model, entry: VariantEntry, path: Path) -> Profile:
    defaults = DEFAULTS[entry.precision]
    quality_retained, quality_source = _quality(entry, defaults)
    return Profile(
        name=entry.name or f"{model.name}-{_suffix(entry)}",
        model=model,
        precision=entry.precision,
        quantization=entry.quantization or defaults.quantization,
        engine=entry.engine or defaults.engine,
        weights=_weights(file, entry),
        quality_retained=quality_retained,
        quality_source=quality_source,
        min_compute_capability=_capability(entry.min_compute_capability) or defaults.min_compute_capability,
        source_file=str(path),
    )


def _suffix(entry: VariantEntry) -> str:
    """The precision, or the quantization of a GGUF file: `fp8`, `ud-q4_k_xl`; of a tag `ollama`."""
    if entry.tag:
        return EngineName.OLLAMA
    quantization = entry.quantization if entry.precision is Precision.GGUF else None
    return (quantization or entry.precision).lower()


def _weights(file: ProfileFile, entry: VariantEntry) -> Weights:
    return Weights(
        repo=entry.repo or file.repo,
        bytes=entry.bytes,
        bytes_status=entry.bytes_status,
        revision=entry.revision,
        file=entry.file,
        mmproj_file=entry.mmproj.file if entry.mmproj else None,
        mmproj_bytes=entry.mmproj.bytes if entry.mmproj else 0,
        tag=entry.tag,
        source=entry.source,
    )


def _quality(entry: VariantEntry, defaults: PrecisionDefaults) -> tuple[float, str]:
    """The entry's own share and source, or the precision's; a GGUF file's share goes by its quantization."""
    retained = defaults.quality_retained
    if entry.precision is Precision.GGUF:
        retained = GGUF_QUALITY_RETAINED.get(entry.quantization or "", retained)
    if entry.quality_retained is not None:
        retained = entry.quality_retained
    return retained, entry.quality_source or defaults.quality_source


def _capability(text: str | None) -> tuple[int, int] | None:
    """`8.9` as (8, 9)."""
    if text is None:
        return None
    major, minor = text.split(".")
    return int(major), int(minor)
