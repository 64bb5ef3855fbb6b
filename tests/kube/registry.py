"""Which kinds there are now: the built-in ones, and those of the definitions in the store."""

from __future__ import annotations

from tests.kube.errors import no_such_path
from tests.kube.kinds import Kind, Object, built_in_kinds, custom_kinds

DEFINITIONS = ("apiextensions.k8s.io", "customresourcedefinitions")


class Registry:
    """Kinds by group, version and plural name."""

    def __init__(self) -> None:
        self._defined: dict[str, tuple[Kind, ...]] = {}

    def define(self, definition: Object) -> None:
        self._defined[definition["metadata"]["name"]] = custom_kinds(definition)

    def forget(self, name: str) -> tuple[Kind, ...]:
        return self._defined.pop(name, ())

    def kinds(self) -> tuple[Kind, ...]:
        return (*built_in_kinds(), *(kind for kinds in self._defined.values() for kind in kinds))

    def kind(self, group: str, version: str, plural: str) -> Kind:
        for kind in self.kinds():
            if (kind.group, kind.version, kind.plural) == (group, version, plural):
                return kind
        raise no_such_path()

    def named(self, api_version: str, name: str) -> Kind:
        """The kind that an object says it is of."""
        for kind in self.kinds():
            if (kind.api_version, kind.kind) == (api_version, name):
                return kind
        raise no_such_path()
