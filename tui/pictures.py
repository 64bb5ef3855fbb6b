"""Pictures of the dashboard for its guide, of the simulated fleet: `python -m tui.pictures docs/guides/pictures`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from orchestrator.adapters.demo_fleet import RECORDING
from orchestrator.adapters.recording import Recording
from tui.exports import picture
from tui.replay_app import ReplayApp
from tui.replay_feed import ReplayFeed

SIZE = (132, 36)
AT_S = 420  # of the recording: an engine died, and what takes its place starts
SCREENS = {"fleet": (), "decisions": ("d",), "hosts": ("h",), "replica": ("enter",)}


async def pictures() -> dict[str, str]:
    """By the names of screens."""
    return {name: await _screen(keys) for name, keys in SCREENS.items()}


async def _screen(keys: tuple[str, ...]) -> str:
    app = ReplayApp(ReplayFeed(Recording(RECORDING)), 1.0)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await pilot.press("space", *["right_square_bracket"] * (AT_S // 10), *keys)
        await pilot.pause(1.0)
        return picture(app.export_screenshot(title="qorch top --demo"))


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in asyncio.run(pictures()).items():
        (folder / f"top-{name}.svg").write_text(svg)


if __name__ == "__main__":
    main()
