"""`vllm serve` in a process group that ends with its owner: `python -P vllm_server.py ARGUMENTS`, stdin a pipe.

When stdin closes, the server is asked to end as a person would (SIGTERM: it finishes what it answers, within
--shutdown-timeout), and then the group is killed. It runs in vLLM's own environment, so it imports nothing of qorch.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

GRACE_S = 5.0


def main() -> None:
    threading.Thread(target=_end_with_owner, daemon=True).start()
    os.environ.pop("VLLM_CPU_KVCACHE_SPACE", None)  # it would override --kv-cache-memory-bytes
    from vllm.entrypoints.cli.main import main as vllm  # type: ignore[import-not-found]

    sys.argv = ["vllm", "serve", *sys.argv[1:]]
    vllm()


def _end_with_owner() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
