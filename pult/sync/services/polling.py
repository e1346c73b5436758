"""One synchronisation of a channel: read the shop page by page, from the cursor on."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from pult.channels.selectors import poll_lock
from pult.channels.services import end_run, note_in_step, start_run
from pult.connectors.protocol import Cursor, FetchesOrders, Page
from pult.lib.clock import now
from pult.lib.failures import ChannelFailure, Misconfigured, Transient
from pult.lib.logs import log_context
from pult.lib.secrets import SealBroken
from pult.orders.selectors import orders_seen
from pult.sync.services.connecting import connector_of
from pult.sync.services.understanding import DELETED, PAGE, Tally, take_page, understand_left_over

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel, SyncRun

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

    Whatever fails is written on the channel in words and ends here: it never reaches another channel. `since` reads
    again whatever the shop placed since then; `full` reads everything again.
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
        except SealBroken as error:
            result.failure = Misconfigured(error.template, code=error.code, next_step=error.next_step)
        except (OperationalError, InterfaceError) as error:
            if not connection.is_usable():
                # the database went away: the next poll starts from the cursor that was kept
                raise
            logger.exception("The database refused what a synchronisation wrote.")
            result.failure = Transient(
                "The database did not take the orders (%(error)s); it will be tried again.",
                code="database",
                params={"error": (str(error).splitlines() or [""])[0]},
            )
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
    if channel.cursor:
        if since is not None:
            _read_again(channel, connector, tally, since=since, full=False)
        if full:
            first_day = _first_day(channel)
            listed = _read_again(channel, connector, tally, since=first_day, full=True)
            _look_for_unlisted(channel, connector, tally, listed=listed, placed_from=first_day)
        since = None
    _read_on(channel, connector, tally, since=since)
    return None


def _read_on(channel: SalesChannel, connector: FetchesOrders, tally: Tally, *, since: datetime | None = None) -> None:
    """What changed since the cursor, which moves on with every page."""
    cursor: Cursor = dict(channel.cursor)
    pages = connector.fetch_orders(cursor, since=since or _first_day(channel), full=False)
    for page in pages:
        tally.add(take_page(channel, page, source="poll"))


def _read_again(
    channel: SalesChannel, connector: FetchesOrders, tally: Tally, *, since: datetime | None, full: bool
) -> set[str]:
    """Read what is older than the cursor, which stays where it is; answers which orders the shop listed.

    It may take an hour: in between the channel is polled as often as ever, so that new orders do not wait for old ones.
    """
    polled = time.monotonic()
    cursor: Cursor = dict(channel.cursor) if full else {}
    listed: set[str] = set()
    for page in connector.fetch_orders(cursor, since=since, full=full):
        listed.update(message.external_id for message in page.messages)
        tally.add(take_page(channel, Page(page.messages, channel.cursor), source="poll"))
        if time.monotonic() - polled > settings.PULT_SYNC_INTERVAL:
            _read_on(channel, connector, tally)
            note_in_step(channel.pk)
            polled = time.monotonic()
    return listed


def _look_for_unlisted(
    channel: SalesChannel, connector: FetchesOrders, tally: Tally, *, listed: set[str], placed_from: datetime | None
) -> None:
    """Ask one by one for the orders that the shop no longer lists: deleted for good, or in a state its list hides."""
    known = orders_seen(channel.pk, placed_from=placed_from or datetime.min.replace(tzinfo=UTC))
    unlisted = sorted(key for key in known.keys() - listed if known[key][0] != DELETED)
    for start in range(0, len(unlisted), PAGE):
        messages = []
        for external_id in unlisted[start : start + PAGE]:
            try:
                message = connector.fetch_order(external_id)
            except Transient:
                # the shop crashes on it; the polls ask again
                continue
            if message is not None:
                messages.append(message)
        tally.add(take_page(channel, Page(messages, channel.cursor), source="poll"))


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
