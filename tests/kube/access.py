"""Who may do what: tokens, and rules from the roles and bindings that the server holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.kube.errors import ApiError
from tests.kube.kinds import Object
from tests.kube.store import Store

ADMIN = "system:admin"
_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Action:
    """What somebody wants to do."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""


def allowed(store: Store, user: str, action: Action) -> bool:
    """Whether a rule that is bound to the user, in the namespace or the cluster, lets the action be."""
    return user == ADMIN or any(_permits(rule, action) for rule in _rules(store, user, action.namespace))


def refusal(user: str, action: Action) -> ApiError:
    """In the words of the API server: verb, resource, group and scope."""
    resource = action.resource.split("/")[0]
    where = f'in the namespace "{action.namespace}"' if action.namespace else "at the cluster scope"
    known = f"{resource}.{action.group}" if action.group else resource
    what = f"{known}{f' {chr(34)}{action.name}{chr(34)}' if action.name else ''} is forbidden"
    message = (
        f'{what}: User "{user}" cannot {action.verb} resource "{action.resource}" in API group "{action.group}" {where}'
    )
    return ApiError(403, "Forbidden", message, details={"name": action.name, "group": action.group, "kind": resource})


def _rules(store: Store, user: str, namespace: str) -> Iterator[Object]:
    for key, item in store.everything():
        if key.group != _RBAC or key.plural not in ("rolebindings", "clusterrolebindings"):
            continue
        if key.namespace not in ("", namespace) or not any(_names(each, user) for each in item.get("subjects") or ()):
            continue
        yield from _role_rules(store, item["roleRef"], key.namespace)


def _names(subject: Object, user: str) -> bool:
    if subject["kind"] == "ServiceAccount":
        return user == f"system:serviceaccount:{subject.get('namespace')}:{subject['name']}"
    if subject["kind"] == "Group":
        groups = {"system:authenticated"}
        if user.startswith("system:serviceaccount:"):
            groups |= {"system:serviceaccounts", f"system:serviceaccounts:{user.split(':')[2]}"}
        return subject["name"] in groups
    return bool(subject["name"] == user)


def _role_rules(store: Store, reference: Object, namespace: str) -> list[Object]:
    plural, scope = ("roles", namespace) if reference["kind"] == "Role" else ("clusterroles", "")
    for key, item in store.everything():
        if key == (_RBAC, plural, scope, reference["name"]):
            return list(item.get("rules") or ())
    return []


def _permits(rule: Object, action: Action) -> bool:
    names = rule.get("resourceNames")
    return (
        _has(rule.get("verbs"), action.verb)
        and _has(rule.get("apiGroups"), action.group)
        and _has(rule.get("resources"), action.resource)
        and (not names or action.name in names)
    )


def _has(allowed_words: list[str] | None, word: str) -> bool:
    return word in (allowed_words or ()) or "*" in (allowed_words or ())
