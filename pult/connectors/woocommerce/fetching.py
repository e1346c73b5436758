"""Reading a shop's orders so that none is missed while others change: a window that moves with what was seen.

Page numbers drift when orders change between two pages, so they are not used: each request asks for what changed after
the newest order seen so far, and a run ends when nothing new comes. The reasons stand in docs/channels/woocommerce.md.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import orjson

from pult.connectors.protocol import Cursor, OrderSummary, Page, RawMessage
from pult.connectors.woocommerce.client import ApiError, Params, Shop, explained
from pult.connectors.woocommerce.parse import DRAFTS, id_of
from pult.connectors.woocommerce.values import amount, moment
from pult.lib.clock import now
from pult.lib.failures import ChannelFailure, Transient, Unreadable

logger = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=5)
BEGINNING = datetime(1970, 1, 2, tzinfo=UTC)
PAGE_SIZES = (100, 50, 20, 5, 1)
# How far back a shop without date filters (before 5.8) is read in each poll.
OLD_SHOP_ORDERS = 200
# A crashing order that cannot be named is looked for among so many ids below and above its neighbour's.
NEAR_IDS = 150
# Orders that crash the shop are asked for one by one in every poll, as many as this.
RETRIED_CRASHES = 10
# More orders than this do not crash one by one: the shop is broken.
MOST_CRASHES = 50
_SMALLER_MAY_HELP = frozenset({"server_error", "timed_out", "cut_answer", "broken_connection", "empty_answer"})
_SECOND = timedelta(seconds=1)
# `_links` describes the API, not the order, and depends on the key's rights.
_NOT_OF_THE_ORDER = ("_links",)


class _FiltersIgnored(Exception):
    """The shop returns orders that changed before the date it was asked for, or in another order."""


@dataclass
class _Run:
    """What one call of `fetch_orders` knows: the cursor it builds, the shop's clock as last told, the size of pages."""

    shop: Shop
    placed_from: datetime | None
    cursor: Cursor
    shop_time: datetime | None = None
    size: int = PAGE_SIZES[0]
    successes: int = 0
    last_id: int = 0
    answered: bool = False
    crashing: list[str] = field(default_factory=list)
    holes: list[list[str]] = field(default_factory=list)

    def read(self, params: Params) -> list[dict[str, Any]]:
        answer = self.shop.get("/orders", params)
        self.shop_time = answer.shop_time or self.shop_time
        self.answered = True
        return orders_in(answer.data)

    def asked(self, status: str, **more: str) -> Params:
        """The parameters of a list: with the crashing orders left out, and what is older than the first import."""
        params = {"status": status, "per_page": str(self.size), **more}
        if self.crashing:
            params["exclude"] = ",".join(self.crashing)
        if self.placed_from:
            params |= {"after": _asked(self.placed_from - timedelta(days=1)), "dates_are_gmt": "true"}
        return params

    def shrink(self) -> bool:
        """Ask for smaller pages; False if they are as small as can be."""
        self.successes = 0
        smaller = [size for size in PAGE_SIZES if size < self.size]
        self.size = smaller[0] if smaller else self.size
        return bool(smaller)

    def grow(self) -> None:
        """Ask for larger pages once a few small ones went well."""
        self.successes += 1
        if self.size < PAGE_SIZES[0] and self.successes >= 3:
            self.size = PAGE_SIZES[PAGE_SIZES.index(self.size) - 1]
            self.successes = 0

    def page(self, status: str, rows: list[dict[str, Any]], newest: datetime | None = None) -> Page:
        """The rows as messages, and the cursor that is safe after them."""
        if status == "trash":
            # A shop that ignores the filter lists every order again.
            rows = [row for row in rows if row.get("status") == status]
        messages = [message for row in rows if (message := self.message(row))]
        if messages:
            self.last_id = int(messages[-1].external_id)
        if newest:
            before = _read(self.cursor.get(status)) or newest
            # An order may carry a time in the future; the cursor never passes the shop's own time.
            self.cursor[status] = _asked(min(max(before, newest), self.shop_time or now()))
        return Page(messages, self.cursor_now())

    def cursor_now(self) -> Cursor:
        extras = {"crashing": list(self.crashing), "holes": list(self.holes)}
        kept = {name: value for name, value in self.cursor.items() if name not in extras}
        return kept | {name: value for name, value in extras.items() if value} | {"way": self.shop.memo}

    def message(self, row: dict[str, Any]) -> RawMessage | None:
        if self.placed_from:
            placed = _time_in(row, "date_created_gmt")
            if placed and placed < self.placed_from:
                return None
        if row.get("status") == "trash":
            # binned before Pult came: the overlap of the first polls may show it, but the shop no longer has it
            binned, from_ = _time_in(row, "date_modified_gmt"), _read(self.cursor.get("trash_from"))
            if binned and from_ and binned < from_:
                return None
        return message_of(self.shop, row)


def fetch_orders(shop: Shop, cursor: Cursor, *, since: datetime | None, full: bool) -> Iterator[Page]:
    """See `FetchesOrders.fetch_orders`. The bin is read too, but on a first import only for what is binned from now on.

    The cursor: `any` and `trash` are the newest change seen in each list, `trash_from` where the bin was first read,
    `crashing` the orders on which the shop crashes and `holes` the times between which such an order lies that nobody
    can name, `old` marks a shop without date filters, `way` how the shop is spoken to.
    """
    shop.remember(cursor.get("way"))
    run = _Run(shop, since, dict(cursor))
    run.crashing = [str(order) for order in cursor.get("crashing") or ()]
    run.holes = [list(hole) for hole in cursor.get("holes") or ()]
    try:
        if "any" not in cursor:
            # Asked before anything else, so that no order is binned unseen between the two lists.
            run.read({"per_page": "1", "_fields": "id", "status": "trash"})
            run.cursor["trash_from"] = run.cursor["trash"] = _asked(run.shop_time or now())
        yield from _retry_crashes(run)
        for status in ("any", "trash"):
            start = _read(run.cursor.get(status))
            if full:
                start = None if status == "any" else _read(run.cursor.get("trash_from"))
            yield from _changes(run, status, start)
    except ApiError as error:
        raise explained(error) from error
    if run.holes:
        raise Transient(
            "The shop crashes on an order that was changed between %(from)s and %(to)s (UTC); all others have arrived.",
            code="shop_crashes",
            params={"from": run.holes[0][0], "to": run.holes[0][1]},
            next_step="The shop's error log tells which plug-in is to blame.",
        )


def fetch_order(shop: Shop, external_id: str) -> RawMessage | None:
    """See `FetchesOrders.fetch_order`."""
    if not (external_id.isascii() and external_id.isdigit()):
        return None
    try:
        data = shop.get(f"/orders/{external_id}").data
    except ApiError as error:
        if error.code == "woocommerce_rest_shop_order_invalid_id":
            return RawMessage(external_id, orjson.dumps({"id": int(external_id), "status": "trash", "_gone": True}))
        raise explained(error) from error
    if type(data) is not dict:
        raise Transient("The shop answered an order with something else.", code="no_order")
    return message_of(shop, data)


def summaries(shop: Shop, *, since: datetime) -> Iterator[OrderSummary]:
    """See `ComparesOrders.summaries`."""
    try:
        for status in ("any", "trash"):
            params = {
                "status": status,
                "after": _asked(since - _SECOND),
                "dates_are_gmt": "true",
                "_fields": "id,status,date_modified_gmt,total,date_created_gmt",
            }
            for rows_ in _by_id(shop, params):
                yield from (summary for row in rows_ if (summary := _summary_of(row, since)))
    except ApiError as error:
        raise explained(error) from error


def message_of(shop: Shop, row: dict[str, Any]) -> RawMessage | None:
    """An order as a message, its refunds embedded; None for drafts and for what is no order at all."""
    try:
        external_id = id_of(row)
    except Unreadable:
        logger.warning("the shop lists something without an id")
        return None
    if row.get("status") in DRAFTS:
        return None
    kept = {name: value for name, value in row.items() if name not in _NOT_OF_THE_ORDER}
    if row.get("refunds"):
        try:
            refunds = orders_in(shop.get(f"/orders/{external_id}/refunds", {"per_page": "100"}).data)
        except (ApiError, ChannelFailure):
            # The order itself tells their amounts; only day and VAT of a refund are then less exact.
            logger.warning("refunds of an order could not be read", extra={"order": external_id})
        else:
            kept["_refund_details"] = [
                {name: value for name, value in refund.items() if name not in _NOT_OF_THE_ORDER} for refund in refunds
            ]
    return RawMessage(external_id, orjson.dumps(kept), _time_in(row, "date_modified_gmt"))


def orders_in(data: Any) -> list[dict[str, Any]]:
    """The rows of a list answer. Raises `Transient` for anything else, which is never taken for an empty list."""
    if type(data) is not list:
        raise Transient("The shop answered a list of orders with something else.", code="no_list")
    return [row for row in data if type(row) is dict]


# -- the moving window -----------------------------------------------------------------------------------


def _changes(run: _Run, status: str, start: datetime | None) -> Iterator[Page]:
    marked = _read(run.cursor.get("old"))
    obeys = True
    if marked is None or now() - marked > timedelta(days=1):
        try:
            yield from _window(run, status, start)
        except ApiError as error:
            if error.status != 400 or not error.params & {"orderby", "modified_after", "exclude"}:
                raise
        except _FiltersIgnored:
            obeys = False
        else:
            run.cursor.pop("old", None)
            return
        logger.info("the shop has no date filters, reading it the old way")
        run.cursor["old"] = _asked(now())
    yield from _old_shop_changes(run, status, everything=start is None, obeys=obeys)


def _window(run: _Run, status: str, start: datetime | None) -> Iterator[Page]:
    after = start - OVERLAP if start else None
    seen: set[tuple[Any, Any]] = set()
    while True:
        rows, short = yield from _rows_after(run, status, after)
        if start and run.shop_time and run.shop_time + OVERLAP < start:
            # The shop's clock was ahead when the cursor was written, and has been set back since.
            after = run.shop_time - max(timedelta(days=1), 2 * (start - run.shop_time))
            start = None
            run.cursor[status] = _asked(run.shop_time)
            continue
        start = None
        newest = max((_changed_at(row) for row in rows), default=None)
        if newest and after and newest <= after:
            raise _FiltersIgnored
        if not short and _is_newest_first(rows):
            raise _FiltersIgnored
        fresh = [row for row in rows if _mark(row) not in seen]
        # Only rows of this page can come again: the window moves on from the newest of them.
        seen = {_mark(row) for row in rows}
        yield run.page(status, fresh, newest or after or BEGINNING)
        if short or newest is None:
            return
        if after is None or newest - _SECOND > after:
            # The filter is exclusive: one second back, so that what shares the newest second comes again.
            after = newest - _SECOND
            continue
        # A whole page, and perhaps more, changed within one second.
        yield from _same_second(run, status, newest, seen)
        after = newest


def _same_second(run: _Run, status: str, at: datetime, seen: set[tuple[Any, Any]]) -> Iterator[Page]:
    """Everything that changed in one second, by id; again until a pass finds nothing new, since pages drift."""
    window = {"modified_after": _asked(at - _SECOND), "modified_before": _asked(at + _SECOND), "dates_are_gmt": "true"}
    found = True
    while found:
        found = False
        rows: list[dict[str, Any]] = []
        for number in count(1):
            before = rows
            rows = run.read(run.asked(status, **window, orderby="id", order="asc", page=str(number)))
            fresh = [row for row in rows if _mark(row) not in seen]
            seen.update(_mark(row) for row in fresh)
            if fresh:
                found = True
                yield run.page(status, fresh)
            # A shop that ignores page numbers answers the same page for ever.
            if len(rows) < run.size or rows == before:
                break


def _rows_after(
    run: _Run, status: str, after: datetime | None
) -> Generator[Page, None, tuple[list[dict[str, Any]], bool]]:
    """What changed after a time, oldest first: one page of rows, and whether it is the last.

    A page on which the shop fails is asked for again in smaller pieces, down to the one order it crashes on. That one
    is left out and handed on as a message that says so; later polls ask for it again.
    """
    while True:
        window = {"modified_after": _asked(after), "dates_are_gmt": "true"} if after else {}
        asked = run.asked(status, **window, orderby="modified", order="asc")
        try:
            rows = run.read(asked)
        except Transient as error:
            if error.code not in _SMALLER_MAY_HELP or len(run.crashing) >= MOST_CRASHES:
                raise
            if error.code == "timed_out":
                # Each attempt may cost a minute: a shop that has answered nothing yet gets two.
                if not run.answered and run.size < PAGE_SIZES[0]:
                    raise
                run.shrink()
            if run.shrink():
                logger.info("the shop fails on a page, asking for less", extra={"per_page": run.size})
                continue
            crashing = _crashing_order(run, asked, error)
            run.size = PAGE_SIZES[2]
            if crashing:
                logger.warning("the shop crashes on an order", extra={"order": crashing["id"]})
                run.crashing.append(str(crashing["id"]))
                body = {"id": crashing["id"], "status": crashing.get("status"), "_unreadable": error.sentence}
                changed_at = _time_in(crashing, "date_modified_gmt")
                yield Page([RawMessage(str(crashing["id"]), orjson.dumps(body), changed_at)], run.cursor_now())
                continue
            around, until = _around_hole(run, asked, after, error)
            yield run.page(status, around, until)
            if until is None:
                return [], True
            after = until
            continue
        short = len(rows) < run.size
        run.grow()
        return rows, short


def _crashing_order(run: _Run, asked: Params, error: Transient) -> dict[str, Any] | None:
    """The order that is alone on a page on which the shop crashes, as far as the shop tells; None if it does not.

    Some crashes spare the bare fields. Of others only the neighbours can be read: the id is then looked for among those
    near theirs, by asking for half of the candidates at a time. If not even the neighbours can be read, the shop is
    down, not the order broken: raises what the shop failed with.
    """
    try:
        rows = run.read(asked | {"_fields": "id,status,date_modified_gmt"})
        return {"id": int(id_of(rows[0]))} | rows[0] if rows else None
    except (Transient, Unreadable):
        pass
    try:
        following = run.read(asked | {"offset": "1"})
    except Transient:
        raise error from None
    known = [int(id_of(row)) for row in following] or ([run.last_id] if run.last_id else [])
    if not known:
        return None
    near = [order for order in range(known[0] - NEAR_IDS, known[0] + NEAR_IDS) if order > 0 and order not in known]
    if not _crashes(run, asked, near):
        return None
    while len(near) > 1:
        half = near[: len(near) // 2]
        near = half if _crashes(run, asked, half) else near[len(half) :]
    return {"id": near[0]} if _crashes(run, asked, near) else None


def _crashes(run: _Run, asked: Params, ids: list[int]) -> bool:
    try:
        run.read(asked | {"include": ",".join(map(str, ids))})
    except Transient:
        return True
    return False


def _around_hole(
    run: _Run, asked: Params, after: datetime | None, error: Transient
) -> tuple[list[dict[str, Any]], datetime | None]:
    """The neighbours of an order that nobody can name, and the second up to which all but it was read.

    If not even the neighbours can be read, the shop is down, not the order broken: raises what the shop failed with.
    """
    rows: list[dict[str, Any]] = []
    until: datetime | None = None
    for offset in count(1):
        try:
            following = run.read(asked | {"offset": str(offset)})
        except Transient:
            raise error from None
        if not following or (until and _changed_at(following[0]) > until):
            break
        rows += following
        until = until or _changed_at(following[0])
    run.holes.append([_asked(after or BEGINNING), _asked((until or run.shop_time or now()) + _SECOND), asked["status"]])
    logger.warning("the shop crashes on an order that it cannot name")
    return rows, until


def _retry_crashes(run: _Run) -> Iterator[Page]:
    """Ask again for the orders on which the shop crashed before."""
    for external_id in run.crashing[:RETRIED_CRASHES]:
        try:
            message = fetch_order(run.shop, external_id)
        except Transient:
            continue
        run.crashing.remove(external_id)
        yield Page([message] if message else [], run.cursor_now())
    for hole in list(run.holes):
        window = {"modified_after": hole[0], "modified_before": hole[1], "dates_are_gmt": "true", "orderby": "id"}
        try:
            rows = run.read(run.asked(hole[2], **window))
        except Transient:
            continue
        run.holes.remove(hole)
        yield run.page(hole[2], rows)


# -- shops without date filters, and passes over everything ----------------------------------------------


def _old_shop_changes(run: _Run, status: str, *, everything: bool, obeys: bool) -> Iterator[Page]:
    """All orders by id, or the newest placed ones: what changed on older ones is left to the full comparison.

    A shop that does not obey the date filters need not obey the sorting by id either: its pages are read as they come.
    """
    if everything and obeys:
        for rows in _by_id(run.shop, run.asked(status)):
            yield run.page(status, rows, max((_changed_at(row) for row in rows), default=BEGINNING))
        yield run.page(status, [], BEGINNING)
        return
    before: list[dict[str, Any]] = []
    for number in count(1):
        rows = run.read(run.asked(status, orderby="date", order="desc", page=str(number)))
        if number > 1 and rows == before:
            return
        before = rows
        yield run.page(status, rows, max((_changed_at(row) for row in rows), default=BEGINNING))
        if len(rows) < run.size or (number * run.size >= OLD_SHOP_ORDERS and not everything):
            return


def _by_id(shop: Shop, params: Params) -> Iterator[list[dict[str, Any]]]:
    """Every row of a list once, by id. Pages overlap by one row: if it is gone, rows moved up and are read again."""
    size = PAGE_SIZES[0]
    start = last = idle = 0
    while idle < 2:
        rows = orders_in(
            shop.get(
                "/orders", params | {"orderby": "id", "order": "asc", "per_page": str(size), "offset": str(start)}
            ).data
        )
        ids = [int(id_of(row)) for row in rows]
        if start and (not ids or ids[0] > last):
            start = max(0, start - size // 2)
            continue
        fresh = [row for row, row_id in zip(rows, ids, strict=True) if row_id > last]
        if fresh:
            yield fresh
        idle = 0 if fresh else idle + 1
        last = max([last, *ids])
        if len(rows) < size:
            return
        start += len(rows) - 1


def _summary_of(row: dict[str, Any], since: datetime) -> OrderSummary | None:
    placed = _time_in(row, "date_created_gmt")
    if row.get("status") in DRAFTS or (placed and placed < since):
        return None
    try:
        total = amount(row.get("total"), "total")
        return OrderSummary(id_of(row), str(row.get("status") or ""), total, _time_in(row, "date_modified_gmt"))
    except Unreadable:
        return None


# -- times -----------------------------------------------------------------------------------------------


def _time_in(row: dict[str, Any], name: str) -> datetime | None:
    try:
        return moment(row.get(name), name)
    except Unreadable:
        return None


def _changed_at(row: dict[str, Any]) -> datetime:
    return _time_in(row, "date_modified_gmt") or _time_in(row, "date_created_gmt") or BEGINNING


def _is_newest_first(rows: list[dict[str, Any]]) -> bool:
    times = [_changed_at(row) for row in rows]
    return times[0] > times[-1] and times == sorted(times, reverse=True)


def _mark(row: dict[str, Any]) -> tuple[Any, Any]:
    return str(row.get("id")), row.get("date_modified_gmt")


def _asked(at: datetime) -> str:
    # Without Z: together with dates_are_gmt a zone would be applied twice.
    return at.strftime("%Y-%m-%dT%H:%M:%S")


def _read(text: Any) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
