"""Colours that can be read, also with eyes that tell some apart less."""

from __future__ import annotations

from itertools import combinations

import pytest

from orchestrator.views.live.palette import DEUTERANOPIA, PALETTES, TRITANOPIA, Palette
from orchestrator.views.live.span import Tone
from tests.tui.driving import dashboard
from tui.paint import tones_of

Colour = tuple[float, float, float]
READABLE = 4.5  # WCAG 2.2, success criterion 1.4.3
APART = 20.0  # CIE76; 2.3 is what can just be told apart side by side

# Machado, Oliveira and Fernandes 2009, at full severity; on linear light.
EYES = {
    DEUTERANOPIA.name: (
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)
    ),
    TRITANOPIA.name: (
        (1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)
    ),
}  # fmt: skip


def linear(colour: str) -> Colour:
    r, g, b = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _light(r), _light(g), _light(b)


def _light(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def contrast(one: str, other: str) -> float:
    """By WCAG 2.2."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    r, g, b = linear(colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def lab(rgb: Colour) -> Colour:
    r, g, b = (max(0.0, min(1.0, each)) for each in rgb)
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089
    fx, fy, fz = (each ** (1 / 3) if each > 0.008856 else 7.787 * each + 16 / 116 for each in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def seen(colour: str, eyes: tuple[Colour, ...]) -> Colour:
    rgb = linear(colour)
    r, g, b = (sum(weight * part for weight, part in zip(line, rgb, strict=True)) for line in eyes)
    return lab((r, g, b))


@pytest.mark.parametrize("palette", PALETTES, ids=lambda each: each.name)
@pytest.mark.anyio
async def test_every_tone_can_be_read(palette: Palette) -> None:
    async with dashboard(theme=palette.name) as top:
        for tone, style in tones_of(top.app.current_theme).items():
            assert style.color is not None
            assert style.color.triplet is not None
            assert contrast(style.color.triplet.hex, palette.ground) >= READABLE, tone


@pytest.mark.parametrize("palette", [DEUTERANOPIA, TRITANOPIA], ids=lambda each: each.name)
def test_tones_stay_apart_for_the_eyes_that_a_theme_is_for(palette: Palette) -> None:
    tones = (palette.good, palette.warn, palette.bad, palette.text)
    for one, other in combinations((seen(each, EYES[palette.name]) for each in tones), 2):
        assert sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5 >= APART


@pytest.mark.anyio
async def test_without_colour_nothing_is_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with dashboard() as top:
        for strip in top.app.screen._compositor.render_strips():
            for segment in strip.apply_filter(top.app._filters[0], top.app.screen.background_colors[1]):
                colour = segment.style.color if segment.style else None
                if colour is not None and colour.triplet is not None:
                    assert max(colour.triplet) - min(colour.triplet) <= 3


@pytest.mark.anyio
async def test_the_terminals_own_colours_are_taken_by_their_names() -> None:
    async with dashboard(theme="ansi-dark") as top:
        tones = tones_of(top.app.current_theme)
        assert tones[Tone.PLAIN].color is None
        assert tones[Tone.BAD].color is not None
        assert tones[Tone.BAD].color.name == "red"
