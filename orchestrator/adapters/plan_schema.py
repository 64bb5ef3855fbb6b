"""A plan's document as pydantic models: what `up --plan` goes by is checked, what only informs is let through."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from orchestrator.adapters.profile_schema import Entry, Positive
from orchestrator.core.amounts import counted
from orchestrator.core.lora import NAME as LORA_NAME
from orchestrator.core.vllm_guards import MOST_SPECULATIVE_TOKENS

GOES_BY = (  # of a fit
    "profile",
    "device",
    "tensor_parallel_size",
    "max_model_len",
    "max_num_seqs",
    "num_speculative_tokens",
)
Index = Annotated[int, Field(ge=0)]
LoraName = Annotated[str, Field(pattern=f"^{LORA_NAME.pattern}$")]
DeviceId = Index | Annotated[str, Field(pattern=r"^\d+:\d+$")]  # a GPU's index, or GPU:slice


class Seen(BaseModel):
    """What was seen of a host, of which only a part is compared."""

    model_config = ConfigDict(extra="ignore", strict=True)


class HostEntry(Seen):
    cpu_cores: Positive
    memory_total_bytes: Positive


class InventoryEntry(Seen):
    host: HostEntry
    source: str


class HostGroupEntry(Entry):
    inventory: InventoryEntry
    count: Positive = 1
    pool: Any = None


class FitEntry(Entry):
    """How one replica runs; `memory`, `prediction`, `notes` and `precision` inform, and are reckoned anew."""

    profile: str
    device: Literal["cpu", "gpu"]
    device_name: str = ""
    gpu_indices: Any = None
    tensor_parallel_size: Positive
    pipeline_parallel_size: Positive = 1
    enable_expert_parallel: Any = None
    max_model_len: Positive
    max_num_seqs: Positive
    num_speculative_tokens: Annotated[int, Field(ge=0, le=MOST_SPECULATIVE_TOKENS)] = 0
    engine: Any = None
    precision: Any = None
    notes: Any = None
    memory: Any = None
    pool: Any = None
    prediction: Any = None

    @field_validator("profile")
    @classmethod
    def _is_known(cls, name: str, info: ValidationInfo[Any]) -> str:
        """The validation's context is the names of all profiles."""
        if name in info.context:
            return name
        close = get_close_matches(name, info.context, n=3)
        raise ValueError("a profile's name" + (f" (did you mean {' or '.join(close)}?)" if close else ""))


class PlacementEntry(Entry):
    """Equal replicas on equal hosts; a figure that stands in two places must be the same, or neither is meant."""

    host_group: Index
    num_hosts: Positive
    fit: FitEntry
    profile: str
    gpu_sets: Annotated[list[list[DeviceId]], Field(min_length=1)]
    num_replicas: Positive

    @field_validator("profile")
    @classmethod
    def _is_the_fits(cls, name: str, info: ValidationInfo) -> str:
        fit = info.data.get("fit")
        if fit and name != fit.profile:
            raise ValueError(f"{fit.profile}, as fit.profile says")
        return name

    @field_validator("gpu_sets")
    @classmethod
    def _sets_are_as_large_as_the_fit(cls, sets: list[list[DeviceId]], info: ValidationInfo) -> list[list[DeviceId]]:
        fit = info.data.get("fit")
        size = fit.tensor_parallel_size if fit and fit.device == "gpu" else 0
        if fit and any(len(gpus) != size for gpus in sets):
            raise ValueError(f"{counted(size, 'GPU')} in each set, as fit.device and fit.tensor_parallel_size say")
        if len(used := [gpu for gpus in sets for gpu in gpus]) != len(set(used)):
            raise ValueError("each GPU in one set only")
        return sets

    @field_validator("num_replicas")
    @classmethod
    def _one_for_each_set(cls, number: int, info: ValidationInfo) -> int:
        fit = info.data.get("fit")
        hosts = info.data.get("num_hosts", 0) // (fit.pipeline_parallel_size if fit else 1)
        replicas = len(info.data.get("gpu_sets", ())) * hosts
        if replicas and number != replicas:
            raise ValueError(f"{replicas}, one for each of gpu_sets (a CPU's are empty: []) on each host")
        return number


class BoundsEntry(Entry):
    """Between how many replicas of all placements there may be."""

    min_replicas: Index
    max_replicas: Positive

    @field_validator("max_replicas")
    @classmethod
    def _is_no_less_than_the_least(cls, most: int, info: ValidationInfo) -> int:
        if most < (least := info.data.get("min_replicas", 0)):
            raise ValueError(f"at least {least}, as min_replicas says")
        return most


class PlanHead(BaseModel):
    """What says whether the rest can be understood."""

    model_config = ConfigDict(extra="ignore")

    apiVersion: Literal["qorch.dev/v1alpha1"]
    kind: Literal["FitPlan"]


class PlanFile(Entry):
    """The whole document."""

    apiVersion: str
    kind: str
    qorch_version: str
    hosts: Annotated[list[HostGroupEntry], Field(min_length=1)]
    placements: list[PlacementEntry]
    chosen: FitEntry | None = None
    num_replicas: int | None = None
    loras: Annotated[dict[LoraName, str], Field(default_factory=dict)]  # each adapter's folder
    bounds: BoundsEntry | None = None
    wish: Any = None
    cost: Any = None
    reason: Any = None
    failure: Any = None
    nearest: Any = None
    notices: Any = None
    candidates: Any = None

    @field_validator("placements")
    @classmethod
    def _on_hosts_that_there_are(cls, placements: list[PlacementEntry], info: ValidationInfo) -> list[PlacementEntry]:
        there = len(info.data.get("hosts", ()))
        if there and any(each.host_group >= there for each in placements):
            raise ValueError(f"host_group below {there}, the number of hosts")
        return placements

    @field_validator("bounds")
    @classmethod
    def _holds_what_is_placed(cls, bounds: BoundsEntry | None, info: ValidationInfo) -> BoundsEntry | None:
        placed = sum(each.num_replicas for each in info.data.get("placements") or ())
        if bounds is not None and placed != bounds.max_replicas:
            raise ValueError(f"max_replicas of {placed}, the sum of placements")
        return bounds

    @field_validator("num_replicas")
    @classmethod
    def _is_their_sum(cls, number: int | None, info: ValidationInfo) -> int | None:
        placements: list[PlacementEntry] | None = info.data.get("placements")
        if placements is not None and number not in (None, total := sum(each.num_replicas for each in placements)):
            raise ValueError(f"{total}, the sum of placements")
        return number

    @field_validator("chosen")
    @classmethod
    def _is_the_first_placement(cls, chosen: FitEntry | None, info: ValidationInfo) -> FitEntry | None:
        placements: list[PlacementEntry] = info.data.get("placements") or []
        for field in GOES_BY if chosen and placements else ():
            if getattr(chosen, field) != (there := getattr(placements[0].fit, field)):
                raise ValueError(f"{field} to be {there}, as in placements.0.fit")
        return chosen
