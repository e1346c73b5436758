"""Orders over HTTP: lists and followers, one order and its history, recording, editing, the steps of its life."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, get_args

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from pult.accounts.access import actor_of
from pult.accounts.api import reads, writes
from pult.catalogue.selectors import product_by_sku
from pult.channels.selectors import all_channels, channel_by_code
from pult.history.selectors import entries_of
from pult.lib.failures import UserError
from pult.lib.paging import BadCursor, decode_cursor, encode_cursor
from pult.lib.shapes import PageQuery, Word
from pult.orders.errors import BadOrder
from pult.orders.models import Order
from pult.orders.rules.changes import Verdict
from pult.orders.rules.rights import STEP_ACTIONS
from pult.orders.rules.states import PAYMENT_STATUSES, STATUSES, STEPS
from pult.orders.schemas import (
    ChannelKind,
    HistoryPage,
    MatchedShape,
    MatchInput,
    OrderChange,
    OrderInput,
    OrderPage,
    OrderShape,
    OrdersQuery,
    StepInput,
    history_document,
    order_documents,
)
from pult.orders.selectors import OrderFilter, line_of, order_by_number, orders_changed_since, orders_page
from pult.orders.services.deciding import refuse_difference, settle_problem, take_difference
from pult.orders.services.editing import edit_order
from pult.orders.services.lifecycle import move_order
from pult.orders.services.matching import match_code_to_product, match_line_to_product
from pult.orders.services.recording import record_order

router = Router(tags=["orders"])

NEWEST: Final = "placed"
CHANGED: Final = "changed"


@reads(router, "/orders", action="orders.view", answer=OrderPage)
def list_orders(request: HttpRequest, query: Query[OrdersQuery]) -> dict[str, Any]:
    """Orders, newest first; with `updated_from`, oldest change first, so that a reader can follow.

    A follower asks with `updated_from` and without a cursor once, then with the same `updated_from` and the `next` of
    the last page that had items, for ever: no change is missed, however late it was committed, and an order that
    changed again comes again. An empty page has `next` null: keep the cursor you have, and ask again later.
    """
    filter_ = _filter_of(query)
    kind, after = _position(query.cursor)
    if kind == CHANGED or (query.updated_from is not None and kind is None):
        since = query.updated_from or (after[0] if after else None)
        assert since is not None
        orders = orders_changed_since(filter_, since=since, after=after, limit=query.limit)
        last = orders[-1] if orders else None
        return _page(orders, encode_cursor([CHANGED, last.updated_at, last.pk]) if last else None)
    if query.updated_from is not None:
        raise BadCursor(
            "This cursor belongs to the list without updated_from.", next_step="Start again without a cursor."
        )
    orders = orders_page(filter_, limit=query.limit + 1, after=after)
    page = orders[: query.limit]
    more = len(orders) > len(page)
    return _page(page, encode_cursor([NEWEST, page[-1].placed_at, page[-1].pk]) if more else None)


def _page(orders: list[Order], next_: str | None) -> dict[str, Any]:
    return {"items": order_documents(orders), "next": next_}


def _position(cursor: str | None) -> tuple[str | None, tuple[datetime, int] | None]:
    if not cursor:
        return None, None
    kind, at, pk = decode_cursor(cursor, [str, datetime, int])
    if kind not in (NEWEST, CHANGED):
        raise BadCursor("This cursor is not one that Pult gave for this list.")
    assert isinstance(kind, str) and isinstance(at, datetime) and isinstance(pk, int)
    return kind, (at, pk)


def _filter_of(query: OrdersQuery) -> OrderFilter:
    codes = set(all_channels(archived=True).values_list("code", flat=True)) if query.channel.strip() else set()
    return OrderFilter(
        channels=_values("channel", query.channel, codes),
        kinds=_values("kind", query.kind, get_args(ChannelKind)),
        statuses=_values("status", query.status, STATUSES),
        payment_statuses=_values("payment_status", query.payment_status, PAYMENT_STATUSES),
        placed_from=query.placed_from,
        placed_to=query.placed_to,
        problems=query.problems,
        q=query.q,
    )


def _values(name: str, text: str, known: Any) -> list[str]:
    """The values between the commas. Raises UserError for one that is not known: it would quietly find nothing."""
    values = [value.strip() for value in text.split(",") if value.strip()]
    for value in values:
        if value not in known:
            raise UserError(
                "“%(value)s” is no %(name)s; choose from %(choice)s.",
                code="unknown_value",
                params={"value": value[:60], "name": name, "choice": ", ".join(sorted(known)[:40]) or "–"},
                field=name,
            )
    return values


@writes(router, "POST", "/orders", action="orders.create", answer=OrderShape, status=201, also=(200,))
def create_order(request: HttpRequest, body: OrderInput) -> tuple[int, dict[str, Any]]:
    """Record an order in a channel of the kind `custom`; Pult completes it from the catalogue and computes the amounts.

    An `external_id` that is here already in the same words answers 200 with the order as it stands, else 409.
    """
    received = record_order(channel_by_code(body.channel), body.as_order(), actor=actor_of(request))
    return (201 if received.verdict is Verdict.NEW else 200), _whole(received.number)


@reads(router, "/orders/{number}", action="orders.view", answer=OrderShape)
def get_order(request: HttpRequest, number: Word) -> dict[str, Any]:
    """One order."""
    return _whole(number)


@reads(router, "/orders/{number}/history", action="orders.view", answer=HistoryPage)
def get_order_history(request: HttpRequest, number: Word, query: Query[PageQuery]) -> dict[str, Any]:
    """Who changed what, when; newest first."""
    found = entries_of("order", order_by_number(number).pk)
    if query.cursor:
        (last,) = decode_cursor(query.cursor, [int])
        found = found.filter(pk__lt=last)
    entries = list(found[: query.limit + 1])
    page = entries[: query.limit]
    return {
        "items": [history_document(entry) for entry in page],
        "next": encode_cursor([page[-1].pk]) if len(entries) > len(page) else None,
    }


@writes(router, "PATCH", "/orders/{number}", action="orders.edit", answer=OrderShape)
def change_order(request: HttpRequest, number: Word, body: OrderChange) -> dict[str, Any]:
    """Change notes, tags, addresses, pickup point, parcel numbers, the names of payment and shipping."""
    values = body.as_values()
    if values:
        edit_order(_exact(number), actor=actor_of(request), values=values)
    return _whole(number)


def _step_route(step: str) -> None:
    def take(request: HttpRequest, number: Word, body: StepInput | None = None) -> dict[str, Any]:
        move_order(_exact(number), step, actor=actor_of(request), reason=body.reason if body else None)
        return _whole(number)

    target, sources = STEPS[step]
    take.__name__ = f"{step}_order"
    take.__doc__ = f"The order becomes `{target}`; allowed from {', '.join(f'`{s}`' for s in sorted(sources))}."
    writes(
        router,
        "POST",
        f"/orders/{{number}}/{step}",
        action=STEP_ACTIONS[step],
        answer=OrderShape,
        summary=f"{step.capitalize()} an order",
    )(take)


for _step in STEPS:
    _step_route(_step)


@writes(router, "POST", "/orders/{number}/take-change", action="orders.edit", answer=OrderShape)
def take_change(request: HttpRequest, number: Word) -> dict[str, Any]:
    """Make the order what the shop says now: the change that came after work had begun is applied."""
    take_difference(_exact(number), actor=actor_of(request))
    return _whole(number)


@writes(router, "POST", "/orders/{number}/refuse-change", action="orders.edit", answer=OrderShape)
def refuse_change(request: HttpRequest, number: Word) -> dict[str, Any]:
    """Keep the order as it is here and put the shop's change aside."""
    refuse_difference(_exact(number), actor=actor_of(request))
    return _whole(number)


@writes(router, "POST", "/orders/{number}/problems/{code}/settle", action="orders.edit", answer=OrderShape)
def settle(request: HttpRequest, number: Word, code: Word) -> dict[str, Any]:
    """Note that a person has seen to a problem."""
    settle_problem(_exact(number), code, actor=actor_of(request))
    return _whole(number)


Position = Annotated[int, Field(ge=1, le=2**31 - 1)]


@writes(router, "POST", "/orders/{number}/lines/{position}/match", action="orders.match", answer=MatchedShape)
def match_line(request: HttpRequest, number: Word, position: Position, body: MatchInput) -> dict[str, Any]:
    """Say which product a line means; with `all`, what its code means in this channel from now on."""
    order = order_by_number(number)
    product = product_by_sku(body.sku)
    if product is None:
        raise BadOrder("There is no product %(sku)s.", code="unknown_sku", params={"sku": body.sku}, field="sku")
    named = (product.pk, product.sku)
    if not body.all:
        match_line_to_product(order.number, position, product=named, actor=actor_of(request))
        return {"matched": 1}
    line = line_of(order.pk, position)
    if line is None:
        raise BadOrder(
            "Order %(number)s has no line %(position)s.",
            code="no_such_line",
            params={"number": order.number, "position": position},
        )
    matched = match_code_to_product(order.channel, line.external_sku or "", product=named, actor=actor_of(request))
    if line.product_id is not None:  # matched to another product before: a person's word here changes it
        match_line_to_product(order.number, position, product=named, actor=actor_of(request))
        matched += 1
    return {"matched": matched}


def _exact(number: str) -> str:
    """The number as it is kept, however it was typed. Raises OrderNotFound."""
    return order_by_number(number).number


def _whole(number: str) -> dict[str, Any]:
    return order_documents([order_by_number(number)])[0]
