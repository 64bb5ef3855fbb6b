"""An engine on a GPU that cannot start: `up` tells its own reason, and leaves neither process, record nor claim.

The driver's library is a stand-in that the real pynvml loads, and so is the interpreter that has vLLM.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.gpu_claims import holders
from orchestrator.adapters.ray_head import claims_folder
from tests.adapters.nvml_stand_in import A100, NvmlStandIn
from tests.e2e.real_fleet import RealFleet
from tests.vllm_stand_in import LAST_WORDS, vllm_stand_in

pytestmark = pytest.mark.e2e

UUID = "GPU-of-this-test"


@pytest.fixture
def on_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NvmlStandIn]:
    library = NvmlStandIn(tmp_path)
    library.take_the_drivers_place(monkeypatch)
    library.answer(A100 | {"uuid": UUID})
    vllm_stand_in(tmp_path, monkeypatch)
    yield library
    (claims_folder() / UUID).unlink(missing_ok=True)  # a lock's file stays; that of a GPU which nobody has must not


def test_a_vllm_that_dies_at_start_is_told_with_its_last_words_and_nothing_is_left(
    on_a_gpu: NvmlStandIn, tmp_path: Path
) -> None:
    fleet = RealFleet(tmp_path / "home")
    vllm = ("--profile", "bf16", "--model", "demo", "--engine", "vllm")
    done = fleet.qorch("up", *vllm, "--port", str(fleet.port), "--yes")
    assert (done.returncode, done.stdout) == (5, "")
    assert "error: the deployment failed: the engine did not start: exit status 1" in done.stderr
    assert LAST_WORDS in done.stderr
    assert done.stderr.count("\nerror: ") == done.stderr.count("\nhint: ") == 1
    assert fleet.processes() == on_a_gpu.processes() == []
    assert holders([UUID], claims_folder()) == ()
    assert not (fleet.home / "state").exists()
