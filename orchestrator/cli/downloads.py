"""How a download looks while it goes on."""

from __future__ import annotations

from orchestrator.app.ports import Reporter
from orchestrator.app.weights import Progress
from orchestrator.views.units import size_text


def show_download(reporter: Reporter, progress: Progress) -> None:
    share = progress.done_bytes / progress.total_bytes if progress.total_bytes else 1.0
    done, total = size_text(progress.done_bytes), size_text(progress.total_bytes)
    reporter.phase("weights", f"{progress.step} {progress.file}: {done} of {total} ({share:.0%})")
