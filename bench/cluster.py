"""What a plan over a large cluster takes: `qorch plan --kubeconfig` against an API server that serves a thousand nodes.

`python -m bench.cluster` prints the table and writes docs/measurements/cluster.md. The server is another process with
its pages ready, so that what is measured is qorch: reading, planning, printing. Nodes are as large as real ones, most
of which is the list of their images; each has eight GPUs of one of five kinds, of which pods hold none to eight.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil

from bench.tables import markdown, report

PAGE = Path(__file__).parents[1] / "docs" / "measurements" / "cluster.md"
PRODUCTS = {
    "NVIDIA-A100-SXM4-80GB": (81920, "8", "0"),
    "NVIDIA-H100-80GB-HBM3": (81559, "9", "0"),
    "NVIDIA-L40S": (46068, "8", "9"),
    "NVIDIA-GeForce-RTX-4090": (24564, "8", "9"),
    "NVIDIA-B200": (183359, "10", "0"),
}
GPUS = 8  # of a node
PODS = 20  # of a node, beside those on GPUs
IMAGES = 50  # that the kubelet lists, at most
NODES = (1, 10, 100, 1_000)
ROUNDS = 3
MIB = 2**20
HEADERS = ("nodes", "GPUs", "pods", "MB read", "seconds", "CPU seconds", "peak MiB")


def node(number: int) -> dict[str, Any]:
    """One of five kinds, with labels, images and conditions as a kubelet and GPU Feature Discovery leave them."""
    product, (memory, major, minor) = list(PRODUCTS.items())[number % len(PRODUCTS)]
    labels = {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": f"gpu-{number % len(PRODUCTS)}",
        "nvidia.com/gpu.product": product,
        "nvidia.com/gpu.memory": str(memory),
        "nvidia.com/gpu.count": str(GPUS),
        "nvidia.com/gpu.compute.major": major,
        "nvidia.com/gpu.compute.minor": minor,
        "nvidia.com/cuda.driver-version.full": "580.95.05",
        "nvidia.com/cuda.runtime-version.full": "13.0",
        **{f"feature.node.kubernetes.io/cpu-cpuid.F{flag}": "true" for flag in range(60)},
    }
    allocatable = {"cpu": "95690m", "memory": "1055Gi", "ephemeral-storage": "900Gi", "nvidia.com/gpu": str(GPUS)}
    images = [{"names": [f"registry.example/{'0' * 64}/image-{image}"], "sizeBytes": image} for image in range(IMAGES)]
    conditions = [{"type": "Ready", "status": "True", "message": "kubelet is posting ready status"}]
    status = {"allocatable": allocatable, "capacity": allocatable, "conditions": conditions, "images": images}
    return {"metadata": {"name": f"node-{number:05}", "labels": labels}, "spec": {}, "status": status}


def pods(number: int, draw: random.Random) -> Iterator[dict[str, Any]]:
    """Small ones, and one that holds some of the node's GPUs."""
    for each in range(PODS):
        yield _pod(f"small-{number}-{each}", number, {"cpu": f"{draw.randrange(50, 900)}m", "memory": "512Mi"})
    if held := draw.randrange(GPUS + 1):
        yield _pod(f"gpu-{number}", number, {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": str(held)})


def _pod(name: str, number: int, requests: dict[str, str]) -> dict[str, Any]:
    variables = [{"name": f"VARIABLE_{each}", "value": "x" * 40} for each in range(20)]
    containers = [{"name": "main", "env": variables, "resources": {"requests": requests, "limits": requests}}]
    spec = {"nodeName": f"node-{number:05}", "containers": containers}
    return {"metadata": {"name": name}, "spec": spec, "status": {"phase": "Running"}}


def pages(items: list[dict[str, Any]], size: int) -> list[bytes]:
    """A list in pages, each with the token of the next."""
    starts = range(0, max(1, len(items)), size)
    return [
        json.dumps(
            {
                "items": items[start : start + size],
                "metadata": {"continue": str(number + 1) if start + size < len(items) else ""},
            }
        ).encode()
        for number, start in enumerate(starts)
    ]


def serve(nodes: int, ready: Connection) -> None:
    """An API server that answers from memory, until its process is ended."""
    draw = random.Random(1)
    lists = {
        "/api/v1/nodes": pages([node(number) for number in range(nodes)], 500),
        "/api/v1/pods": pages([pod for number in range(nodes) for pod in pods(number, draw)], 500),
        "/api/v1/namespaces/default/resourcequotas": pages([], 500),
        "/api/v1/namespaces/default/limitranges": pages([], 500),
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            found = lists.get(url.path)
            body = found[int(parse_qs(url.query).get("continue", ["0"])[0])] if found else b"{}"
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ready.send((server.server_address[1], sum(len(page) for found in lists.values() for page in found)))
    server.serve_forever()


@contextmanager
def cluster(nodes: int, folder: Path) -> Iterator[tuple[Path, int]]:
    """Its kubeconfig, and the bytes of all its nodes and pods."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(nodes, theirs), daemon=True)
    process.start()
    try:
        port, size = ours.recv()
        named = [{"name": "bench", "cluster": {"server": f"http://127.0.0.1:{port}"}}]
        contexts = [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}]
        users = [{"name": "bench", "user": {"token": "bench"}}]
        config = {"current-context": "bench", "clusters": named, "contexts": contexts, "users": users}
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(json.dumps(config))
        yield kubeconfig, size
    finally:
        process.terminate()
        process.join()


def measure(kubeconfig: Path) -> tuple[float, float, float]:
    """Seconds of one `qorch plan`, those of a CPU, and the most MiB that it took."""
    command = (sys.executable, "-m", "orchestrator.cli", "plan", "--kubeconfig", str(kubeconfig), "--for", "cost")
    start, cpu_s, peak = time.perf_counter(), 0.0, 0
    with psutil.Popen(command, stdout=subprocess.DEVNULL) as child:
        while child.poll() is None:
            with suppress(psutil.Error):
                peak = max(peak, child.memory_info().rss)
                cpu_s = sum(child.cpu_times()[:2])
            time.sleep(0.02)
    if child.returncode:
        raise RuntimeError(f"qorch plan ended with {child.returncode}")
    return time.perf_counter() - start, cpu_s, peak / MIB


def row(nodes: int) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as folder, cluster(nodes, Path(folder)) as (kubeconfig, size):
        found = [measure(kubeconfig) for _ in range(ROUNDS)]
    seconds, cpu_s, peaks = zip(*found, strict=True)
    draw = random.Random(1)
    number = sum(1 for each in range(nodes) for _ in pods(each, draw))
    counts = (f"{nodes:,}", f"{GPUS * nodes:,}", f"{number:,}", f"{size / 1e6:.1f}")
    return (*counts, f"{median(seconds):.2f}", f"{median(cpu_s):.2f}", f"{max(peaks):.0f}")


def page(found: list[tuple[str, ...]]) -> str:
    load = f"a load of {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores"
    seen = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()} on {sys.platform}, {load}"
    return f"""# How long a plan over a cluster takes

Written by `python -m bench.cluster` ({seen}): `qorch plan --kubeconfig … --for cost` from its start to its end, median
of {ROUNDS} runs, and the most memory that its process took. Nodes have eight GPUs of one of {len(PRODUCTS)} kinds, of
which pods hold none to eight, so that there are {len(PRODUCTS) * (GPUS + 1)} kinds of node.

{markdown(HEADERS, found)}
Goal: 1,000 nodes of eight GPUs under 3 s and 300 MB. Where the load is above the number of cores, others wanted them
too, and the seconds of a CPU say what qorch took.
"""


def main() -> None:
    found = [row(nodes) for nodes in NODES]
    report("Plans over a cluster", HEADERS, found)
    PAGE.write_text(page(found))


if __name__ == "__main__":
    main()
