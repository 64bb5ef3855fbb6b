"""The lines of a recording: a header, then a line a frame, whole or as what has changed since the one before."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from orchestrator.core.errors import UsageError
from orchestrator.core.live.column_text import json_text
from orchestrator.core.live.frame_text import FrameText, change_text, whole_text
from orchestrator.core.live.frames import Frame, applied
from orchestrator.core.live.plain import codec, shown

FORMAT, VERSION = "qorch recording", 1


@dataclass(frozen=True)
class Header:
    """What a recording is of."""

    fleet: str
    written_by: str  # the version of qorch
    simulated: bool = False  # no fleet was there


def header_line(header: Header) -> str:
    return json_text({"format": FORMAT, "version": VERSION, **codec(Header).plain(header)})


def read_header(line: str) -> Header:
    """Raises UsageError where it is that of something else, or of another version."""
    try:
        data = _data(line)
        if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
            raise ValueError(f"its first line is {shown(line)}")
        if (version := data.pop("version", None)) != VERSION:
            told = f"it is of version {shown(version)}, written by qorch {shown(data.get('written_by'))}"
            raise UsageError(f"{told}; this qorch reads version {VERSION}")
        header: Header = codec(Header).value(data)
        return header
    except ValueError as wrong:
        raise UsageError(f"it is no recording of qorch: {wrong}") from None


def frame_line(number: int, frame: FrameText, before: FrameText | None) -> str:
    """`before` is None for a frame that shall stand alone."""
    said = f'"whole":{whole_text(frame)}' if before is None else f'"change":{change_text(before, frame)}'
    return f'{{"frame":{number},{said}}}'


def read_frame(line: str, before: Frame | None) -> tuple[int, Frame]:
    """Its number, and the frame; raises ValueError where the line is none, or does not go on from `before`."""
    data = _data(line)
    if not isinstance(data, dict) or type(number := data.get("frame")) is not int:
        raise ValueError(f"a frame is needed, not {shown(line)}")
    if "whole" in data:
        return number, _object(data["whole"])
    if before is None:
        raise ValueError("it begins with a change of nothing")
    return number, applied(before, _object(data.get("change")))


def _object(data: Any) -> Frame:
    if not isinstance(data, dict):
        raise ValueError(f"columns are needed, not {shown(data)}")
    return data


def _data(line: str) -> Any:
    try:
        return json.loads(line, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"a number is needed, not {text}")
