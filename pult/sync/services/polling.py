"""One synchronisation of a channel: read the shop page by page, from the cursor on."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import InterfaceError, OperationalError

from pult.channels.models import SalesChannel, SyncRun
from pult.channels.selectors import poll_lock
from pult.channels.services import end_run, start_run
from pult.connectors.protocol import Cursor, FetchesOrders
from pult.lib.clock import now
from pult.lib.failures import ChannelFailure, Misconfigured, Transient
from pult.lib.logs import log_context
from pult.sync.services.connecting import connector_of
from pult.sync.services.understanding import Tally, take_page, understand_left_over

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class SyncResult:
    """One synchronisation of one channel, as `pult sync --json` tells it."""

    channel: str
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    failure: ChannelFailure | None = None


def sync_channel(
    channel: SalesChannel, *, trigger: str, wait: bool = False, since: datetime | None = None, full: bool = False
) -> SyncResult | None:
    """One synchronisation of a channel now; None if another process is at it already and `wait` is False.

    Whatever fails is written on the channel in words and ends here: it never reaches another channel.
    """
    with log_context(channel=channel.code), poll_lock(channel.pk, wait=wait) as held:
        if not held:
            return None
        channel.refresh_from_db()
        run = start_run(channel.pk, trigger=trigger)
        result = SyncResult(channel.code)
        note: str | None = None
        try:
            note = _fetch(channel, result.tally, since=since, full=full)
        except ChannelFailure as failure:
            result.failure = failure
        except (OperationalError, InterfaceError):
            # the database went away: the next poll starts from the cursor that was kept
            raise
        except Exception as error:
            logger.exception("A synchronisation failed in an unexpected way.")
            result.failure = Transient(
                "Reading the shop failed in an unexpected way (%(error)s); it will be tried again.",
                code="unexpected",
                params={"error": type(error).__name__},
            )
        close_run(run, result, note=note)
        if result.failure is not None:
            logger.warning("The channel could not be read.", extra={"failure": str(result.failure)})
        return result


def close_run(run: SyncRun, result: SyncResult, *, note: str | None) -> None:
    tally = result.tally
    run.fetched, run.created, run.updated = tally.fetched, tally.created, tally.updated
    run.unchanged, run.failed = tally.unchanged, tally.failed
    end_run(run, failure=result.failure, note=note)
    result.seconds = ((run.ended_at or now()) - run.started_at).total_seconds()


def _fetch(channel: SalesChannel, tally: Tally, *, since: datetime | None, full: bool) -> str | None:
    connector = connector_of(channel)
    if not isinstance(connector, FetchesOrders):
        return None
    tally.add(understand_left_over(channel))
    first = since or _first_day(channel)
    cursor: Cursor = dict(channel.cursor)
    for page in connector.fetch_orders(cursor, since=first, full=full):
        tally.add(take_page(channel, page, source="poll"))
    return None


def _first_day(channel: SalesChannel) -> datetime | None:
    """From when a first synchronisation takes orders over: the setting `since`, a local day; None: everything."""
    text = str(channel.settings.get("since") or "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        raise Misconfigured("The setting since must be a date like 2026-01-31.", code="bad_since") from None
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(settings.PULT_TIME_ZONE)).astimezone(UTC)
