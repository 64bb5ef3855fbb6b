"""The tokens of a fleet's gateway, from its Secrets: one that only looks, one for its administration."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from orchestrator.adapters.kubernetes_api import Forbidden, KubernetesApi, Resource, in_a_line
from orchestrator.core.deployment import LOOK_TOKEN
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.manifests.naming import look_secret_name, object_name
from orchestrator.core.manifests.needed import create_look_secret

SECRETS = Resource("secrets")
ADMIN_TOKEN = "admin-token"


@dataclass(frozen=True)
class FleetToken:
    """What opens a fleet's gateway; or why it is not known."""

    value: str = ""
    missing_because: str = ""

    @property
    def silent_because(self) -> str:
        """For who looks at engines; empty where it is known."""
        return f"the gateway is not asked for its engines: {self.missing_because}" if self.missing_because else ""


def look_token(api: KubernetesApi, namespace: str, fleet: str) -> FleetToken:
    """The one that only looks; the admin token where that one is not there or may not be read."""
    try:
        look = _token(api, namespace, look_secret_name(fleet), LOOK_TOKEN)
    except Forbidden:
        look = FleetToken()
    return look if look.value else _admin_token(api, namespace, fleet, look.missing_because)


def require_admin_token(api: KubernetesApi, namespace: str, fleet: str) -> str:
    """The one that changes too; raises EnvironmentNotReady where it is not to be had."""
    needed = f"a restart or drain needs the fleet's admin token, of the Secret {object_name(fleet)}"
    try:
        token = _token(api, namespace, object_name(fleet), ADMIN_TOKEN)
    except Forbidden as refused:
        raise EnvironmentNotReady(f"{needed}, which you may not read", hint=refused.hint) from refused
    if not token.value:
        raise EnvironmentNotReady(f"{needed}: {token.missing_because}")
    return token.value


def _admin_token(api: KubernetesApi, namespace: str, fleet: str, no_look_because: str) -> FleetToken:
    """Who may not read it, and may read the look token, lacks that one."""
    try:
        return _token(api, namespace, object_name(fleet), ADMIN_TOKEN)
    except Forbidden as refused:
        create = f"{no_look_because}; hint: {create_look_secret(fleet, namespace)}"
        return FleetToken(missing_because=create if no_look_because else in_a_line(refused))


def _token(api: KubernetesApi, namespace: str, name: str, key: str) -> FleetToken:
    """Raises Forbidden."""
    secret = api.get(SECRETS, namespace, name)
    if secret is None:
        return FleetToken(missing_because=f"there is no Secret {name}")
    text = (secret.get("data") or {}).get(key, "")
    if not text:
        return FleetToken(missing_because=f"the Secret {name} has no {key}")
    return FleetToken(base64.b64decode(text).decode().strip())
