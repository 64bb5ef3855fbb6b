"""Where weights and keys are kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.compose import places

if TYPE_CHECKING:
    from orchestrator.adapters.key_store import KeyStore
    from orchestrator.app.weights import WeightsStore


def weights_store(given: Path | None) -> WeightsStore:
    """Where weights come from: Ollama for its tags; for files the path that was given, or every place there is."""
    from orchestrator.adapters.ollama_weights import OllamaWeights
    from orchestrator.app.weights import TagsAndFiles, WeightsSources

    return TagsAndFiles(WeightsSources((OllamaWeights(),)), _files_store(given))


def _files_store(given: Path | None) -> WeightsStore:
    from orchestrator.adapters.demo_weights import DemoWeights
    from orchestrator.adapters.hub import Hub
    from orchestrator.adapters.hub_cache import hub_cache_folder
    from orchestrator.adapters.hub_weights import HubWeights
    from orchestrator.adapters.local_weights import GivenWeights, WeightsFolder
    from orchestrator.app.weights import WeightsSources

    if given is not None:
        return WeightsSources((GivenWeights(given),))
    folder = os.environ.get("QORCH_WEIGHTS_DIR")
    local = (WeightsFolder(Path(folder)),) if folder else ()
    cache = places.own().cache
    hub = HubWeights(Hub.from_environment(os.environ), hub_cache_folder(os.environ), cache / "hub")
    return WeightsSources((*local, DemoWeights(cache / "demo"), hub))


def key_store() -> KeyStore:
    from orchestrator.adapters.key_store import KeyStore

    return KeyStore(places.own().config / "keys.json")
