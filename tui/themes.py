"""The palettes as Textual's themes."""

from __future__ import annotations

from textual.theme import Theme

from orchestrator.views.live.palette import PALETTES, Palette


def _theme(palette: Palette) -> Theme:
    return Theme(
        name=palette.name,
        primary=palette.accent,
        accent=palette.accent,
        success=palette.good,
        warning=palette.warn,
        error=palette.bad,
        foreground=palette.text,
        background=palette.ground,
        surface=palette.surface,
        panel=palette.panel,
        dark=palette.dark,
    )


THEMES = tuple(map(_theme, PALETTES))
