"""What a fleet's objects refer to and do not hold: the user's own business, said beside them."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.core.deployment import LOOK_TOKEN
from orchestrator.core.manifests.naming import look_secret_name, object_name
from orchestrator.core.manifests.ray_service import REDIS_PASSWORD
from orchestrator.core.manifests.settings import ClusterSettings, Upgrade


def notices(fleet: str, settings: ClusterSettings) -> Iterator[str]:
    """Lines for people."""
    yield from remarks(settings)
    yield f"needs: the Secret {object_name(fleet)}, which is in no manifest:\n  {create_secret(fleet, settings)}"
    look = create_look_secret(fleet, settings.namespace)
    yield f"note: people who may look and change nothing need the Secret {look_secret_name(fleet)}:\n  {look}"


def remarks(settings: ClusterSettings) -> Iterator[str]:
    """What follows from choices that were left open."""
    if "@sha256:" not in settings.image:
        yield f"note: the image {settings.image} may change under its tag; a digest does not: --image NAME@sha256:…"
    if settings.model_claim is None:
        yield "note: each pod fetches its own weights; --model-claim NAME has them fetched once, into a volume for all"
    if settings.redis_address is None:
        yield "note: without --redis the fleet ends with its head, and Kubernetes will not drain the head's node"
    if settings.upgrade is not Upgrade.NONE:
        yield "note: while Ray's cluster is replaced (for another image, say), there are up to twice as many pods"


def secret_keys(settings: ClusterSettings) -> tuple[str, ...]:
    """What the fleet's Secret has to have."""
    return ("keys.json", "admin-token", *([REDIS_PASSWORD] if settings.redis_address else []))


def create_secret(fleet: str, settings: ClusterSettings) -> str:
    """The command that makes the fleet's Secret."""
    redis = f" --from-literal={REDIS_PASSWORD}=…" if settings.redis_address else ""
    keys = "--from-file=keys.json=$HOME/.config/qorch/keys.json"
    admin = '--from-literal=admin-token="$(openssl rand -hex 32)"'
    return f"kubectl create secret generic {object_name(fleet)}{_in(settings.namespace)} {keys} {admin}{redis}"


def create_look_secret(fleet: str, namespace: str | None) -> str:
    """The command that makes the Secret of who only looks."""
    token = f'--from-literal={LOOK_TOKEN}="$(openssl rand -hex 32)"'
    return f"kubectl create secret generic {look_secret_name(fleet)}{_in(namespace)} {token}"


def _in(namespace: str | None) -> str:
    return f" -n {namespace}" if namespace else ""
