"""The one clock. Nothing else asks the system for the time of day, so that a test can move it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_shift = timedelta(0)
_stopped_at: datetime | None = None


def now() -> datetime:
    """The time, aware and in UTC."""
    return _stopped_at or datetime.now(UTC) + _shift


@contextmanager
def moved(to: datetime | None = None, *, by: timedelta = timedelta(0), stopped: bool = False) -> Iterator[None]:
    """For tests: inside, the clock shows `to` (aware) or is shifted `by`, in every thread; it runs unless `stopped`."""
    global _shift, _stopped_at
    before = _shift, _stopped_at
    start = (to or now()) + by
    if stopped:
        _stopped_at = start
    else:
        _shift, _stopped_at = start - datetime.now(UTC), None
    try:
        yield
    finally:
        _shift, _stopped_at = before
