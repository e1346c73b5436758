"""How a channel stands, from its times alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

OUT_OF_STEP_AFTER: Final = timedelta(minutes=5)
"""The promise: a webshop's order is here within five minutes; longer without a whole synchronisation is an alarm."""

LONGEST_BACKOFF_S: Final = 240
"""A failing shop is tried again at least this often: never later than the promise allows."""


@dataclass(frozen=True, slots=True)
class Health:
    """`state`: idle (nothing to poll), paused, waiting (not polled yet), in_step, failing, out_of_step."""

    state: str
    since: datetime | None = None


def health_of(
    *,
    polls: bool,
    paused_at: datetime | None,
    created_at: datetime,
    in_step_at: datetime | None,
    failing_since: datetime | None,
    now: datetime,
) -> Health:
    """The state of a channel in one word, and since when."""
    if not polls:
        return Health("idle")
    if paused_at:
        return Health("paused", paused_at)
    if now - (in_step_at or created_at) > OUT_OF_STEP_AFTER:
        return Health("out_of_step", failing_since or in_step_at or created_at)
    if failing_since:
        return Health("failing", failing_since)
    return Health("in_step", in_step_at) if in_step_at else Health("waiting", created_at)


def backoff_s(*, failures_in_row: int, interval_s: int, asked_s: float | None = None) -> float:
    """Seconds until the next try after a failure: doubling from the interval, at most four minutes.

    `asked_s` is what the shop itself asked for (Retry-After): it is never undercut, up to an hour.
    """
    wait = min(float(interval_s) * 2 ** min(failures_in_row - 1, 10), float(max(LONGEST_BACKOFF_S, interval_s)))
    return max(wait, min(asked_s, 3600.0)) if asked_s else wait
