"""What the environment says, and what the library may do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from orchestrator.adapters.hub import Hub
from orchestrator.adapters.hub_cache import hub_cache_folder
from orchestrator.adapters.hub_weights import HubWeights
from orchestrator.core.profile import ModelStatus
from tests.adapters.hub.runs import FILE, REPO, fetch
from tests.adapters.hub_stand_in import HubStandIn
from tests.adapters.model_samples import gguf_profile


def test_models_that_are_not_on_the_hub_are_not_asked_for(stand_in: HubStandIn, source: HubWeights) -> None:
    for status in (ModelStatus.ARTICLE, ModelStatus.STAND_IN):
        profile = gguf_profile(status=status)
        assert not source.holds(profile).obtainable
        assert source.fetch(profile, lambda _: None) is None
    assert stand_in.requests == []


def test_the_hubs_own_variables_say_where_cache_and_hub_are() -> None:
    assert hub_cache_folder({"HF_HUB_CACHE": "/c"}) == Path("/c")
    assert hub_cache_folder({"HF_HUB_CACHE": "", "HF_HOME": ""}) == Path.home() / ".cache/huggingface/hub"
    assert hub_cache_folder({"HF_HOME": "/h"}) == Path("/h/hub")
    assert hub_cache_folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/huggingface/hub")
    assert hub_cache_folder({}) == Path.home() / ".cache/huggingface/hub"
    assert Hub.from_environment({"HF_ENDPOINT": "https://mirror.example/"}).endpoint == "https://mirror.example"
    assert Hub.from_environment({"HF_HUB_OFFLINE": "1"}).trouble == "HF_HUB_OFFLINE forbids asking huggingface.co"


def test_the_library_is_not_imported_while_everything_is_on_disk(
    stand_in: HubStandIn, source: HubWeights, body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    fetch(source)
    program = f"""
import sys
from pathlib import Path
from orchestrator.adapters.hub import Hub
from orchestrator.adapters.hub_weights import HubWeights
from orchestrator.adapters.partial_file import PartialFile
from tests.adapters.model_samples import gguf_profile
source = HubWeights(Hub({stand_in.endpoint!r}), Path({str(source.root)!r}), Path({str(source.notes)!r}))
assert source.fetch(gguf_profile(), print).path.is_file()
assert "huggingface_hub" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_library_does_not_call_home_about_who_uses_it(
    stand_in: HubStandIn, source: HubWeights, body: bytes, tmp_path: Path
) -> None:
    stand_in.commit(REPO, {FILE: body})
    program = """
import os
from pathlib import Path
from orchestrator.adapters.hub import Hub
from orchestrator.adapters.hub_cache import hub_cache_folder
from orchestrator.adapters.hub_weights import HubWeights
from tests.adapters.model_samples import gguf_profile
source = HubWeights(Hub.from_environment(os.environ), hub_cache_folder(os.environ), Path("notes").resolve())
assert source.fetch(gguf_profile(), lambda progress: None).path.is_file()
"""
    paths = {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": stand_in.endpoint, "PYTHONPATH": os.getcwd()}
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ | paths, cwd=tmp_path)
    assert (tmp_path / "home" / "hub" / "models--unsloth--Sample-GGUF").is_dir()
    asked = {request.path.split("/")[1] for request in stand_in.requests}
    assert asked == {"", "api", "unsloth", "cdn"}
    assert [request.path for request in stand_in.asked("/api/")] == [f"/api/models/{REPO}/revision/main"]
