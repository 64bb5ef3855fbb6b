"""An interpreter that answers as one with vLLM would when it is asked, and whose vLLM dies when it is started."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.adapters.engines.vllm_install import VARIABLE

LAST_WORDS = "torch.AcceleratorError: CUDA error: no kernel image is available for execution on the device"
SCRIPT = """\
#!/bin/sh
if [ "$2" = -c ]; then echo '{answer}'; exit; fi
echo "{last_words}" >&2
exit 1
"""


def vllm_stand_in(folder: Path, patch: pytest.MonkeyPatch, version: str = "0.33.0", cuda: str | None = "13.0") -> str:
    """Name it as the interpreter that has vLLM; `cuda` is what its PyTorch was built for."""
    python = folder / "python"
    python.write_text(SCRIPT.format(answer=json.dumps([version, False, cuda]), last_words=LAST_WORDS))
    python.chmod(0o755)
    patch.setenv(VARIABLE, str(python))
    return str(python)
