"""Ray's own counting of GPUs, by a real head over the stand-in library: it bounds how many replicas run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.adapters.ray_head import RayHead
from tests.adapters.nvml_stand_in import A100, NvmlStandIn

pytestmark = pytest.mark.e2e

NUM_GPUS = 4
# Ray stays out of this process. Three replicas of two GPUs each, where four are counted; one is ended; one needs none.
REPLICAS = """
import json, os, ray
ray.init(address=os.environ["ADDRESS"], log_to_driver=False)
@ray.remote(num_cpus=0)
class Replica:
    def ids(self):
        return ray.get_gpu_ids()
    def variable(self):
        return os.environ.get("CUDA_VISIBLE_DEVICES")
replicas = [Replica.options(num_gpus=2).remote() for _ in range(3)]
asked = [replica.ids.remote() for replica in replicas]
first, waiting = ray.wait(asked, num_returns=2, timeout=60)
_, still_waiting = ray.wait(waiting, timeout=2)
told = {"counted": ray.cluster_resources()["GPU"], "first": ray.get(first), "waiting": len(still_waiting)}
ended = asked.index(first[0])
told["variable"] = ray.get(replicas[asked.index(first[1])].variable.remote(), timeout=60)
ray.kill(replicas[ended])
told["later"] = ray.get(still_waiting, timeout=60)
told["none"] = ray.get(Replica.options(num_gpus=0).remote().ids.remote(), timeout=60)
print(json.dumps(told))
"""
DETECT = """
from ray._private.accelerators.nvidia_gpu import NvidiaGPUAcceleratorManager as Nvidia
print(Nvidia.get_current_node_num_accelerators(), Nvidia.get_current_node_accelerator_type())
"""


def run(program: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | environment, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def nvml(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NvmlStandIn]:
    """Four A100s, of which the person's environment shows one."""
    library = NvmlStandIn(tmp_path_factory.mktemp("nvml"))
    library.answer(*(A100 | {"uuid": f"GPU-{index}"} for index in range(NUM_GPUS)))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (library.environment | {"CUDA_VISIBLE_DEVICES": "GPU-2"}).items():
            patch.setenv(name, value)
        yield library


@pytest.fixture(scope="module")
def told(nvml: NvmlStandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the replicas saw."""
    folder = tmp_path_factory.mktemp("fleet")
    head = RayHead(str(folder), folder / "token")
    try:
        ports = head.start(num_cpus=4, num_gpus=NUM_GPUS)
        environment = {
            "ADDRESS": f"127.0.0.1:{ports.gcs}",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(folder / "token"),
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        }
        yield json.loads(run(REPLICAS, environment))
    finally:
        head.stop()


def test_ray_detects_the_gpus_that_the_library_tells(nvml: NvmlStandIn) -> None:
    assert run(DETECT, {}) == f"{NUM_GPUS} A100"


def test_the_head_counts_the_devices_of_the_plan_whatever_the_environment_shows(told: dict[str, Any]) -> None:
    assert told["counted"] == NUM_GPUS


def test_no_two_replicas_have_one_gpu(told: dict[str, Any]) -> None:
    assert sorted(told["first"]) == [[0, 1], [2, 3]]


def test_a_replica_too_many_waits_and_starts_where_another_has_ended(told: dict[str, Any]) -> None:
    assert (told["waiting"], told["later"]) == (1, [told["first"][0]])


def test_a_replica_sees_rays_numbers_which_are_not_those_of_the_plan(told: dict[str, Any]) -> None:
    assert told["variable"] == ",".join(map(str, told["first"][1]))


def test_what_needs_no_gpu_is_counted_none(told: dict[str, Any]) -> None:
    assert told["none"] == []
