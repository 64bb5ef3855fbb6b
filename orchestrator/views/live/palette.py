"""The colours of the dashboard's themes; every tone is also told by a glyph or a word."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Palette:
    """Each colour as #rrggbb."""

    name: str
    good: str
    warn: str
    bad: str
    accent: str
    text: str
    ground: str
    surface: str
    panel: str
    dark: bool = True


DARK = Palette(
    name="qorch-dark", good="#6cc46c", warn="#e5b93c", bad="#ff6b6b", accent="#7fb4ff",
    text="#d8dee9", ground="#101418", surface="#171c22", panel="#1f262e",
)  # fmt: skip
LIGHT = Palette(
    name="qorch-light", good="#1a6e2e", warn="#8a5a00", bad="#b3261e", accent="#1f5fbf",
    text="#1b1f24", ground="#fbfbf8", surface="#f1f1ec", panel="#e6e6df", dark=False,
)  # fmt: skip
# Blue, yellow and vermilion, after Okabe and Ito's colours: they stay apart where green looks like red.
DEUTERANOPIA = replace(DARK, name="qorch-deuteranopia", good="#5ab4f0", warn="#f5e663", bad="#e8702a", accent="#d8dee9")
# Teal, pale pink and red: they stay apart where blue looks like green, and yellow like pink.
TRITANOPIA = replace(DARK, name="qorch-tritanopia", good="#3fd0c4", warn="#ffb8cc", bad="#ff5d5d", accent="#d8dee9")

PALETTES = (DARK, LIGHT, DEUTERANOPIA, TRITANOPIA)
OF_TERMINAL = ("ansi-dark", "ansi-light")  # the terminal's own sixteen colours
NAMES = (*(palette.name for palette in PALETTES), *OF_TERMINAL)
