"""Dataclasses of the core as JSON, and back: exactly what was written, or nothing.

Numbers come back bit for bit, NaN and infinities too. What is of another type, or what would not be written in just
this way, as a file of another version with a field more or less, is refused.
"""

from __future__ import annotations

from functools import cached_property
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


class TypedJson(Generic[T]):
    """JSON of one kind of value; pydantic is loaded when it is first needed."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    @cached_property
    def _adapter(self) -> TypeAdapter[tuple[T]]:
        """Of a tuple, since pydantic takes no config for a dataclass alone."""
        from pydantic import ConfigDict, TypeAdapter

        config = ConfigDict(strict=True, extra="forbid", ser_json_inf_nan="constants")
        kind: Any = GenericAlias(tuple, (self._kind,))
        return TypeAdapter(kind, config=config)

    def dump(self, value: T) -> bytes:
        return self._adapter.dump_json((value,))[1:-1]

    def load(self, text: bytes) -> T:
        """Raises ValueError, naming what was needed."""
        from pydantic import ValidationError

        try:
            (value,) = self._adapter.validate_json(b"[%b]" % text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"][1:])) or self._kind.__name__
            raise ValueError(f"{where}: {first['msg']}") from None
        if self.dump(value) != text:
            raise ValueError(f"it is no {self._kind.__name__} of this version")
        return value
