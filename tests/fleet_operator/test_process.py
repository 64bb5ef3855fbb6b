"""`qorch operator` as a process: it acts, tells how it is, and ends soon when it is told to."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.core.qwen_fleet.installation import NAMESPACE
from tests.fleet_operator.conftest import ACCOUNT, Lab


class Running:
    """The process, and what it has said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.lines = process, []  # type: tuple[subprocess.Popen[str], list[str]]
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.lines.extend(line for line in iter(self.process.stderr.readline, ""))

    def _follow(self) -> str:
        return "".join(self.lines)

    def said(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if found := re.search(pattern, self._follow()):
                return found
            time.sleep(0.05)
        raise AssertionError((pattern, self.lines))

    def get(self, path: str) -> tuple[int, str]:
        port = self.said(r"127\.0\.0\.1:(\d+)")[1]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()


@contextmanager
def operator(lab: Lab, *options: str) -> Iterator[Running]:
    file = lab.server.kubeconfig(lab.folder / "process", ACCOUNT, NAMESPACE)
    command = [sys.executable, "-m", "orchestrator.cli", "operator", "--kubeconfig", str(file), "--port", "0", *options]
    environment = {**os.environ, "QORCH_HOME": str(lab.folder / "home")}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, cwd=lab.folder) as process:
        try:
            yield Running(process)
        finally:
            process.kill()


def test_it_acts_tells_how_it_is_and_gives_its_lease_back(lab: Lab):
    lab.nodes("a")
    lab.secret()
    lab.ask(model="qwen3.5-9b", replicas=1)
    with operator(lab) as running, lab.kuberay.running():
        running.said("leads\n")
        lab.until_holds("Ready")
        lab.until_quiet()
        assert [running.get(path)[0] for path in ("/healthz", "/readyz", "/else")] == [200, 200, 404]
        metrics = running.get("/metrics")[1]
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(10) == 0
        running.said("gave the lease back")
    assert "qorch_operator_leads 1.0" in metrics
    assert 'qorch_operator_fleets{phase="Ready"} 1.0' in metrics
    assert re.search(r'qorch_operator_reconciles_total\{outcome="well"\} [1-9]', metrics)
    lease = lab.cluster.ok("GET", f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/qorch-operator")
    assert lease["spec"]["holderIdentity"] == ""


def test_one_that_is_killed_leaves_a_fleet_that_the_next_one_keeps(lab: Lab):
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b", replicas=1)
    with operator(lab, "--no-leader-elect") as running:
        lab.until_holds("Applied")
        running.process.kill()
    before = lab.service()
    lab.ask(model="qwen3.5-9b", replicas=2)
    with operator(lab, "--no-leader-elect"):
        lab.cluster.until(lambda: lab.status()["plan"]["replicas"] == 2, 60)
    assert lab.service()["metadata"]["uid"] == before["metadata"]["uid"]


def test_a_port_that_is_taken_and_a_cluster_that_is_not_there_are_told(lab: Lab, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with operator(lab, "--port", str(taken.getsockname()[1])) as running:
            assert running.process.wait(60) == 4
            running.said(r"error: port \d+ of 127\.0\.0\.1 is needed")
        with operator(lab, "--kube-context", "prod") as running:
            assert running.process.wait(60) == 2
            running.said("has no context 'prod'")
