"""`qorch operator`."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from orchestrator import __version__
from orchestrator.cli import compose, options
from orchestrator.cli.output import message
from orchestrator.core.manifests.forms import IMAGE, NAMESPACE


@click.command("operator")
@options.kube_context
@options.kubeconfig
@options.option(
    "-n", "--namespace", "namespaces", type=options.Formed(NAMESPACE), multiple=True, metavar="NAME",
    help="Look after the QwenFleets of this namespace only; may be repeated.  [default: all]",
)  # fmt: skip
@options.option(
    "--image", type=options.Formed(IMAGE), metavar="IMAGE", default=f"qorch:{__version__}", show_default=True,
    help="Of the pods of a fleet that names none.",
)  # fmt: skip
@options.option(
    "--leader-elect/--no-leader-elect", default=True, show_default=True,
    help="Act only while holding a Lease in the operator's own namespace, so that there may be several.",
)  # fmt: skip
@options.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address of probes and metrics."
)
@options.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port of /healthz, /readyz and /metrics.",
)
def command(
    kube_context: str | None,
    kubeconfig: Path | None,
    namespaces: tuple[str, ...],
    image: str,
    leader_elect: bool,
    host: str,
    port: int,
) -> None:
    """Look after the QwenFleets of a cluster: plan each for the nodes that there are, and keep its objects right.

    In a pod with the pod's own account; manifests/operator has all that it needs.
    """
    from orchestrator.adapters.operator_http import door
    from orchestrator.cli.operator_process import Orders

    identity = f"{socket.gethostname()}_{os.getpid()}" if leader_elect else None
    process = compose.fleets.operator_process(kubeconfig, kube_context, Orders(namespaces, image), identity, _say)
    with door(host, port, process.vitals) as at:
        _say(f"qorch {__version__}: probes and metrics at {host}:{at}")
        process.run(_stopped_by_signals())


def _stopped_by_signals() -> threading.Event:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _say(text: str) -> None:
    message(f"{datetime.fromtimestamp(time.time(), UTC):%Y-%m-%dT%H:%M:%SZ} {text}")
