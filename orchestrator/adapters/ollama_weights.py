"""Ollama's model store as a source of weights: what a server lists, or what is in this user's store."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from orchestrator.adapters.engines.ollama_install import OllamaInstall, ollama_install
from orchestrator.app.weights import OnProgress, ResolvedWeights
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.plan import Availability
from orchestrator.core.profile import Profile


class OllamaWeights:
    """Looks once, and only when a tag is asked for; it never pulls."""

    def __init__(self, look: Callable[[], OllamaInstall] = ollama_install) -> None:
        self._look = look

    @cached_property
    def _found(self) -> OllamaInstall:
        return self._look()

    def holds(self, profile: Profile) -> Availability:
        """On disk where Ollama lists the tag."""
        tag = profile.weights.tag
        if tag is None:
            return Availability(obtainable=False, on_disk=False, reason="")
        if tag in self._found.tags:
            return Availability(obtainable=True, on_disk=True, reason=f"in Ollama's store as {tag}")
        reason = "no store is looked into without Ollama" if self._found.problem else f"Ollama has no {tag}"
        return Availability(obtainable=False, on_disk=False, reason=reason)

    def fetch(self, profile: Profile, progress: OnProgress) -> ResolvedWeights | None:
        """The tag, as an engine of Ollama takes it in place of a path; raises EnvironmentNotReady where it is not."""
        tag = profile.weights.tag
        if tag is None:
            return None
        found = self._found
        if found.problem:
            raise EnvironmentNotReady(f"{profile.name}: {found.problem}", hint="qorch doctor")
        if tag not in found.tags:
            problem = f"{profile.name}: Ollama has no {tag}, and qorch pulls nothing unasked"
            raise EnvironmentNotReady(problem, hint=f"ollama pull {tag}")
        return ResolvedWeights(Path(tag), None, found.tags[tag], f"{tag}, {found.found}")
