"""Questions about orders."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from pult.channels.selectors import channel_ids
from pult.lib.database import holding
from pult.lib.search import is_indexed, search_terms
from pult.orders.errors import OrderNotFound
from pult.orders.models import Order, OrderLine, Problem, Refund


def order_by_number(number: str) -> Order:
    """Raises OrderNotFound."""
    order = Order.objects.select_related("channel", "customer").filter(number=number.strip().upper()).first()
    if order is None:
        raise OrderNotFound(number)
    return order


def order_for_update(number: str) -> Order:
    """The order, its row locked until the transaction ends. Raises OrderNotFound."""
    found = Order.objects.select_for_update(of=("self",)).select_related("channel")
    order = found.filter(number=number.strip().upper()).first()
    if order is None:
        raise OrderNotFound(number)
    return order


def orders_for_update(channel_id: int, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Order]:
    """The orders of a channel with these (external id, reuse mark), rows locked in order of id; one query."""
    if not keys:
        return {}
    found = (
        Order.objects.select_for_update(of=("self",))
        .filter(channel_id=channel_id, external_id__any={external_id for external_id, _ in keys})
        .order_by("pk")
    )
    return {(order.external_id or "", order.reuse_mark): order for order in found}


def source_messages(channel_id: int, external_ids: Collection[str]) -> dict[tuple[str, str], tuple[int, bytes | None]]:
    """(message id, checksum) that each known order was last written from, by (external id, reuse mark)."""
    rows = Order.objects.filter(
        channel_id=channel_id, external_id__any=external_ids, source_message_id__isnull=False
    ).values_list("external_id", "reuse_mark", "source_message_id", "source_checksum")
    return {(e, mark): (pk, bytes(checksum) if checksum else None) for e, mark, pk, checksum in rows}


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What a list of orders is narrowed to; None and empty mean no narrowing. `problems` True: only with open ones."""

    channels: Sequence[str] = ()
    kinds: Sequence[str] = ()
    statuses: Sequence[str] = ()
    payment_statuses: Sequence[str] = ()
    placed_from: datetime | None = None
    placed_to: datetime | None = None
    problems: bool = False
    unmatched: bool = False
    customer_id: int | None = None
    q: str = ""


LOOKED_THROUGH = 20_000
"""Among how many of the newest orders words too short for the index are looked for."""
COUNTED = 10_000
"""How far things are counted for a page; beyond, it says “more than”."""


def orders_found(filter_: OrderFilter) -> QuerySet[Order]:
    """The orders a filter lets through, in no order yet. `placed_from` is included, `placed_to` is not.

    Words of one or two letters alone are looked for among the newest LOOKED_THROUGH orders, unmatched lines among the
    newest COUNTED orders that have one: no list reads everything.
    """
    found = Order.objects.all()
    if filter_.channels or filter_.kinds:
        # by id: the planner then knows how many orders a channel has, and which index is worth its while
        found = found.filter(channel_id__any=channel_ids(codes=filter_.channels, kinds=filter_.kinds))
    if filter_.statuses:
        found = found.filter(status__in=filter_.statuses)
    if filter_.payment_statuses:
        found = found.filter(payment_status__in=filter_.payment_statuses)
    if filter_.placed_from:
        found = found.filter(placed_at__gte=filter_.placed_from)
    if filter_.placed_to:
        found = found.filter(placed_at__lt=filter_.placed_to)
    if filter_.problems:
        found = found.filter(open_problems__gt=0)
    if filter_.unmatched:
        found = found.filter(pk__any=_unmatched_order_ids())
    if filter_.customer_id:
        found = found.filter(customer_id=filter_.customer_id)
    terms = search_terms(filter_.q)
    for term in terms:
        found = holding(found, term)
    if terms and not any(is_indexed(term) for term in terms):
        oldest = Order.objects.order_by("-placed_at", "-pk").values("placed_at")[LOOKED_THROUGH : LOOKED_THROUGH + 1]
        found = found.filter(placed_at__gte=Coalesce(Subquery(oldest), Value(datetime.min.replace(tzinfo=UTC))))
    return found


def orders_page(
    filter_: OrderFilter,
    *,
    limit: int,
    after: tuple[datetime, int] | None = None,
    before: tuple[datetime, int] | None = None,
) -> list[Order]:
    """A page of orders, newest first: those older than `after`, or (walking back) those just newer than `before`.

    Keyset paging over (placed_at, id). Ask for one more than you show to know whether there is more.
    """
    found = orders_found(filter_).select_related("channel")
    if before is not None:
        newer = found.filter(placed_at__gte=before[0]).filter(Q(placed_at__gt=before[0]) | Q(pk__gt=before[1]))
        return list(newer.order_by("placed_at", "pk")[:limit])[::-1]
    if after is not None:
        found = found.filter(placed_at__lte=after[0]).filter(Q(placed_at__lt=after[0]) | Q(pk__lt=after[1]))
    return list(found.order_by("-placed_at", "-pk")[:limit])


def newest_order_id() -> int:
    """The id of the order that came in last; 0 before the first."""
    return Order.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def arrived_since(filter_: OrderFilter, order_id: int, *, most: int = 1000) -> int:
    """How many orders that a filter lets through came in after an order; counts no further than `most`."""
    return orders_found(filter_).filter(pk__gt=order_id)[:most].count()


def neighbours_of(filter_: OrderFilter, order: Order) -> tuple[str | None, str | None]:
    """The numbers of the next newer and the next older order of a filtered list."""
    key = (order.placed_at, order.pk)
    newer = orders_page(filter_, limit=1, before=key)
    older = orders_page(filter_, limit=1, after=key)
    return (newer[0].number if newer else None, older[0].number if older else None)


def change_horizon() -> datetime:
    """The time before which every change of an order is committed and visible to the next statement.

    `updated_at` is the clock at the moment of writing, so a transaction still under way can only bring changes that are
    later than its own start: the start of the oldest one that has written anything bounds what may still appear.
    Call it in a statement of its own, before the query it bounds.
    """
    with connection.cursor() as cursor:
        # within one transaction the view would show again what it showed the first time
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT least(statement_timestamp(), min(xact_start)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
        )
        horizon: datetime = cursor.fetchone()[0]
    return horizon


def orders_changed_since(
    filter_: OrderFilter, *, since: datetime, after: tuple[datetime, int] | None, limit: int
) -> list[Order]:
    """Orders changed at or after `since`, oldest change first, after the keyset `after`: a reader never misses one."""
    horizon = change_horizon()
    found = orders_found(filter_).select_related("channel").filter(updated_at__gte=since, updated_at__lt=horizon)
    if after is not None:
        found = found.filter(updated_at__gte=after[0]).filter(Q(updated_at__gt=after[0]) | Q(pk__gt=after[1]))
    return list(found.order_by("updated_at", "pk")[:limit])


def lines_of(order_ids: Collection[int]) -> dict[int, list[OrderLine]]:
    """Lines by order id, in their order; one query."""
    lines: dict[int, list[OrderLine]] = {pk: [] for pk in order_ids}
    for line in OrderLine.objects.filter(order_id__in=list(order_ids)).order_by("order_id", "position"):
        lines[line.order_id].append(line)
    return lines


def refunds_of(order_id: int) -> list[Refund]:
    """Money given back on an order, in its order of time."""
    return list(Refund.objects.filter(order_id=order_id).order_by("refunded_at", "pk"))


def alike_lines(channel_id: int, external_sku: str) -> int:
    """How many unmatched lines of a channel carry a code."""
    return _unmatched_lines().filter(order__channel_id=channel_id, external_sku__iexact=external_sku).count()


def line_of(order_id: int, position: int) -> OrderLine | None:
    return OrderLine.objects.filter(order_id=order_id, position=position).first()


def open_problems_of(order_ids: Collection[int]) -> dict[int, list[Problem]]:
    """Open problems by order id; one query."""
    problems: dict[int, list[Problem]] = {pk: [] for pk in order_ids}
    for problem in Problem.objects.filter(order_id__in=list(order_ids), resolved_at__isnull=True).order_by("pk"):
        problems[problem.order_id].append(problem)
    return problems


def _unmatched_lines() -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(kind="product", product__isnull=True)


def _unmatched_order_ids() -> list[int]:
    """The newest COUNTED orders with an unmatched line.

    Asked for first: the planner takes “product” and “no product” for independent, and expects thousands of times more.
    """
    found = _unmatched_lines().order_by("-order_id").values_list("order_id", flat=True)
    return list(dict.fromkeys(found[:COUNTED]))


def unmatched_codes(limit: int = 200) -> list[dict[str, Any]]:
    """Codes that no product is known for, those with the most lines first.

    {order__channel__code, …__name, …__color, external_sku, lines, quantity, example: a name that came with it}
    """
    rows = (
        _unmatched_lines()
        .filter(external_sku__isnull=False, order_id__any=_unmatched_order_ids())
        .values("order__channel__code", "order__channel__name", "order__channel__color", "external_sku")
        .annotate(lines=Count("pk"), quantity=Sum("quantity"), example=Min("name"))
        .order_by("-lines", "external_sku")[:limit]
    )
    return list(rows)


def desk_counts() -> dict[str, int]:
    """What waits for a person: new orders, orders on hold, orders with problems; each counted to COUNTED + 1."""
    waiting = {"new": Q(status="new"), "on_hold": Q(status="on_hold"), "problems": Q(open_problems__gt=0)}
    return {name: Order.objects.filter(condition)[: COUNTED + 1].count() for name, condition in waiting.items()}


def customer_summary(customer_id: int) -> list[dict[str, Any]]:
    """What a customer has bought so far, by currency: {currency, orders, gross}; cancelled orders left out."""
    return list(
        Order.objects.filter(customer_id=customer_id)
        .exclude(status="cancelled")
        .values("currency")
        .annotate(orders=Count("pk"), gross=Sum("total_gross"))
        .order_by("currency")
    )


def place_among_customers_orders(order: Order) -> int:
    """The how-manieth order of its customer this is; cancelled orders left out (but for itself)."""
    earlier = Order.objects.filter(customer_id=order.customer_id).exclude(status="cancelled")
    return earlier.filter(Q(placed_at__lt=order.placed_at) | Q(placed_at=order.placed_at, pk__lt=order.pk)).count() + 1


def orders_seen(channel_id: int, *, placed_from: datetime) -> dict[str, tuple[str | None, Any]]:
    """What Pult knows of a channel's orders placed since then: external id → (shop's state, gross total)."""
    rows = Order.objects.filter(
        channel_id=channel_id, placed_at__gte=placed_from, external_id__isnull=False
    ).values_list("external_id", "external_status", "total_gross")
    return {external_id: (status, total) for external_id, status, total in rows}
