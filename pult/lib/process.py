"""A process that must not outlive the one that started it."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_POLL_S: Final = 0.5


def die_with_parent(parent: int | None = None, *, grace_s: float = 10) -> None:
    """From now on this process ends when its parent does: asked by SIGTERM at once, killed after `grace_s` seconds.

    `parent` is the process id that the parent has handed down: with it, a parent that is gone already is noticed, and
    on Linux the kernel does the asking. Hand it down only from a thread that lives as long as its process, because for
    the kernel the parent is the thread that started the child.
    """
    expected = os.getppid() if parent is None else parent
    asked = parent is not None and _ask_the_kernel()
    if os.getppid() != expected:  # it ended before we could ask to be told
        os.kill(os.getpid(), signal.SIGTERM)
        asked = True
    threading.Thread(target=_watch, args=(expected, asked, grace_s), name="die-with-parent", daemon=True).start()


def _ask_the_kernel() -> bool:
    if sys.platform != "linux":
        return False
    return ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) == 0


def _watch(parent: int, asked: bool, grace_s: float) -> None:
    _wait_for_end(parent)
    if not asked:  # a second SIGTERM could be taken for impatience
        os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_s)
    os.kill(os.getpid(), signal.SIGKILL)


def _wait_for_end(parent: int) -> None:
    """Return when the parent has ended: by the kernel's word where it gives one, else by looking."""
    if sys.platform == "linux":
        with suppress(OSError):  # gone already, or a kernel without pidfd
            pidfd = os.pidfd_open(parent)
            try:
                if os.getppid() == parent:  # else the id may belong to another process by now
                    poll = select.poll()
                    poll.register(pidfd, select.POLLIN)
                    poll.poll()
            finally:
                os.close(pidfd)
    while os.getppid() == parent:
        time.sleep(_POLL_S)
