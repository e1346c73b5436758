"""What the shop changed of an order that is already here: applied, or put before a person.

Three stories meet: what the shop said before, what it says now, and what stands in Pult. Only what the shop changed is
touched; what people changed here stays. Once work on an order has begun only facts (money, the shop's own state, parcel
numbers) apply by themselves, and the rest waits in a problem that a person takes or refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.db import connection

from pult.channels.models import SalesChannel
from pult.lib.clock import now
from pult.lib.search import search_text
from pult.orders.models import Order, OrderLine, Problem, Refund
from pult.orders.rules.changes import FACT_FIELDS, PAYMENT_FIELDS, changed_fields
from pult.orders.rules.documents import to_json
from pult.orders.rules.matching import FoundProducts, match_line
from pult.orders.rules.states import channel_may_change, channel_move, fulfilment_status_of, payment_status_of
from pult.orders.rules.totals import find_problems
from pult.orders.services.arrivals import Arrival, Surroundings
from pult.orders.types import ZERO, IncomingBuyer, IncomingLine, IncomingOrder, IncomingRefund

DIFFERENCE = "changed_in_shop"


def mapped_status(channel: SalesChannel, incoming: IncomingOrder) -> str:
    """The Pult state of the shop's state: the channel's own map first, then the platform's table."""
    mapped: str | None = channel.status_map.get(incoming.external_status or "")
    return mapped or incoming.status


def apply_changes(channel: SalesChannel, items: Sequence[tuple[Arrival, Order]], around: Surroundings) -> None:
    """Write what the channel changed of a set of locked orders; a constant number of queries."""
    draft = ChangeDraft([order for _, order in items], found=around.found)
    for arrival, order in items:
        incoming = arrival.incoming
        open_ = channel_may_change(order.status, moved_by=order.moved_by)
        changed = changed_fields(arrival.before, incoming)
        applied = changed if open_ else changed & (PAYMENT_FIELDS | FACT_FIELDS)
        before_status = mapped_status(channel, arrival.before) if arrival.before else None
        target = mapped_status(channel, incoming)
        waiting = {field: getattr(incoming, field) for field in changed - applied}
        draft.set_fields(order, {field: getattr(incoming, field) for field in applied})
        if "buyer" in applied:
            order.customer_id = around.customer_of(arrival)
        if target != before_status:
            if open_:
                order.status = channel_move(order.status, target, moved_by=order.moved_by) or order.status
            elif target != order.status:
                waiting["status"] = target
        draft.keep_difference(order, arrival, waiting, before_status=before_status)
        if open_:
            draft.renew_problems(order, arrival)
        order.source_message_id = arrival.message_id
        order.source_checksum = arrival.checksum
        order.source_modified_at = incoming.modified_at
    draft.save()


def line_values(line: IncomingLine, product: tuple[int, str] | None) -> tuple[Any, ...]:
    """The columns of a line after its order and position."""
    return (
        line.external_id,
        line.kind,
        product[0] if product else None,
        product[1] if product else None,
        line.external_sku,
        line.barcode,
        line.name,
        line.note,
        line.quantity,
        line.unit,
        line.unit_price_net,
        line.unit_price_gross,
        line.discount_gross,
        line.vat_rate,
        line.vat_code,
        line.net,
        line.vat,
        line.gross,
    )


LINE_FIELDS = (
    "external_id",
    "kind",
    "product_id",
    "sku",
    "external_sku",
    "barcode",
    "name",
    "note",
    "quantity",
    "unit",
    "unit_price_net",
    "unit_price_gross",
    "discount_gross",
    "vat_rate",
    "vat_code",
    "net",
    "vat",
    "gross",
)

_PLAIN_FIELDS = frozenset(
    {
        "external_number",
        "external_status",
        "currency",
        "payment_method",
        "payment_name",
        "transaction_id",
        "paid",
        "paid_at",
        "shipping_method",
        "shipping_name",
        "customer_note",
        "internal_note",
    }
)
_LIST_FIELDS = frozenset({"tracking_numbers", "coupons", "tags"})
_SNAPSHOT_FIELDS = frozenset({"billing_address", "shipping_address", "pickup_point"})


class ChangeDraft:
    """Changes to a set of locked orders, gathered in memory and written together."""

    def __init__(self, orders: Sequence[Order], *, found: FoundProducts) -> None:
        self._orders = {order.pk: order for order in orders}
        self._found = found
        self._lines: dict[int, list[OrderLine]] = {pk: [] for pk in self._orders}
        for line in OrderLine.objects.filter(order_id__in=self._orders).order_by("position"):
            self._lines[line.order_id].append(line)
        self._open: dict[tuple[int, str], Problem] = {
            (problem.order_id, problem.code): problem
            for problem in Problem.objects.filter(order_id__in=self._orders, resolved_at__isnull=True)
        }
        self._new_lines: list[OrderLine] = []
        self._changed_lines: list[OrderLine] = []
        self._gone_lines: list[int] = []
        self._refunds: dict[int, Sequence[IncomingRefund]] = {}
        self._problems: list[Problem] = []

    def set_fields(self, order: Order, values: Mapping[str, Any]) -> None:
        """Put values of an incoming order on an order; states and search text follow."""
        for field, value in values.items():
            if field in _PLAIN_FIELDS:
                setattr(order, field, value)
            elif field in _LIST_FIELDS:
                setattr(order, field, list(value))
            elif field in _SNAPSHOT_FIELDS:
                setattr(order, field, asdict(value) if value else None)
            elif field == "buyer":
                self._set_buyer(order, value)
            elif field == "lines":
                self._set_lines(order, value)
            elif field == "refunds":
                self._refunds[order.pk] = value
                order.refunded = sum((refund.gross for refund in value), ZERO)
        if values.keys() & {"total_gross", "total_vat"}:
            self._set_totals(order, values)

    @staticmethod
    def _set_buyer(order: Order, buyer: IncomingBuyer) -> None:
        order.buyer_type = buyer.type
        order.buyer_name = buyer.name
        order.buyer_company = buyer.company
        order.buyer_email = buyer.email
        order.buyer_phone = buyer.phone
        order.buyer_tax_number = buyer.tax_number
        order.buyer_eu_tax_number = buyer.eu_tax_number
        order.buyer_group = buyer.group

    @staticmethod
    def _set_totals(order: Order, values: Mapping[str, Any]) -> None:
        gross: Decimal = values.get("total_gross", order.total_gross)
        vat: Decimal | None = values.get("total_vat", order.total_vat)
        if vat is None:
            vat = sum((line.vat for line in values.get("lines", ())), ZERO)
        order.total_gross, order.total_vat, order.total_net = gross, vat, gross - vat

    def _set_lines(self, order: Order, lines: Iterable[IncomingLine]) -> None:
        """The shop's lines take the place of its earlier ones: told apart by its own line id, else by position."""
        old = {line.external_id or f"#{line.position}": line for line in self._lines[order.pk]}
        kept: list[OrderLine] = []
        for position, incoming in enumerate(lines, 1):
            line = old.pop(incoming.external_id or f"#{position}", None)
            known = line is not None and line.external_sku == incoming.external_sku and line.product_id
            product = (line.product_id, line.sku) if line is not None and known else match_line(incoming, self._found)
            values = dict(zip(LINE_FIELDS, line_values(incoming, product), strict=True))
            if line is None:
                line = OrderLine(order=order, position=position, **values)
                self._new_lines.append(line)
            elif line.position != position or any(getattr(line, name) != value for name, value in values.items()):
                line.position = position
                for name, value in values.items():
                    setattr(line, name, value)
                self._changed_lines.append(line)
            kept.append(line)
        self._gone_lines.extend(line.pk for line in old.values())
        self._lines[order.pk] = kept

    def keep_difference(
        self, order: Order, arrival: Arrival, waiting: Mapping[str, Any], *, before_status: str | None
    ) -> None:
        """Put what may not be applied before a person, together with what already waits; what the shop took back goes."""
        problem = self._open.get((order.pk, DIFFERENCE))
        if not waiting and problem is None:
            return
        changes: dict[str, Any] = dict(problem.params.get("changes", {})) if problem else {}
        for field, value in waiting.items():
            new = to_json(value)
            if field in changes:
                first = changes[field][0]
            elif field == "status":
                first = before_status
            else:
                first = to_json(getattr(arrival.before, field)) if arrival.before else None
            changes[field] = [first, new]
        changes = {field: pair for field, pair in changes.items() if pair[0] != pair[1]}
        if not changes:
            if problem:
                problem.resolved_at, problem.resolution = now(), "taken_back"
                self._problems.append(problem)
            return
        problem = problem or Problem(order=order, code=DIFFERENCE)
        problem.params = {"fields": sorted(changes), "changes": changes}
        problem.message_id = arrival.message_id
        self._open[order.pk, DIFFERENCE] = problem
        self._problems.append(problem)

    def renew_problems(self, order: Order, arrival: Arrival) -> None:
        """Problems that the order's new state no longer has are resolved; new ones open; what a person settled stays so."""
        found = {problem.code: problem.params for problem in find_problems(arrival.incoming)}
        earlier = {p.code: p.params for p in find_problems(arrival.before)} if arrival.before else {}
        for (order_id, code), problem in list(self._open.items()):
            if order_id == order.pk and code != DIFFERENCE and code not in found:
                problem.resolved_at, problem.resolution = now(), "gone"
                self._problems.append(problem)
        for code, params in found.items():
            problem = self._open.get((order.pk, code))
            if problem is None and earlier.get(code) != params:
                problem = Problem(order=order, code=code)
            elif problem is None or problem.params == params:
                continue
            problem.params, problem.message_id = params, arrival.message_id
            self._open[order.pk, code] = problem
            self._problems.append(problem)

    def resolve(self, problem: Problem, resolution: str) -> None:
        """Close a problem of one of the orders."""
        problem.resolved_at, problem.resolution = now(), resolution
        self._open.pop((problem.order_id, problem.code), None)
        self._problems.append(problem)

    def save(self) -> None:
        """Write everything: a constant number of statements, each leaving its trace in the history."""
        for order in self._orders.values():
            self._derive(order)
        if self._gone_lines:
            OrderLine.objects.filter(pk__in=self._gone_lines).delete()
        if self._changed_lines:
            OrderLine.objects.bulk_update(self._changed_lines, ["position", *LINE_FIELDS_FOR_UPDATE])
        if self._new_lines:
            OrderLine.objects.bulk_create(self._new_lines)
        self._save_refunds()
        unsaved = [problem for problem in self._problems if problem.pk is None]
        saved = {problem.pk: problem for problem in self._problems if problem.pk is not None}
        if saved:
            Problem.objects.bulk_update(saved.values(), ["params", "message_id", "resolved_at", "resolution"])
        if unsaved:
            Problem.objects.bulk_create({(p.order_id, p.code): p for p in unsaved}.values())
        Order.objects.bulk_update(self._orders.values(), ORDER_FIELDS)

    def _derive(self, order: Order) -> None:
        order.payment_status = payment_status_of(
            total=order.total_gross, paid=Decimal(order.paid), refunded=Decimal(order.refunded)
        )
        order.fulfilment_status = fulfilment_status_of(order.status)
        order.open_problems = sum(
            1 for (order_id, _), p in self._open.items() if order_id == order.pk and p.resolved_at is None
        )
        order.search_text = search_text(
            (order.number, order.external_number, order.buyer_company, order.buyer_name, order.buyer_email),
            phone=order.buyer_phone,
            codes=(code for line in self._lines[order.pk] for code in (line.external_sku, line.sku)),
        )

    def _save_refunds(self) -> None:
        if not self._refunds:
            return
        rows = [
            (pk, r.external_id, r.gross, r.net, r.vat, r.refunded_at, r.reason)
            for pk, refunds in self._refunds.items()
            for r in refunds
        ]
        gone = Refund.objects.filter(order_id__in=self._refunds)
        for pk, refunds in self._refunds.items():
            gone = gone.exclude(order_id=pk, external_id__in=[r.external_id for r in refunds])
        gone.delete()
        if not rows:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO orders_refund (order_id, external_id, gross, net, vat, refunded_at, reason)"
                " SELECT * FROM unnest(%s::bigint[], %s::text[], %s::numeric[], %s::numeric[], %s::numeric[],"
                " %s::timestamptz[], %s::text[])"
                " ON CONFLICT (order_id, external_id) DO UPDATE SET gross = excluded.gross, net = excluded.net,"
                " vat = excluded.vat, refunded_at = excluded.refunded_at, reason = excluded.reason"
                " WHERE (orders_refund.gross, orders_refund.vat, orders_refund.refunded_at)"
                " IS DISTINCT FROM (excluded.gross, excluded.vat, excluded.refunded_at)",
                [list(column) for column in zip(*rows, strict=True)],
            )


LINE_FIELDS_FOR_UPDATE = tuple("product" if name == "product_id" else name for name in LINE_FIELDS)

ORDER_FIELDS = (
    "external_number",
    "external_status",
    "status",
    "moved_by",
    "payment_status",
    "fulfilment_status",
    "currency",
    "customer",
    "buyer_type",
    "buyer_name",
    "buyer_company",
    "buyer_email",
    "buyer_phone",
    "buyer_tax_number",
    "buyer_eu_tax_number",
    "buyer_group",
    "billing_address",
    "shipping_address",
    "pickup_point",
    "payment_method",
    "payment_name",
    "transaction_id",
    "paid",
    "paid_at",
    "refunded",
    "shipping_method",
    "shipping_name",
    "tracking_numbers",
    "total_net",
    "total_vat",
    "total_gross",
    "customer_note",
    "internal_note",
    "coupons",
    "tags",
    "source_message_id",
    "source_checksum",
    "source_modified_at",
    "open_problems",
    "search_text",
)
