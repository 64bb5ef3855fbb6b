"""Which API server, and as whom: by a kubeconfig, or by the pod's own account."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
from kubernetes.config.kube_config import list_kube_config_contexts
from yaml import YAMLError

from orchestrator.adapters.kubernetes_api.api import MANAGER, KubernetesApi
from orchestrator.adapters.kubernetes_api.transport import Transport, retries, why
from orchestrator.core.errors import EnvironmentNotReady, UsageError


def connect(kubeconfig: Path | None, context: str | None, manager: str = MANAGER) -> KubernetesApi:
    """By the file that is named, else by KUBECONFIG or ~/.kube/config, else by the pod's own account."""
    configuration = Configuration()
    files = str(kubeconfig or os.environ.get("KUBECONFIG") or Path("~/.kube/config").expanduser())
    if kubeconfig is None and context is None and not Path(files).exists() and "KUBERNETES_SERVICE_HOST" in os.environ:
        return _in_cluster(configuration, manager)
    active = _context(files, context)
    with _complaints_raised(active["name"]):
        load_kube_config(files, active["name"], configuration, persist_config=False)
    namespace = (active.get("context") or {}).get("namespace") or "default"
    return _api(configuration, active["name"], namespace, manager)


def _in_cluster(configuration: Configuration, manager: str) -> KubernetesApi:
    with _complaints_raised("in-cluster"):
        load_incluster_config(client_configuration=configuration)
    namespace = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace").read_text().strip()
    return _api(configuration, "in-cluster", namespace, manager)


def _context(files: str, name: str | None) -> dict[str, Any]:
    """The context that is named, or the current one; raises UsageError with those that there are."""
    if not any(Path(file).expanduser().exists() for file in files.split(os.pathsep)):
        raise UsageError(f"a kubeconfig is needed, and there is no {files}", hint="kubectl config view")
    try:
        contexts, active = list_kube_config_contexts(files)
    except (ConfigException, YAMLError, OSError, ValueError, TypeError, AttributeError) as wrong:
        raise UsageError(f"{files} is no kubeconfig: {why(wrong)}", hint="kubectl config view") from wrong
    found = active if name is None else next((each for each in contexts if each["name"] == name), None)
    if found is None:
        known = ", ".join(each["name"] for each in contexts) or "none"
        raise UsageError(f"{files} has no context {name!r}; there are: {known}", hint="kubectl config get-contexts")
    return dict(found)


def _api(configuration: Configuration, context: str, namespace: str, manager: str) -> KubernetesApi:
    configuration.retries = retries()
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it warns of each retry
    return KubernetesApi(Transport(ApiClient(configuration), context), context, namespace, manager)


@contextmanager
def _complaints_raised(context: str) -> Iterator[None]:
    """The library logs why a credential plugin failed, and goes on without credentials."""
    said: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        yield
    except (ConfigException, OSError, ValueError, TypeError, AttributeError) as wrong:
        said.append(why(wrong))
    finally:
        logging.getLogger().removeHandler(handler)
    if said:
        raise EnvironmentNotReady(
            f"the credentials of context {context!r} cannot be had: {'; '.join(said)}",
            hint=f"kubectl --context {context} cluster-info",
        )
