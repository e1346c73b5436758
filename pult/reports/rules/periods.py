"""Days of the company as stretches of time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pult.reports.errors import BadReport

DIMENSIONS: Final = ("channel", "day")
LONGEST_DAYS: Final = 3700


def day_bounds(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    """The start of `first` and the end (not included) of `last` in UTC. Raises BadReport.

    A day of the clock change has 23 or 25 hours.
    """
    if first > last:
        raise BadReport("The first day is after the last one.", code="bad_period", field="from")
    if (last - first).days > LONGEST_DAYS:
        raise BadReport("A report covers at most ten years.", code="bad_period", field="from")
    local = ZoneInfo(zone)
    start = datetime.combine(first, time(), local).astimezone(UTC)
    end = datetime.combine(last + timedelta(days=1), time(), local).astimezone(UTC)
    return start, end


def split_by(text: str) -> tuple[str, ...]:
    """What a report is split by, from a text with commas: channel, day, both or nothing. Raises BadReport."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for part in parts:
        if part not in DIMENSIONS:
            raise BadReport(
                "A report can be split by channel and day, not by “%(part)s”.",
                code="bad_split",
                params={"part": part[:40]},
                field="by",
            )
    return tuple(name for name in DIMENSIONS if name in parts)
