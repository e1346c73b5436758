"""Rate limits: a token bucket for each caller, in the memory of this process."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from time import monotonic

_MANY = 10_000


class Buckets:
    """Lets each caller do `rate` things a second, and `burst` at once after a quiet time. Safe for threads."""

    def __init__(self, *, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left: dict[Hashable, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def wait_s(self, caller: Hashable, *, at: float | None = None) -> float:
        """Take one from the caller's bucket: 0 if there was one, else the seconds until there will be."""
        at = monotonic() if at is None else at
        with self._lock:
            if len(self._left) > _MANY:
                self._forget_full(at)
            left, since = self._left.get(caller, (self._burst, at))
            left = min(self._burst, left + (at - since) * self._rate)
            taken = left >= 1
            self._left[caller] = (left - 1 if taken else left, at)
            return 0.0 if taken else (1 - left) / self._rate

    def _forget_full(self, at: float) -> None:
        refill_s = self._burst / self._rate
        self._left = {caller: pair for caller, pair in self._left.items() if at - pair[1] < refill_s}
