"""Dataclasses of the core as JSON, and back: exactly what was written, or nothing.

Numbers come back bit for bit, NaN and infinities too. What is of another type, or what would not be written in just
this way, as a file of another version with a field more or less, is refused.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

T = TypeVar("T")


class TypedJson(Generic[T]):
    """JSON of one kind of value."""

    def __init__(self, kind: Any) -> None:
        config = ConfigDict(strict=True, extra="forbid", ser_json_inf_nan="constants")
        self._name = kind.__name__
        self._adapter: TypeAdapter[tuple[T]] = TypeAdapter(
            tuple[kind], config=config
        )  # a config is only for what is no dataclass

    def dump(self, value: T) -> bytes:
        return self._adapter.dump_json((value,))[1:-1]

    def load(self, text: bytes) -> T:
        """Raises ValueError, naming what was needed."""
        try:
            (value,) = self._adapter.validate_json(b"[%b]" % text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"][1:])) or self._name
            raise ValueError(f"{where}: {first['msg']}") from None
        if self.dump(value) != text:
            raise ValueError(f"it is no {self._name} of this version")
        return value
