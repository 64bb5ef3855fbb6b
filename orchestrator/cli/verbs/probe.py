"""`qorch probe`."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli import compose, options
from orchestrator.cli.output import emit_yaml, message


@click.command("probe")
@options.kube_context
@options.kubeconfig
@options.namespace
@options.option("--image", required=True, help="An image that qorch is installed in, which those nodes can pull.")
def command(kube_context: str | None, kubeconfig: Path | None, namespace: str | None, image: str) -> None:
    """Print a Job for each node of a cluster whose GPUs no label names: it asks NVML there, and takes no GPU.

    Apply them (qorch probe --image IMAGE | kubectl apply -f -); once they have run, `qorch plan` reads what they found.
    """
    jobs = compose.sites.probe_jobs(kubeconfig, kube_context, namespace, image)
    if not jobs:
        message("there is nothing to ask: GPU Feature Discovery's labels name the GPUs of every node that has some")
        return
    emit_yaml({"apiVersion": "v1", "kind": "List", "items": jobs})
