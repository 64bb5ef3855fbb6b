"""Any server in a process group that ends with its owner: `python -P owned_server.py COMMAND...`, stdin a pipe.

A server's own children outlive a kill -9 of it, and with them the memory that they hold. So this process ends what the
server leaves, however it went; when stdin closes it asks the server to end (SIGTERM), and kills the group in the end.
Were this process killed together with the owner, the kernel would ask the server. Locks of the owner that were
inherited are held until nothing of the group is left.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

import psutil

GRACE_S = 5.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    server = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, close_fds=False, preexec_fn=_end_with_parent)
    threading.Thread(target=_end_with_owner, args=(server,), daemon=True).start()
    status = server.wait()
    while left := _others():
        for process in left:
            _kill(process)
        psutil.wait_procs(left, timeout=GRACE_S)
    if status < 0:
        os.kill(os.getpid(), -status)  # so that the owner learns the signal
    sys.exit(status)


def _end_with_parent() -> None:
    """In the server, before it is one."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _end_with_owner(server: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1):
        pass
    server.terminate()
    time.sleep(GRACE_S)
    os.killpg(0, signal.SIGKILL)


def _others() -> list[psutil.Process]:
    """What lives of this process's group besides it."""
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and _lives_here(process)]


def _lives_here(process: psutil.Process) -> bool:
    try:
        return os.getpgid(process.pid) == os.getpgrp() and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, psutil.Error):
        return False


def _kill(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        process.kill()


if __name__ == "__main__":
    main()
