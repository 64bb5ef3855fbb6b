"""Names and labels of a fleet's objects; the labels say whose they are."""

from __future__ import annotations

from enum import StrEnum

FLEET_LABEL, ROLE_LABEL, VARIANT_LABEL = "qorch.dev/fleet", "qorch.dev/role", "qorch.dev/variant"


class Role(StrEnum):
    """What a pod of a fleet is for."""

    HEAD = "head"
    GATEWAY = "gateway"
    ENGINE = "engine"
    WEIGHTS = "weights"


def object_name(fleet: str, part: str = "") -> str:
    """Begins with a letter, as a RayService's must, and is no other object's, such as the account `default`."""
    return f"qorch-{fleet}-{part}" if part else f"qorch-{fleet}"


def look_secret_name(fleet: str) -> str:
    """Of the Secret of who only looks; with a dot, as `qorch-a-look` would be the Secret of a fleet `a-look`."""
    return f"{object_name(fleet)}.look"


def group_name(deployment: str) -> str:
    """A worker group's: KubeRay makes DNS labels of it."""
    return deployment.lower().replace(".", "-").replace("_", "-")


def owner_labels(fleet: str) -> dict[str, str]:
    """Of every object; `down` and a prune go by them."""
    return {
        "app.kubernetes.io/name": "qorch",
        "app.kubernetes.io/instance": fleet,
        "app.kubernetes.io/managed-by": "qorch",
        FLEET_LABEL: fleet,
    }


def pod_labels(fleet: str, role: Role, variant: str = "") -> dict[str, str]:
    of_variant = {VARIANT_LABEL: group_name(variant)} if variant else {}
    return {**owner_labels(fleet), "app.kubernetes.io/component": role.value, ROLE_LABEL: role.value, **of_variant}


def pods_of(fleet: str, *roles: Role) -> dict[str, object]:
    """A selector of a fleet's pods, of some roles or of all."""
    selector: dict[str, object] = {"matchLabels": {FLEET_LABEL: fleet}}
    if roles:
        values = [role.value for role in roles]
        selector["matchExpressions"] = [{"key": ROLE_LABEL, "operator": "In", "values": values}]
    return selector
