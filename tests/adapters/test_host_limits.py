"""The limits of this process, as the kernel tells them."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from pathlib import Path

from orchestrator.adapters.host_limits import host_limits

LOWERED = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (512, 777))
from orchestrator.adapters.host_limits import host_limits
print(host_limits().open_files)
"""


def test_the_limit_on_open_files_is_the_one_that_a_process_may_raise_its_own_to() -> None:
    done = subprocess.run([sys.executable, "-c", LOWERED], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "777"
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert host_limits().open_files == (None if hard == resource.RLIM_INFINITY else hard)


def test_shared_memory_is_what_its_file_system_has_free(tmp_path: Path) -> None:
    free_bytes = host_limits(tmp_path).shm_free_bytes
    assert free_bytes is not None
    assert 0 < free_bytes <= shutil.disk_usage(tmp_path).total


def test_a_system_without_it_has_no_bound(tmp_path: Path) -> None:
    assert host_limits(tmp_path / "none").shm_free_bytes is None
