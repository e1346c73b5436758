"""From raw messages to orders: kept in one transaction, understood in another."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, transaction

from pult.channels.selectors import lock_for_writing
from pult.channels.services import advance_cursor
from pult.connectors.protocol import Gone, NotAnOrder, Page, RawMessage
from pult.connectors.registry import PLATFORMS
from pult.inbox.selectors import bodies_of, left_over
from pult.inbox.services import Incoming, Opened, keep_messages, mark_failed, mark_understood, open_messages
from pult.lib.database import is_about_the_data, is_passing
from pult.lib.failures import Unreadable
from pult.orders.rules.changes import Verdict
from pult.orders.selectors import source_messages
from pult.orders.services.arrivals import Arrival
from pult.orders.services.receiving import receive_orders
from pult.orders.types import IncomingOrder

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel

logger = logging.getLogger(__name__)

THEN = "sync.understand_messages"
"""The task that understands kept messages which nobody went on with."""

DELETED = "deleted"
"""The external status of an order that the shop has deleted for good."""

PAGE = 100
ATTEMPTS = 3


@dataclass(slots=True)
class Tally:
    """What became of the messages of a synchronisation."""

    fetched: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0

    def add(self, other: Tally) -> None:
        self.fetched += other.fetched
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.failed += other.failed


def take_page(channel: SalesChannel, page: Page, *, source: str) -> Tally:
    """Keep a page raw and move the cursor (one transaction), then understand what was new in it (another)."""
    ids = keep_page(channel, page.messages, source=source, cursor=page.cursor)
    tally = understand(channel, ids)
    tally.fetched += len(page.messages)
    tally.unchanged += len(page.messages) - len(ids)
    return tally


@transaction.atomic
def keep_page(
    channel: SalesChannel, messages: Sequence[RawMessage], *, source: str, cursor: Mapping[str, Any] | None
) -> list[int]:
    """Keep the messages that are news, and the cursor that is safe after them. Ids of the kept ones."""
    ids = keep_messages(channel.pk, [Incoming(m.external_id, m.body) for m in messages], source=source, then=THEN)
    if cursor is not None and cursor != channel.cursor:
        advance_cursor(channel.pk, cursor)
        channel.cursor = dict(cursor)
    return ids


def understand_left_over(channel: SalesChannel) -> Tally:
    """Understand what was kept and not gone on with: a crash between the two transactions leaves such."""
    tally = Tally()
    while ids := left_over(channel.pk, limit=PAGE):
        before = tally.created + tally.updated + tally.unchanged + tally.failed
        tally.add(understand(channel, ids))
        if tally.created + tally.updated + tally.unchanged + tally.failed == before:
            break
    return tally


def understand(channel: SalesChannel, ids: Sequence[int], *, again: bool = False) -> Tally:
    """Read kept messages and write their orders, as one set; if that fails, one by one: only the bad one waits."""
    if not ids:
        return Tally()
    try:
        return _understood(channel, ids, again=again)
    except Exception as error:
        if isinstance(error, DatabaseError) and not is_about_the_data(error):
            # a lost database, a full disk: no fault of the messages, which wait as they are
            raise
        if len(ids) == 1:
            return _give_up(ids[0], error)
        logger.warning("A set of messages could not be written together; taking them one by one.")
    tally = Tally()
    for pk in ids:
        tally.add(understand(channel, [pk], again=again))
    return tally


def _understood(channel: SalesChannel, ids: Sequence[int], *, again: bool) -> Tally:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                return _understand_set(channel, open_messages(ids, again=again), replay=again)
        except DatabaseError as error:
            if attempt == ATTEMPTS or not is_passing(error):
                raise
            logger.info("Two writers met in a deadlock; trying again.")
    raise AssertionError("unreachable")


def _give_up(message_id: int, error: Exception) -> Tally:
    if isinstance(error, DatabaseError):
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        code, text = "not_writable", f"The order could not be written: {reason}"
    else:
        code, text = "unexpected", f"Reading it failed in an unexpected way: {type(error).__name__}: {error}"
    logger.error("A message could not be understood.", extra={"message_id": message_id}, exc_info=error)
    mark_failed({message_id: (code, text)})
    return Tally(failed=1)


def _understand_set(channel: SalesChannel, messages: Sequence[Opened], *, replay: bool) -> Tally:
    parse = PLATFORMS[channel.platform or ""].connector.parse_order
    tally = Tally()
    arrivals: list[tuple[Opened, IncomingOrder]] = []
    failed: dict[int, tuple[str, str]] = {}
    ignored: list[int] = []
    gone: list[Opened] = []
    for message in messages:
        try:
            arrivals.append((message, parse(message.body)))
        except NotAnOrder:
            ignored.append(message.id)
        except Gone:
            gone.append(message)
        except Unreadable as error:
            failed[message.id] = (error.code, str(error))
        except Exception as error:
            logger.exception("A message could not be read.", extra={"message_id": message.id})
            failed[message.id] = ("unexpected", f"Reading it failed in an unexpected way: {type(error).__name__}.")
    lock_for_writing(channel.pk)
    written = source_messages(channel.pk, {m.external_id for m in messages})
    arrivals.extend(_cancelled(parse, gone, written, arrivals, ignored))
    arrivals.sort(key=lambda pair: pair[0].id)
    order_ids: dict[int, int | None] = {}
    for round_ in _rounds(arrivals):
        before = _earlier(parse, round_, written)
        results = receive_orders(
            channel,
            [
                Arrival(
                    incoming,
                    message_id=m.id,
                    checksum=m.checksum,
                    before=before.get(_key(incoming)),
                    replay=replay,
                )
                for m, incoming in round_
            ],
        )
        for (message, incoming), result in zip(round_, results, strict=True):
            order_ids[message.id] = result.order_id
            if result.verdict in (Verdict.NEW, Verdict.CHANGED):
                written[_key(incoming)] = (message.id, message.checksum)
            tally.created += result.verdict is Verdict.NEW
            tally.updated += result.verdict is Verdict.CHANGED
            tally.unchanged += result.verdict in (Verdict.SAME, Verdict.STALE)
    tally.failed += len(failed)
    tally.unchanged += len(ignored)
    mark_understood(order_ids, ignored=ignored)
    mark_failed(failed)
    return tally


def _key(incoming: IncomingOrder) -> tuple[str, str]:
    return incoming.external_id or "", incoming.reuse_mark


def _rounds(pairs: Sequence[tuple[Opened, IncomingOrder]]) -> Iterable[list[tuple[Opened, IncomingOrder]]]:
    """Sets in which each order stands once, earlier messages in earlier sets."""
    waiting = list(pairs)
    while waiting:
        seen: set[tuple[str, str]] = set()
        first: list[tuple[Opened, IncomingOrder]] = []
        later: list[tuple[Opened, IncomingOrder]] = []
        for pair in waiting:
            (later if _key(pair[1]) in seen else first).append(pair)
            seen.add(_key(pair[1]))
        yield first
        waiting = later


def _earlier(
    parse: Any,
    pairs: Sequence[tuple[Opened, IncomingOrder]],
    written: Mapping[tuple[str, str], tuple[int, bytes | None]],
) -> dict[tuple[str, str], IncomingOrder]:
    """The channel's earlier story of orders that may have changed: what each was last written from, read again."""
    sources = {
        _key(incoming): written[_key(incoming)][0]
        for message, incoming in pairs
        if _key(incoming) in written and written[_key(incoming)][1] != message.checksum
    }
    bodies = bodies_of(sources.values()) if sources else {}
    earlier: dict[tuple[str, str], IncomingOrder] = {}
    for key, message_id in sources.items():
        try:
            earlier[key] = parse(bodies[message_id])
        except (KeyError, Unreadable, NotAnOrder, Gone):
            # unknown earlier story: everything counts as changed
            continue
    return earlier


def _cancelled(
    parse: Any,
    gone: Sequence[Opened],
    written: Mapping[tuple[str, str], tuple[int, bytes | None]],
    arrivals: Sequence[tuple[Opened, IncomingOrder]],
    ignored: list[int],
) -> list[tuple[Opened, IncomingOrder]]:
    """Orders deleted for good in the shop: their last known story, cancelled. Never known here: nothing to do."""
    known = {external_id: pair[0] for (external_id, _), pair in written.items()}
    bodies = bodies_of([known[m.external_id] for m in gone if m.external_id in known]) if gone else {}
    pairs = []
    for message in gone:
        # the set itself may hold a later story than the one the order was last written from
        told = [incoming for m, incoming in arrivals if m.external_id == message.external_id and m.id < message.id]
        body = bodies.get(known.get(message.external_id, 0))
        try:
            last = told[-1] if told else parse(body) if body is not None else None
        except (Unreadable, NotAnOrder, Gone):
            last = None
        if last is None:
            ignored.append(message.id)
        else:
            pairs.append((message, replace(last, status="cancelled", external_status=DELETED)))
    return pairs


def retry_messages(channel: SalesChannel, ids: Sequence[int]) -> Tally:
    """Read messages again, whatever became of them before: a retry after a fix, or a replay.

    The message an order was last written from makes the order what the message says; older ones change nothing.
    """
    return understand(channel, ids, again=True)
