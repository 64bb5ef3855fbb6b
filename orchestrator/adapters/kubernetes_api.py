"""The Kubernetes API server of one context: objects as plain JSON, its refusals as ours.

Objects are not made the client library's models: a thousand nodes as those take many seconds and a gigabyte.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import OpenApiException
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
from kubernetes.config.kube_config import list_kube_config_contexts
from yaml import YAMLError

from orchestrator.core.errors import EnvironmentNotReady, UsageError

PAGE = 500  # objects
TIMEOUT_S = (5.0, 60.0)  # to connect, to read
RETRIES = urllib3.Retry(
    total=4,
    connect=1,
    backoff_factor=0.2,
    status_forcelist=(429, 500, 502, 503, 504),
    raise_on_status=False,
)  # of reads; waits as long as Retry-After says
GONE = 410


@dataclass(frozen=True)
class Resource:
    """A kind of object, as its path names it."""

    plural: str
    group: str = ""
    version: str = "v1"

    def path(self, namespace: str | None = None) -> str:
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{namespace}/{self.plural}" if namespace else f"{root}/{self.plural}"

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


class Forbidden(EnvironmentNotReady):
    """The credentials may not do this."""


class NotServed(EnvironmentNotReady):
    """The API server knows no such kind or object."""


class KubernetesApi:
    """`context` is its name in the kubeconfig, `namespace` the one that goes with it."""

    def __init__(self, client: ApiClient, context: str, namespace: str) -> None:
        self._client = client
        self.context = context
        self.namespace = namespace

    def pages(
        self, resource: Resource, namespace: str | None = None, **query: str
    ) -> Iterator[list[Mapping[str, Any]]]:
        """All objects of a kind, a page at a time; what changes meanwhile may be missing or old, never twice."""
        token = ""
        while True:
            paging = {"limit": str(PAGE), **({"continue": token} if token else {})}
            status, page = self._get(resource.path(namespace), {**query, **paging})
            token = _continuation(page)
            if status != GONE or not token:
                self._require_well(status, page, "list", resource)
                yield page.get("items") or []
            if not token:
                return

    def log(self, namespace: str, pod: str) -> str:
        """What a pod of one container has printed."""
        status, data = self._read(f"{Resource('pods').path(namespace)}/{pod}/log", {})
        if status >= 400:
            self._require_well(status, _object_or_text(data), "get", Resource("pods/log"))
        return data.decode(errors="replace")

    def _get(self, path: str, query: Mapping[str, str]) -> tuple[int, Any]:
        """Status and body; what is no JSON object as text."""
        status, data = self._read(path, query)
        return status, _object_or_text(data)

    def _read(self, path: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        method, url, headers, _, _ = self._client.param_serialize(
            "GET",
            path,
            query_params=dict(query),
            auth_settings=["BearerToken"],
            header_params={"Accept": "application/json"},
        )
        try:
            answer = self._client.call_api(method, url, headers, _request_timeout=TIMEOUT_S)
            return int(answer.status), bytes(answer.read())
        except (OpenApiException, urllib3.exceptions.HTTPError) as failed:
            raise EnvironmentNotReady(
                f"{self._name} at {self._client.configuration.host} does not answer: {_why(failed)}",
                hint=f"kubectl --context {self.context} cluster-info",
            ) from failed

    def _require_well(self, status: int, body: Any, verb: str, resource: Resource) -> None:
        """Raises what a refusal means."""
        if status < 400 and isinstance(body, dict):
            return
        message = str(body.get("message", "")) if isinstance(body, dict) else repr(body)
        if status == 401:
            raise EnvironmentNotReady(
                f"{self._name} does not accept the credentials: {message}",
                hint=f"kubectl --context {self.context} auth whoami",
            )
        if status == 403:
            raise Forbidden(
                f"permission to {verb} {resource} is needed: {message}",
                hint=f"kubectl --context {self.context} auth can-i {verb} {resource} --all-namespaces",
            )
        if status == 404:
            raise NotServed(f"{self._name} has no {resource}: {message}", hint="kubectl api-resources")
        raise EnvironmentNotReady(f"{self._name} answers {verb} {resource} with {status}: {message}")

    @property
    def _name(self) -> str:
        return f"the API server of {self.context!r}"


def connect(kubeconfig: Path | None, context: str | None) -> KubernetesApi:
    """By the file that is named, else by KUBECONFIG or ~/.kube/config, else by the pod's own account."""
    configuration = Configuration()
    files = str(kubeconfig or os.environ.get("KUBECONFIG") or Path("~/.kube/config").expanduser())
    if kubeconfig is None and context is None and not Path(files).exists() and "KUBERNETES_SERVICE_HOST" in os.environ:
        return _in_cluster(configuration)
    active = _context(files, context)
    with _complaints_raised(active["name"]):
        load_kube_config(files, active["name"], configuration, persist_config=False)
    namespace = (active.get("context") or {}).get("namespace") or "default"
    return KubernetesApi(_client(configuration), active["name"], namespace)


def _in_cluster(configuration: Configuration) -> KubernetesApi:
    with _complaints_raised("in-cluster"):
        load_incluster_config(client_configuration=configuration)
    namespace = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace").read_text().strip()
    return KubernetesApi(_client(configuration), "in-cluster", namespace)


def _context(files: str, name: str | None) -> dict[str, Any]:
    """The context that is named, or the current one; raises UsageError with those that there are."""
    if not any(Path(file).expanduser().exists() for file in files.split(os.pathsep)):
        raise UsageError(f"a kubeconfig is needed, and there is no {files}", hint="kubectl config view")
    try:
        contexts, active = list_kube_config_contexts(files)
    except (ConfigException, YAMLError, OSError, ValueError, TypeError, AttributeError) as wrong:
        raise UsageError(f"{files} is no kubeconfig: {_why(wrong)}", hint="kubectl config view") from wrong
    found = active if name is None else next((each for each in contexts if each["name"] == name), None)
    if found is None:
        known = ", ".join(each["name"] for each in contexts) or "none"
        raise UsageError(f"{files} has no context {name!r}; there are: {known}", hint="kubectl config get-contexts")
    return dict(found)


def _client(configuration: Configuration) -> ApiClient:
    configuration.retries = RETRIES
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it warns of each retry
    return ApiClient(configuration)


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
        said.append(_why(wrong))
    finally:
        logging.getLogger().removeHandler(handler)
    if said:
        raise EnvironmentNotReady(
            f"the credentials of context {context!r} cannot be had: {'; '.join(said)}",
            hint=f"kubectl --context {context} cluster-info",
        )


def _object_or_text(data: bytes) -> Any:
    try:
        body = json.loads(data)
    except ValueError:
        body = None
    return body if isinstance(body, dict) else data[:200].decode(errors="replace")


def _continuation(page: Any) -> str:
    """Where the rest of a list begins; a server that forgot the list says where to go on all the same."""
    return str((page.get("metadata") or {}).get("continue") or "") if isinstance(page, dict) else ""


def _why(error: BaseException) -> str:
    """The last line of what a library says, which is the cause."""
    reason = getattr(error, "reason", None) or error
    return (str(reason).strip().splitlines() or [type(error).__name__])[-1][:300]
