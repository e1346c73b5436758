"""What the shop changed of an order that is already here: applied, or put before a person.

Three stories meet: what the shop said before, what it says now, and what stands in Pult. Only what the shop changed is
touched; what people changed here stays. Once work on an order has begun only facts (money, the shop's own state, parcel
numbers) apply by themselves, and the rest waits in a problem that a person takes or refuses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection

from pult.lib.clock import now
from pult.lib.database import update_rows
from pult.lib.search import search_text
from pult.orders.models import Order, OrderLine, Problem, Refund
from pult.orders.rules.changes import FACT_FIELDS, PAYMENT_FIELDS, changed_fields, value_of
from pult.orders.rules.documents import from_json, to_json
from pult.orders.rules.matching import FoundProducts, match_line
from pult.orders.rules.states import (
    channel_may_change,
    channel_move,
    fulfilment_status_of,
    payment_status_of,
    step_to,
)
from pult.orders.rules.totals import find_problems
from pult.orders.services.arrivals import Arrival, Surroundings
from pult.orders.types import ZERO, IncomingBuyer, IncomingLine, IncomingOrder, IncomingRefund

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel

DIFFERENCE = "changed_in_shop"
MISFIT = "wrong_state_in_shop"


def mapped_status(channel: SalesChannel, incoming: IncomingOrder) -> str:
    """The Pult state of the shop's state: the channel's own map first, then the platform's table."""
    mapped: str | None = channel.status_map.get(incoming.external_status or "")
    return mapped or incoming.status


def apply_changes(channel: SalesChannel, items: Sequence[tuple[Arrival, Order]], around: Surroundings) -> set[int]:
    """Write what the channel changed of a set of locked orders; a constant number of queries.

    Returns the ids of the orders in which nothing changed: the channel told the same story in other bytes.
    """
    draft = ChangeDraft([order for _, order in items], found=around.found)
    same: set[int] = set()
    for arrival, order in items:
        incoming = arrival.incoming
        open_ = channel_may_change(order.status, moved_by=order.moved_by)
        if arrival.before is None:
            changed = draft.differing_fields(order, incoming)
        else:
            changed = changed_fields(arrival.before, incoming)
        applied = changed if open_ else changed & (PAYMENT_FIELDS | FACT_FIELDS)
        target = mapped_status(channel, incoming)
        if arrival.before is not None:
            before_status = mapped_status(channel, arrival.before)
        else:
            before_status = target if order.external_status == incoming.external_status else order.status
        waiting = {field: value_of(incoming, field) for field in changed - applied}
        earlier = {field: draft.standing(order, field, arrival) for field in waiting}
        draft.set_fields(order, {field: value_of(incoming, field) for field in applied})
        if "buyer" in applied:
            order.customer_id = around.customer_of(arrival)
        misfit = False
        if target != before_status:
            if open_:
                moved = channel_move(order.status, target, moved_by=order.moved_by)
                misfit = moved is None and target not in {order.status, "new"}
                if moved is not None:
                    order.status, order.moved_by = moved, "channel"
            else:
                misfit = target != order.status and step_to(order.status, target) is None
                if not misfit:
                    waiting["status"], earlier["status"] = target, before_status
        draft.keep_difference(order, arrival, waiting, earlier=earlier, applied=applied)
        if open_:
            draft.renew_problems(order, arrival)
        if target != before_status:
            draft.note_misfit(order, arrival, misfit=misfit)
        if not changed and target == before_status:
            same.add(order.pk)
        order.source_message_id = arrival.message_id
        order.source_checksum = arrival.checksum
        order.source_modified_at = incoming.modified_at
    draft.save()
    return same


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


def _without_own_id(value: Any) -> Any:
    """A buyer without the channel's own id of them, which an order does not keep."""
    return replace(value, external_id=None) if isinstance(value, IncomingBuyer) else value


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
            gross = values.get("total_gross", order.total_gross)
            vat = values.get("total_vat", order.total_vat)
            order.total_gross, order.total_vat, order.total_net = gross, vat, gross - vat

    def standing(self, order: Order, field: str, arrival: Arrival) -> Any:
        """What the channel said of a field before; where that is not known, what stands here."""
        if arrival.before is not None:
            return value_of(arrival.before, field)
        if field == "buyer":
            return IncomingBuyer(
                **{f.name: getattr(order, f"buyer_{f.name}") for f in fields(IncomingBuyer) if f.name != "external_id"}
            )
        if field == "lines":
            names = [f.name for f in fields(IncomingLine)]
            return tuple(IncomingLine(**{n: getattr(line, n) for n in names}) for line in self._lines[order.pk])
        if field == "refunds":
            names = [f.name for f in fields(IncomingRefund)]
            found = Refund.objects.filter(order=order).order_by("pk")
            return tuple(IncomingRefund(**{n: getattr(refund, n) for n in names}) for refund in found)
        value = getattr(order, field)
        if field in _SNAPSHOT_FIELDS:
            return value and from_json(field, value)
        return tuple(value) if field in _LIST_FIELDS else value

    def differing_fields(self, order: Order, incoming: IncomingOrder) -> frozenset[str]:
        """The fields in which the channel's story differs from what stands here: its earlier one is not known."""
        nobody = Arrival(incoming)
        return frozenset(
            field
            for field in changed_fields(None, incoming)
            if _without_own_id(self.standing(order, field, nobody)) != _without_own_id(value_of(incoming, field))
        )

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

    def _set_lines(self, order: Order, lines: Iterable[IncomingLine]) -> None:
        """The shop's lines take the place of its earlier ones: told apart by its own line id, else by position."""
        # lists, because nothing keeps a channel from giving two lines one id
        old: dict[str, list[OrderLine]] = {}
        for line in self._lines[order.pk]:
            old.setdefault(line.external_id or f"#{line.position}", []).append(line)
        kept: list[OrderLine] = []
        for position, incoming in enumerate(lines, 1):
            same = old.get(incoming.external_id or f"#{position}")
            known = same.pop(0) if same else None
            if known is not None and known.product_id and known.external_sku == incoming.external_sku:
                product: tuple[int, str] | None = (known.product_id, known.sku or "")
            else:
                product = match_line(incoming, self._found)
            values = dict(zip(LINE_FIELDS, line_values(incoming, product), strict=True))
            if known is None:
                known = OrderLine(order=order, position=position, **values)
                self._new_lines.append(known)
            elif known.position != position or any(getattr(known, name) != value for name, value in values.items()):
                known.position = position
                for name, value in values.items():
                    setattr(known, name, value)
                self._changed_lines.append(known)
            kept.append(known)
        self._gone_lines.extend(line.pk for left in old.values() for line in left)
        self._lines[order.pk] = kept

    def keep_difference(
        self,
        order: Order,
        arrival: Arrival,
        waiting: Mapping[str, Any],
        *,
        earlier: Mapping[str, Any],
        applied: Collection[str],
    ) -> None:
        """Put what may not be applied before a person, together with what already waits.

        What the shop took back goes, and so does what has been applied since (the order may be open again).
        """
        problem = self._open.get((order.pk, DIFFERENCE))
        if not waiting and (problem is None or not applied):
            return
        kept: dict[str, Any] = dict(problem.params.get("changes", {})) if problem else {}
        changes = {field: pair for field, pair in kept.items() if field not in applied}
        for field, value in waiting.items():
            first = changes[field][0] if field in changes else to_json(earlier[field])
            changes[field] = [first, to_json(value)]
        changes = {
            field: pair
            for field, pair in changes.items()
            if from_json(field, pair[0]) != from_json(field, pair[1]) and (field, pair[1]) != ("status", order.status)
        }
        if changes == kept:
            return
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
        """Resolve problems that the order's new state no longer has, open new ones; what a person settled stays so."""
        found = {problem.code: problem.params for problem in find_problems(arrival.incoming)}
        earlier = {p.code: p.params for p in find_problems(arrival.before)} if arrival.before else {}
        for (order_id, code), problem in list(self._open.items()):
            if order_id == order.pk and code not in {DIFFERENCE, MISFIT} and code not in found:
                problem.resolved_at, problem.resolution = now(), "gone"
                self._problems.append(problem)
        for code, params in found.items():
            known = self._open.get((order.pk, code))
            if params == (earlier.get(code) if known is None else known.params):
                continue
            problem = known or Problem(order=order, code=code)
            problem.params, problem.message_id = params, arrival.message_id
            self._open[order.pk, code] = problem
            self._problems.append(problem)

    def note_misfit(self, order: Order, arrival: Arrival, *, misfit: bool) -> None:
        """Say that the shop's own state has gone where no step leads from here; it goes when the states fit again."""
        problem = self._open.get((order.pk, MISFIT))
        if misfit:
            problem = problem or Problem(order=order, code=MISFIT)
            problem.params = {"status": arrival.incoming.external_status or arrival.incoming.status}
            problem.message_id = arrival.message_id
            self._open[order.pk, MISFIT] = problem
            self._problems.append(problem)
        elif problem is not None:
            self.resolve(problem, "gone")

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
            update_rows(self._changed_lines, ["position", *LINE_FIELDS_FOR_UPDATE])
        if self._new_lines:
            OrderLine.objects.bulk_create(self._new_lines)
        self._save_refunds()
        unsaved = [problem for problem in self._problems if problem.pk is None]
        saved = {problem.pk: problem for problem in self._problems if problem.pk is not None}
        if saved:
            update_rows(saved.values(), ["params", "message_id", "resolved_at", "resolution"])
        if unsaved:
            Problem.objects.bulk_create({(p.order_id, p.code): p for p in unsaved}.values())
        update_rows(self._orders.values(), ORDER_FIELDS)

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
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM orders_refund WHERE order_id = ANY(%s) AND (order_id, external_id) NOT IN"
                " (SELECT * FROM unnest(%s::bigint[], %s::text[]))",
                [list(self._refunds), [row[0] for row in rows], [row[1] for row in rows]],
            )
            if not rows:
                return
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
