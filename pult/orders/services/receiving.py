"""The one door: what any channel says of an order becomes an order of Pult, or changes one.

Everything works on sets: a page of a hundred orders costs the same number of queries as one order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from pult.channels.selectors import lock_for_writing
from pult.channels.services import note_orders
from pult.history.services import acting
from pult.history.types import Actor
from pult.lib.bulk import copy_rows
from pult.lib.clock import now
from pult.lib.search import search_text
from pult.orders.models import Order
from pult.orders.rules.changes import Verdict, Written, compare
from pult.orders.rules.documents import json_text
from pult.orders.rules.matching import match_line
from pult.orders.rules.numbers import format_number
from pult.orders.rules.states import fulfilment_status_of, payment_status_of
from pult.orders.rules.totals import find_problems, order_totals, refunded_gross, refunds_by_id
from pult.orders.selectors import orders_for_update
from pult.orders.services.arrivals import Arrival, Received, Surroundings, surroundings_of
from pult.orders.services.changing import apply_changes, line_values, mapped_status

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel


def receive_order(channel: SalesChannel, arrival: Arrival, *, actor: Actor | None = None) -> Received:
    """`receive_orders` of one."""
    return receive_orders(channel, [arrival], actor=actor)[0]


def receive_orders(channel: SalesChannel, arrivals: Sequence[Arrival], *, actor: Actor | None = None) -> list[Received]:
    """Write a set of orders of one channel, all or none; each order at most once in the set.

    One writer a channel at a time; the same order told twice is one order. Constant number of queries.
    """
    actor = actor or Actor("channel", channel.code, channel.name)
    with acting(actor, "received"):
        lock_for_writing(channel.pk)
        known = orders_for_update(
            channel.pk, [(a.incoming.external_id, a.incoming.reuse_mark) for a in arrivals if a.incoming.external_id]
        )
        results: dict[int, Received] = {}
        fresh: list[tuple[int, Arrival]] = []
        changed: list[tuple[int, Arrival, Order]] = []
        for index, arrival in enumerate(arrivals):
            order = known.get((arrival.incoming.external_id or "", arrival.incoming.reuse_mark))
            verdict = compare(
                order and Written(order.source_message_id, _bytes(order.source_checksum), order.source_modified_at),
                arrival.incoming,
                message_id=arrival.message_id,
                checksum=arrival.checksum,
            )
            if arrival.replay and verdict is Verdict.SAME:
                verdict, arrival = Verdict.CHANGED, replace(arrival, before=None)
            if order is None:
                fresh.append((index, arrival))
            else:
                results[index] = Received(verdict, order.pk, order.number)
                if verdict is Verdict.CHANGED:
                    changed.append((index, arrival, order))
        if fresh or changed:
            around = surroundings_of(channel, [a for _, a in fresh] + [a for _, a, _ in changed])
            if fresh:
                made = _write_new(channel, [a for _, a in fresh], around, moved_by=_mover(actor))
                results.update({index: result for (index, _), result in zip(fresh, made, strict=True)})
                note_orders(channel.pk, at=now())
            if changed:
                with acting(actor, "changed_in_shop"):
                    same = apply_changes(channel, [(a, order) for _, a, order in changed], around)
                for index, _, order in changed:
                    if order.pk in same:
                        results[index] = Received(Verdict.SAME, order.pk, order.number)
    return [results[index] for index in range(len(arrivals))]


def _mover(actor: Actor) -> str:
    return "channel" if actor.kind == "channel" else "pult"


def _bytes(value: Any) -> bytes | None:
    return bytes(value) if value is not None else None


def _next_numbers(count: int) -> list[tuple[int, str]]:
    """Ids and order numbers for `count` new orders; one query. Numbers run per year and may have gaps."""
    year = now().astimezone(ZoneInfo(settings.PULT_TIME_ZONE)).year
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, serial FROM orders_next_numbers(%s, %s)", [year, count])
        return [(pk, format_number(year, serial)) for pk, serial in cursor.fetchall()]


_ORDER_COLUMNS = (
    "id, number, channel_id, external_id, reuse_mark, external_number, external_status, status, payment_status,"
    " fulfilment_status, moved_by, placed_at, received_at, updated_at, currency, customer_id, buyer_type, buyer_name,"
    " buyer_company, buyer_email, buyer_phone, buyer_tax_number, buyer_eu_tax_number, buyer_group, billing_address,"
    " shipping_address, pickup_point, payment_method, payment_name, transaction_id, paid, paid_at, refunded,"
    " shipping_method, shipping_name, tracking_numbers, total_net, total_vat, total_gross, customer_note,"
    " internal_note, coupons, tags, source_message_id, source_checksum, source_modified_at, open_problems, search_text"
)
_LINE_COLUMNS = (
    "order_id, position, external_id, kind, product_id, sku, external_sku, barcode, name, note, quantity, unit,"
    " unit_price_net, unit_price_gross, discount_gross, vat_rate, vat_code, net, vat, gross"
)


def _write_new(
    channel: SalesChannel, arrivals: Sequence[Arrival], around: Surroundings, *, moved_by: str
) -> list[Received]:
    """The only maker of orders: one COPY a table."""
    numbers = _next_numbers(len(arrivals))
    at = now()
    orders: list[tuple[Any, ...]] = []
    lines: list[tuple[Any, ...]] = []
    refunds: list[tuple[Any, ...]] = []
    problems: list[tuple[Any, ...]] = []
    for (pk, number), arrival in zip(numbers, arrivals, strict=True):
        incoming = arrival.incoming
        found_problems = find_problems(incoming)
        totals = order_totals(incoming)
        status = mapped_status(channel, incoming)
        refunded = refunded_gross(incoming)
        matched = [(line, match_line(line, around.found)) for line in incoming.lines]
        buyer = incoming.buyer
        orders.append(
            (
                pk,
                number,
                channel.pk,
                incoming.external_id,
                incoming.reuse_mark,
                incoming.external_number,
                incoming.external_status,
                status,
                payment_status_of(total=incoming.total_gross, paid=incoming.paid, refunded=refunded),
                fulfilment_status_of(status),
                moved_by,
                incoming.placed_at,
                arrival.received_at or at,
                at,
                incoming.currency,
                around.customer_of(arrival),
                buyer.type,
                buyer.name,
                buyer.company,
                buyer.email,
                buyer.phone,
                buyer.tax_number,
                buyer.eu_tax_number,
                buyer.group,
                json_text(incoming.billing_address),
                json_text(incoming.shipping_address),
                json_text(incoming.pickup_point),
                incoming.payment_method,
                incoming.payment_name,
                incoming.transaction_id,
                incoming.paid,
                incoming.paid_at,
                refunded,
                incoming.shipping_method,
                incoming.shipping_name,
                list(incoming.tracking_numbers),
                totals.net,
                totals.vat,
                totals.gross,
                incoming.customer_note,
                incoming.internal_note,
                list(incoming.coupons),
                list(incoming.tags),
                arrival.message_id,
                arrival.checksum,
                incoming.modified_at,
                len(found_problems),
                search_text(
                    (number, incoming.external_number, buyer.company, buyer.name, buyer.email),
                    phone=buyer.phone,
                    codes=(code for line, product in matched for code in (line.external_sku, product and product[1])),
                ),
            )
        )
        for position, (line, product) in enumerate(matched, 1):
            lines.append((pk, position, *line_values(line, product)))
        refunds.extend(
            (pk, r.external_id, r.gross, r.net, r.vat, r.refunded_at, r.reason)
            for r in refunds_by_id(incoming).values()
        )
        problems.extend((pk, p.code, json_text(p.params), arrival.message_id) for p in found_problems)
    copy_rows("orders_order", _ORDER_COLUMNS, orders)
    copy_rows("orders_orderline", _LINE_COLUMNS, lines)
    copy_rows("orders_refund", "order_id, external_id, gross, net, vat, refunded_at, reason", refunds)
    copy_rows("orders_problem", "order_id, code, params, message_id", problems)
    return [Received(Verdict.NEW, pk, number) for pk, number in numbers]
