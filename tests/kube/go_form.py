"""A RayService as KubeRay's Go types write it back: what an update by the operator changes, and then owns."""

from __future__ import annotations

import copy
import re
from fractions import Fraction

from tests.kube.kinds import Object

_FORM = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE])?$")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")


def as_go_writes_it(spec: Object) -> Object:
    """A RayService's spec after a round through the operator's types."""
    spec = copy.deepcopy(spec)
    config = spec["rayClusterConfig"]
    for service in (spec.get("serveService"), config["headGroupSpec"].get("headService")):
        if service is not None:
            service |= {"metadata": {}, "spec": {}, "status": {"loadBalancer": {}}} | service
    _shorten(config.get("autoscalerOptions", {}).get("resources", {}))
    _template(config["headGroupSpec"]["template"])
    for group in config.get("workerGroupSpecs", ()):
        group.setdefault("scaleStrategy", {})
        _template(group["template"])
    return spec


def _template(template: Object) -> None:
    template.setdefault("metadata", {})
    pod = template.get("spec", {})
    for container in (*pod.get("containers", ()), *pod.get("initContainers", ())):
        _shorten(container.setdefault("resources", {}))
        for variable in container.get("env", ()):
            source = variable.get("valueFrom", {}).get("resourceFieldRef")
            if source is not None:
                source["divisor"] = canonical(source.get("divisor", "0"))
    for volume in pod.get("volumes", ()):
        if "sizeLimit" in (volume.get("emptyDir") or {}):
            volume["emptyDir"]["sizeLimit"] = canonical(volume["emptyDir"]["sizeLimit"])


def _shorten(resources: Object) -> None:
    for name in ("limits", "requests"):
        if name in resources:
            resources[name] = {what: canonical(amount) for what, amount in resources[name].items()}


def canonical(quantity: str | int) -> str:
    """The quantity with the largest suffix that leaves a whole number; exponents are left alone."""
    match = _FORM.match(str(quantity))
    if not match:
        return str(quantity)
    number, suffix = Fraction(match[1]), match[2] or ""
    if suffix in _BINARY[1:]:
        whole = number * 1024 ** _BINARY.index(suffix)
        if whole.denominator == 1 and abs(whole) >= 1024:
            return _largest(int(whole), 1024, _BINARY)
        number, suffix = whole, ""
    return _largest(round(number * 1000 ** _DECIMAL.index(suffix)), 1000, _DECIMAL)


def _largest(whole: int, step: int, suffixes: tuple[str, ...]) -> str:
    power = 0
    while whole and whole % step == 0 and power < len(suffixes) - 1:
        whole, power = whole // step, power + 1
    return f"{whole}{suffixes[power]}" if whole else "0"
