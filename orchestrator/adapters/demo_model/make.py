"""Makes the demo's files once, whole or not at all, and makes them again when they were damaged."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

DEMO_GGUF = "qorch-demo-F16.gguf"
DEMO_CHECKPOINT = "qorch-demo"
DIGESTS = "SHA256SUMS"


def make_demo_gguf(directory: Path) -> Path:
    """The demo as a GGUF file in `directory`; about a second the first time."""
    return _made(directory / "gguf", _write_gguf) / DEMO_GGUF


def make_demo_checkpoint(directory: Path) -> Path:
    """The same weights as a folder that transformers and vLLM load."""
    return _made(directory / DEMO_CHECKPOINT, _write_checkpoint)


def _made(folder: Path, write: Callable[[Path], None]) -> Path:
    """`folder` as `write` fills it: written beside it and moved into place, so that two makers do not clash."""
    if _intact(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        write(fresh)
        _seal(fresh)
        _move(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _move(fresh: Path, folder: Path) -> None:
    if not _intact(folder):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        os.rename(fresh, folder)
    except OSError:
        if not _intact(folder):  # another maker was first, unless something else is wrong
            raise


def _seal(folder: Path) -> None:
    lines = [f"{_digest(path)}  {path.name}" for path in sorted(folder.iterdir())]
    (folder / DIGESTS).write_text("\n".join(lines) + "\n")


def _intact(folder: Path) -> bool:
    """Whether every file is there with the digest that was written down when it was made."""
    try:
        lines = (folder / DIGESTS).read_text().splitlines()
        return all(_digest(folder / name) == digest for digest, name in (line.split("  ") for line in lines))
    except (OSError, ValueError):
        return False


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_gguf(folder: Path) -> None:
    from orchestrator.adapters.demo_model.gguf_file import write_gguf
    from orchestrator.adapters.demo_model.weights import demo_weights

    write_gguf(folder / DEMO_GGUF, demo_weights())


def _write_checkpoint(folder: Path) -> None:
    from orchestrator.adapters.demo_model.checkpoint import write_checkpoint
    from orchestrator.adapters.demo_model.weights import demo_weights

    write_checkpoint(folder, demo_weights())
