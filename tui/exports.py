"""Files of what is on the screen; none that is there is written over."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from orchestrator.core.errors import UsageError

Writer = Callable[[], str]
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def picture(svg: str) -> str:
    """A screenshot as Textual exports it, without the fonts that who looks at it would fetch from elsewhere."""
    return FONTS.sub("", svg)


def write(name: str, writers: Mapping[str, Writer]) -> Path:
    """Write the file in the format that its suffix names; raises UsageError where that cannot be."""
    path = Path(name.strip()).expanduser()
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise UsageError(f"{name!r} is in no format that can be written: {', '.join(writers)}")
    text = writer()
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} is there already, and is left as it is", hint="choose another name") from None
    except (OSError, ValueError) as wrong:
        raise UsageError(f"{path} cannot be written: {getattr(wrong, 'strerror', None) or wrong}") from wrong
    return path.absolute()
