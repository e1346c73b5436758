"""Times as programs read them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pult.lib.failures import UserError


def time_text(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with Z: whole seconds, or microseconds where there are any. None stays None."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_time(text: str | None, zone: str = "Europe/Budapest") -> datetime | None:
    """A day or a time as people type it, in UTC; without a zone it is local to `zone`. None and "" stay None.

    Raises UserError.
    """
    if not text or not text.strip():
        return None
    try:
        at = datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace("z", "+00:00"))
        return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UserError(
            "“%(text)s” is no time; write 2026-01-31 or 2026-01-31T08:00:00Z.",
            code="bad_time",
            params={"text": text[:40]},
        ) from None
