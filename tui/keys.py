"""Keys as they are bound: the line at the foot of a screen and the page of help are made of the bindings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.binding import Binding

SIGNS = {
    "question_mark": "?", "colon": ":", "slash": "/", "less_than_sign": "<", "greater_than_sign": ">",
    "escape": "esc", "pageup": "PgUp", "pagedown": "PgDn", "up": "↑", "down": "↓", "left": "←", "right": "→",
    "left_square_bracket": "[", "right_square_bracket": "]", "left_curly_bracket": "{", "right_curly_bracket": "}",
    "plus": "+", "minus": "-", "full_stop": ".", "comma": ",",
}  # fmt: skip
FIRST = ("question_mark", "colon", "escape")  # at the foot of every screen


def bindings_of(owner: type) -> list[Binding]:
    """Those that a class has of its own or from qorch's classes, not from Textual's."""
    classes = [each for each in owner.__mro__ if each.__module__.startswith("tui.") and "BINDINGS" in vars(each)]
    declared: dict[str, Binding] = {}
    for binding in (each for one in classes for each in vars(one)["BINDINGS"]):
        declared.setdefault(binding.key, binding)
    return list(declared.values())


def sign(key: str) -> str:
    """A key as people write it."""
    return SIGNS.get(key, key)


def told(bindings: Iterable[Binding]) -> dict[str, list[str]]:
    """By what they do in full, the signs of the keys that do it."""
    keys: dict[str, list[str]] = {}
    for binding in bindings:
        signs = [sign(key) for key in binding.key.split(",")]
        keys.setdefault(binding.tooltip or binding.description, []).extend(signs)
    return keys


def foot(bindings: Sequence[Binding], width: int) -> str:
    """As many of those that are to be shown as there is room for, each with a word."""
    shown = sorted((each for each in bindings if each.show), key=lambda each: each.key not in FIRST)
    text = ""
    for binding in shown:
        longer = f"{text}  {sign(binding.key)} {binding.description}".strip()
        if len(longer) > width:
            break
        text = longer
    return text
