"""Makes the demo's files once, whole or not at all, and makes them again when they were damaged.

The folder is named after the code that makes the files, so a qorch with another demo has another folder, and
everybody who writes to one folder writes the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from orchestrator.adapters.demo_model.dimensions import ARCHITECTURES
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.profile import Precision

DEMO = "demo"
DIGESTS = "SHA256SUMS"


def make_demo_gguf(directory: Path, model: str = DEMO) -> Path:
    """The demo as a GGUF file below `directory`, its vision encoder beside it; a fraction of a second at first."""
    return _made(directory, model, Precision.GGUF) / gguf_name(model)


def make_demo_checkpoint(directory: Path, model: str = DEMO, precision: Precision = Precision.BF16) -> Path:
    """The same weights as a folder that transformers and vLLM load; GPTQ rounds some of them to 4 bits."""
    return _made(directory, model, precision)


def can_make(model: str, precision: Precision) -> bool:
    """Whether there is such a stand-in, in that form."""
    return model in ARCHITECTURES and precision in WRITERS


def gguf_name(model: str) -> str:
    return f"qorch-{model}-F16.gguf"


def mmproj_name(model: str) -> str:
    return f"mmproj-qorch-{model}-F16.gguf"


@cache
def content_version() -> str:
    """Names what the files hold: a digest of this package's own code, which nobody can forget to raise."""
    code = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return hashlib.sha256(code).hexdigest()[:12]


def _made(directory: Path, model: str, precision: Precision) -> Path:
    """The folder of one form of a model, filled; raises EnvironmentNotReady where it cannot be written."""
    folder = directory / content_version() / f"{model}-{precision}"
    try:
        if not _intact(folder):
            _make(folder, partial(WRITERS[precision], model))
    except OSError as error:
        reason = f"{type(error).__name__}: {error.strerror or error}"
        raise EnvironmentNotReady(f"the demo model cannot be made in {folder}: {reason}") from error
    return folder


def _make(folder: Path, write: Callable[[Path], None]) -> None:
    """Fill a folder of our own, then replace file by file, the digests last; makers at once do not clash."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        write(fresh)
        digests = _digests(fresh)
        (fresh / DIGESTS).write_text(digests)
        for name in (*_names(digests), DIGESTS):
            _sync(fresh / name)
            os.replace(fresh / name, folder / name)
        _sync(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _sync(path: Path) -> None:
    """Have what was written on the disk before anything refers to it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _intact(folder: Path) -> bool:
    """Whether every file is there with the digest that was written down when it was made."""
    try:
        return (folder / DIGESTS).read_text() == _digests(folder)
    except (OSError, ValueError):
        return False


def _digests(folder: Path) -> str:
    """What `sha256sum` prints for the files of a folder, and `sha256sum --check` reads."""
    paths = sorted(path for path in folder.iterdir() if path.is_file() and path.name != DIGESTS)
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in paths)


def _names(digests: str) -> list[str]:
    return [line.split("  ", 1)[1] for line in digests.splitlines()]


def _write_gguf(model: str, folder: Path) -> None:
    from orchestrator.adapters.demo_model.gguf_file import write_gguf
    from orchestrator.adapters.demo_model.mmproj_file import write_mmproj
    from orchestrator.adapters.demo_model.weights import demo_weights, of_vision

    architecture = ARCHITECTURES[model]
    weights = demo_weights(architecture)
    write_gguf(folder / gguf_name(model), architecture, weights)
    if architecture.vision is not None:
        write_mmproj(folder / mmproj_name(model), architecture.vision, of_vision(weights))


def _write_bf16(model: str, folder: Path) -> None:
    from orchestrator.adapters.demo_model.checkpoint import config, write_checkpoint
    from orchestrator.adapters.demo_model.weights import demo_weights

    architecture = ARCHITECTURES[model]
    write_checkpoint(folder, config(architecture), demo_weights(architecture))


def _write_gptq(model: str, folder: Path) -> None:
    from orchestrator.adapters.demo_model.checkpoint import config, write_checkpoint
    from orchestrator.adapters.demo_model.gptq import QUANTIZATION_CONFIG, gptq_tensors
    from orchestrator.adapters.demo_model.weights import demo_weights

    architecture = ARCHITECTURES[model]
    described = {**config(architecture), "quantization_config": QUANTIZATION_CONFIG}
    write_checkpoint(folder, described, gptq_tensors(demo_weights(architecture)))


WRITERS: dict[Precision, Callable[[str, Path], None]] = {
    Precision.GGUF: _write_gguf,
    Precision.BF16: _write_bf16,
    Precision.GPTQ: _write_gptq,
}
