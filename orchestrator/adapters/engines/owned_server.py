"""Any server in a process group that ends with its owner: `python -P owned_server.py COMMAND...`, stdin a pipe.

For a server that does not watch its own stdin. When stdin closes it is asked to end (SIGTERM), and then the group,
with whatever it has started, is killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

GRACE_S = 5.0


def main() -> None:
    server = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    leaving = threading.Event()
    threading.Thread(target=_end_with_owner, args=(server, leaving), daemon=True).start()
    status = server.wait()
    if leaving.is_set():
        os.killpg(0, signal.SIGKILL)  # what it has started, and this process
    if status < 0:
        os.kill(os.getpid(), -status)  # so that the owner learns the signal
    sys.exit(status)


def _end_with_owner(server: subprocess.Popen[bytes], leaving: threading.Event) -> None:
    while os.read(0, 1):
        pass
    leaving.set()
    server.terminate()
    time.sleep(GRACE_S)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
