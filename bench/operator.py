"""What an operator of a hundred fleets asks of an API server and of its machine: `python -m bench.operator`.

The API server is that of `tests/kube`, in a process of its own, with KubeRay's stand-in; the operator is the command.
It counts requests while the fleets are made and while nothing changes, and writes docs/measurements/operator.md.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from bench.tables import markdown, report

PAGE = Path(__file__).parents[1] / "docs" / "measurements" / "operator.md"
FLEETS, NODES, GPUS = 100, 100, 8
STEADY_S = 60
MIB = 2**20
READS = ("get", "list", "watch")
HEADERS = ("fleets", "seconds", "requests", "reads", "writes", "lease", "CPU seconds", "peak MiB")
Requests = Counter[tuple[str, str]]


@dataclass(frozen=True)
class Phase:
    """What was seen between two moments."""

    name: str
    seconds: float
    requests: Requests
    cpu_s: float
    peak_mib: float

    @property
    def row(self) -> tuple[str, ...]:
        lease = sum(count for (_, resource), count in self.requests.items() if resource == "leases")
        others = {key: count for key, count in self.requests.items() if key[1] != "leases"}
        reads = sum(count for (verb, _), count in others.items() if verb in READS)
        writes = sum(others.values()) - reads
        counts = (f"{sum(self.requests.values()):,}", f"{reads:,}", f"{writes:,}", f"{lease:,}")
        return (self.name, f"{self.seconds:.1f}", *counts, f"{self.cpu_s:.2f}", f"{self.peak_mib:.0f}")


def serve(folder: Path, pipe: Connection) -> None:
    """The cluster; it answers `count` with the operator's requests, and `ready` with how many fleets are."""
    from kubernetes import config

    from orchestrator.core.qwen_fleet.definition import definition
    from orchestrator.core.qwen_fleet.installation import NAMESPACE, access, workload
    from tests.core.cluster.objects import A100_LABELS, node_object
    from tests.kube.cluster import Cluster
    from tests.kube.kuberay import KubeRay
    from tests.kube.server import running_api_server

    account = f"system:serviceaccount:{NAMESPACE}:qorch-operator"
    with running_api_server() as server:
        server.install_kuberay()
        for each in (definition(), workload()[0], *access()):
            server.put(each)
        for number in range(NODES):
            server.put(node_object(f"n{number:03}", A100_LABELS, gpus=GPUS))
        file = server.kubeconfig(folder / "kubeconfig", account, NAMESPACE)
        cluster = Cluster(config.new_client_from_config(str(server.kubeconfig(folder / "admin"))), "default")
        pipe.send(str(file))
        with KubeRay(cluster).running():
            while (asked := pipe.recv()) != "end":
                if asked == "make":
                    _make_fleets(cluster)
                fleets = cluster.ok("GET", cluster.path("qwenfleets", "", "qorch.dev/v1alpha1"))["items"]
                ready = sum((each.get("status") or {}).get("phase") == "Ready" for each in fleets)
                seen = Counter((each.verb, each.resource) for each in list(server.requests) if each.user == account)
                pipe.send((ready, seen))


def _make_fleets(cluster: object) -> None:
    from tests.kube.cluster import Cluster

    assert isinstance(cluster, Cluster)
    for number in range(FLEETS):
        name = f"fleet-{number:03}"
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"qorch-{name}"}}
        cluster.ok("POST", cluster.path("secrets"), secret)
        spec = {"model": "qwen3.5-9b", "minReplicas": 1, "maxReplicas": 4, "tensorParallelSize": 1}
        body = {"apiVersion": "qorch.dev/v1alpha1", "kind": "QwenFleet", "metadata": {"name": name}, "spec": spec}
        cluster.ok("POST", cluster.path("qwenfleets", "", "qorch.dev/v1alpha1"), body)


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[Connection, str]]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(folder, theirs), daemon=True)
    process.start()
    try:
        yield ours, ours.recv()
    finally:
        ours.send("end")
        process.join(30)


class Watcher:
    """An operator's process, beside the server's counts."""

    def __init__(self, process: psutil.Process, pipe: Connection) -> None:
        self._process, self._pipe = process, pipe
        self._before: Requests = Counter()

    def ask(self, what: str) -> tuple[int, Requests]:
        self._pipe.send(what)
        ready, seen = self._pipe.recv()
        return ready, Counter(seen)

    def phase(self, name: str, until_ready: int, least_s: float) -> Phase:
        """Until so many fleets are ready, and at least so long."""
        start, cpu_s, peak = time.perf_counter(), self._cpu_s(), 0
        while True:
            ready, seen = self.ask("count")
            peak = max(peak, self._process.memory_info().rss)
            elapsed_s = time.perf_counter() - start
            if ready >= until_ready and elapsed_s >= least_s:
                break
            time.sleep(0.5)
        since, self._before = seen - self._before, seen
        return Phase(name, elapsed_s, since, self._cpu_s() - cpu_s, peak / MIB)

    def _cpu_s(self) -> float:
        return float(sum(self._process.cpu_times()[:2]))


def measure(folder: Path) -> list[Phase]:
    with cluster(folder) as (pipe, kubeconfig):
        command = (sys.executable, "-m", "orchestrator.cli", "operator", "--kubeconfig", kubeconfig, "--port", "0")
        environment = {**os.environ, "QORCH_HOME": str(folder)}
        with psutil.Popen(command, stderr=subprocess.DEVNULL, env=environment) as process:
            watcher = Watcher(process, pipe)
            try:
                found = [watcher.phase("0, starting", 0, 15.0)]
                watcher.ask("make")
                found.append(watcher.phase(f"{FLEETS}, made", FLEETS, 0.0))
                watcher.phase("settling", FLEETS, 15.0)
                found.append(watcher.phase(f"{FLEETS}, at rest", FLEETS, STEADY_S))
            finally:
                process.terminate()
                process.wait(30)
    return found


def by_kind(requests: Requests) -> str:
    rows = [
        (resource, verb, f"{count:,}")
        for (verb, resource), count in sorted(requests.items(), key=lambda each: each[0][1])
    ]
    return markdown(("resource", "verb", "requests"), rows)


def page(found: list[Phase]) -> str:
    seen = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()} on {sys.platform}"
    return f"""# What an operator of a hundred fleets takes

Written by `python -m bench.operator` ({seen}): `qorch operator` beside an API server of {NODES} nodes with {GPUS} A100
each and KubeRay's stand-in, which share the machine, and take most of the time. {FLEETS} QwenFleets are made at once,
each of one to four replicas; once all are Ready nothing changes.

{markdown(HEADERS, [each.row for each in found])}
While the fleets are made:

{by_kind(found[1].requests)}
At rest for {found[2].seconds:.0f} s:

{by_kind(found[2].requests)}
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder))
    report("An operator of many fleets", HEADERS, [each.row for each in found])
    PAGE.write_text(page(found))


if __name__ == "__main__":
    main()
