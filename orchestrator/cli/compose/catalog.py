"""What comes with qorch, and the user's own in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.cli.compose import places

if TYPE_CHECKING:
    from orchestrator.core.gpu_table import GpuTable
    from orchestrator.core.predict import Predictor
    from orchestrator.core.profile import Profile


def profiles() -> tuple[Profile, ...]:
    """The shipped profiles, and the user's own."""
    from orchestrator.adapters.profile_files import load_profiles, shipped_profiles_dir

    own = places.own().config / "profiles"
    return load_profiles(shipped_profiles_dir(), *([own] if own.is_dir() else []))


def profile(name: str) -> Profile:
    """The one profile that is meant; raises UsageError with the nearest names, or those that could be meant."""
    from orchestrator.core.errors import UsageError
    from orchestrator.core.request import requested
    from orchestrator.core.wish import Wish

    matches = requested(profiles(), Wish(profile=name))
    exact = [match for match in matches if match.name == name] or list(matches)
    if len(exact) > 1:
        names = ", ".join(match.name for match in exact)
        raise UsageError(f"{name!r} can mean several profiles: {names}", hint="qorch profiles list")
    return exact[0]


def gpu_table() -> GpuTable:
    """The kinds of GPU that come with qorch, and the user's own in their place."""
    from orchestrator.adapters.gpu_table import load_gpus, shipped_gpus_dir

    return load_gpus(shipped_gpus_dir(), places.own().config / "gpus")


def predictor() -> Predictor:
    """How fast a fit will be, by what comes with qorch and the user's own in its place."""
    from orchestrator.adapters.speed_files import load_speeds, shipped_speeds_dir
    from orchestrator.core.predict import Predictor

    return Predictor(gpu_table(), load_speeds(shipped_speeds_dir(), places.own().config / "prediction"))
