"""Two ways to have one to three replicas of the demo as the load asks, for `bench.autoscaling_live`."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from bench.fleet import BenchFleet, fleet, ray_head
from orchestrator.adapters.bare_host import BareHost
from orchestrator.adapters.fleet_files import FleetFiles
from orchestrator.adapters.ports import LOOPBACK, free_ports
from orchestrator.adapters.ray_serve import PATH, RayServe
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.fleet import Application, Fleet
from orchestrator.core.serve_config import APPLICATION

APP = "bench.autoscaling_live_app:build"
START_TIMEOUT_S = 120.0
BOUNDS = {"min_replicas": 1, "max_replicas": 3}
SHORT = {"upscale_delay_s": 0.0, "downscale_delay_s": 30.0, "look_back_period_s": 2.0, "metrics_interval_s": 1.0}


@dataclass(frozen=True)
class Running:
    """One that is up: where it answers, and how many replicas are asked for and run."""

    endpoint: str
    look: Callable[[], tuple[int, int]]


@dataclass(frozen=True)
class Way:
    name: str
    up: Callable[[], AbstractContextManager[Running]]


@contextlib.contextmanager
def qorch() -> Iterator[Running]:
    with fleet("--profile", "demo-gguf", "--max-replicas", "3") as up:
        host = BareHost(up.home / "state", "default")
        yield Running(f"http://{LOOPBACK}:{up.port}/v1", lambda: _of_fleet(host.observe()))


def _of_fleet(seen: Fleet | None) -> tuple[int, int]:
    return (seen.target_num_replicas, seen.ready_replicas) if seen else (0, 0)


@contextlib.contextmanager
def ray_serve(settings: Mapping[str, float]) -> Iterator[Running]:
    """The same engine replicas behind Ray's proxy, with Ray's policy on ongoing requests."""
    with fleet("--profile", "demo-gguf") as up:
        spec = _engine(up)
        up.down()
        with tempfile.TemporaryDirectory() as home, ray_head(Path(home)) as (head, ports, _):
            (port,) = free_ports(1)
            url = f"http://{LOOPBACK}:{ports.dashboard}"
            serve = RayServe(url, head.token)
            config = _config(spec, port, settings, home)
            httpx.put(
                url + PATH, json=config, headers={"Authorization": f"Bearer {head.token}"}, timeout=60
            ).raise_for_status()
            _until(lambda: _of_application(serve.observe())[1] == 1)
            yield Running(f"http://{LOOPBACK}:{port}/v1", lambda: _of_application(serve.observe()))


def _of_application(seen: Application | None) -> tuple[int, int]:
    if seen is None:
        return 0, 0
    return seen.target_num_replicas, sum(replica.state == "RUNNING" for replica in seen.replicas)


def _engine(up: BenchFleet) -> EngineSpec:
    record = FleetFiles(up.home / "state", "default").read()
    assert record is not None
    assert record.deployed is not None
    return record.deployed.variants[0].engine


def _config(spec: EngineSpec, port: int, settings: Mapping[str, float], log_dir: str) -> dict[str, Any]:
    deployment = {
        "name": "engine",
        "max_ongoing_requests": spec.max_in_flight,
        "autoscaling_config": {**BOUNDS, **settings},
        "ray_actor_options": {"num_cpus": 0},
    }
    application = {
        "name": APPLICATION,
        "route_prefix": "/",
        "import_path": APP,
        "args": {**asdict(spec), "log_dir": log_dir},
        "deployments": [deployment],
    }
    http = {"host": LOOPBACK, "port": port}
    return {"proxy_location": "HeadOnly", "http_options": http, "applications": [application]}


def _until(so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not so():
        if time.monotonic() > deadline_s:
            raise RuntimeError("Ray's application did not start")
        time.sleep(0.2)


WAYS = (
    Way("qorch", qorch),
    Way("Ray Serve, as it comes", partial(ray_serve, {})),
    Way("Ray Serve, its delays short", partial(ray_serve, SHORT)),
)
