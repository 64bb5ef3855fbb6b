"""What `--profile` and `--model` ask for, among the profiles that there are."""

from __future__ import annotations

from difflib import get_close_matches

from orchestrator.core.errors import UsageError
from orchestrator.core.plan import Candidate, FitPlan
from orchestrator.core.profile import EngineName, ModelStatus, Precision, Profile
from orchestrator.core.wish import Wish

AUTO = "auto"
HINT = "qorch profiles list"
AT_LEAST_ONE = ("max_model_len", "max_num_seqs", "num_replicas", "tensor_parallel_size", "max_gpus")


def requested(profiles: tuple[Profile, ...], wish: Wish) -> tuple[Profile, ...]:
    """The profiles to consider; raises UsageError where a name is unknown or a number makes no sense."""
    _check_numbers(wish)
    _check_loras(profiles, wish)
    of_model = _of_model(profiles, wish.model)
    if wish.profile == AUTO:
        return _on_engine(of_model, wish)
    matches = tuple(profile for profile in of_model if _is_meant(profile, wish.profile))
    if not matches:
        raise UsageError(_unknown(profiles, wish), hint=HINT)
    return _on_engine(matches, wish)


def candidate_named(plan: FitPlan, name: str) -> Candidate:
    """The candidate of a profile's name; raises UsageError with the nearest of those that the wish leaves."""
    named = {candidate.profile.name: candidate for candidate in plan.candidates}
    if name not in named:
        near = get_close_matches(name.lower(), named) or list(named)[:3]
        meant = " or ".join(map(repr, near))
        raise UsageError(f"no candidate of this plan is named {name!r}; did you mean {meant}?", hint="qorch plan --all")
    return named[name]


def is_named(profile: Profile, wish: Wish) -> bool:
    """Whether the wish names the profile or its model, and so means it whatever its figures rest on."""
    return profile.name == wish.profile or profile.model.name in (wish.profile, wish.model)


def excluded(profile: Profile, wish: Wish) -> str | None:
    """Why a profile is not chosen unless it is named."""
    if profile.engine is EngineName.OLLAMA and wish.engine is not EngineName.OLLAMA and wish.profile != profile.name:
        return "Ollama answers one request at a time: chosen by name, by --engine ollama, or where nothing else can run"
    if profile.model.status is ModelStatus.PUBLISHED or is_named(profile, wish):
        return None
    if profile.model.status is ModelStatus.ARTICLE:
        return "only the founding article names this model: choose it by name"
    return "a stand-in with random weights: chosen by name, or where no other weights can be had"


def _check_numbers(wish: Wish) -> None:
    for name in AT_LEAST_ONE:
        number = getattr(wish, name)
        if number is not None and number < 1:
            raise UsageError(f"{name}: expected at least 1, got {number}")


def _check_loras(profiles: tuple[Profile, ...], wish: Wish) -> None:
    taken = {name for profile in profiles for name in (profile.name, profile.model.name)}
    for lora in wish.loras:
        if lora.name in taken:
            raise UsageError(
                f"--lora {lora.name}={lora.path}: the name of a model; an adapter needs one of its own",
                hint=f"qorch up --lora my-{lora.name}={lora.path}",
            )


def _of_model(profiles: tuple[Profile, ...], model: str | None) -> tuple[Profile, ...]:
    matches = tuple(profile for profile in profiles if model in (None, profile.model.name))
    if not matches:
        names = sorted({profile.model.name for profile in profiles})
        raise UsageError(f"no model is named {model!r}{_meant(model or '', names)}", hint=HINT)
    return matches


def _on_engine(profiles: tuple[Profile, ...], wish: Wish) -> tuple[Profile, ...]:
    """Those that the engine runs; raises UsageError where it runs none of them."""
    of_engine = tuple(profile for profile in profiles if wish.engine in (None, profile.engine))
    if not of_engine:
        engines = " or ".join(dict.fromkeys(profile.engine for profile in profiles))
        raise UsageError(f"what was asked for runs on {engines}, not on {wish.engine}", hint=HINT)
    return of_engine


def _is_meant(profile: Profile, name: str) -> bool:
    return name in (profile.name, profile.model.name, profile.precision)


def _unknown(profiles: tuple[Profile, ...], wish: Wish) -> str:
    """The name is known nowhere, or the model has no such variant."""
    if any(_is_meant(profile, wish.profile) for profile in profiles):
        return f"model {wish.model!r} has no profile {wish.profile!r}"
    names = [AUTO, *Precision, *(name for profile in profiles for name in (profile.name, profile.model.name))]
    return f"no profile, precision or model is named {wish.profile!r}{_meant(wish.profile, names)}"


def _meant(name: str, names: list[str]) -> str:
    close = get_close_matches(name.lower(), names, n=1)
    return f"; did you mean '{close[0]}'?" if close else ""
