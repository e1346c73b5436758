"""Waiting for what happens in another thread or process, without sleeping longer than needed."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

LONGEST_PAUSE_S = 0.1


def wait_until(condition: Callable[[], Result], timeout: float = 10.0, *, what: str = "") -> Result:
    """The first truthy answer of `condition`; AssertionError (with `what`) when `timeout` seconds bring none."""
    deadline = time.monotonic() + timeout
    pause = 0.005
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what or 'What was waited for'} did not happen within {timeout:g} s")
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_S)


def free_port() -> int:
    """A loopback TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
