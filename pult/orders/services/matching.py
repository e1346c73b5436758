"""Matching lines to products after the order has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat

from pult.history.services import acting
from pult.history.types import Actor
from pult.lib.identifiers import sku_key
from pult.lib.search import fold
from pult.orders.errors import BadOrder
from pult.orders.models import Order, OrderLine, SkuMatch
from pult.orders.rules.matching import MATCHED_KINDS
from pult.orders.selectors import order_for_update

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel


LONGEST_CODE = 500


def match_line_to_product(number: str, position: int, *, product: tuple[int, str], actor: Actor) -> None:
    """Say which product one line means; `product` is (id, SKU). Only this line changes."""
    with acting(actor, "matched"):
        order = order_for_update(number)
        line = OrderLine.objects.filter(order=order, position=position).first()
        if line is None:
            raise BadOrder(
                "Order %(number)s has no line %(position)s.",
                code="no_such_line",
                params={"number": number, "position": position},
            )
        line.product_id, line.sku = product
        line.save(update_fields=["product", "sku"])
        _make_findable([order.pk], product[1])


def match_code_to_product(channel: SalesChannel, external_sku: str, *, product: tuple[int, str], actor: Actor) -> int:
    """Say what a channel's code means, once for always: every unmatched line with it, and every later order.

    Returns how many lines were matched.
    """
    key = sku_key(external_sku)
    if key is None:
        raise BadOrder("The line has no code to remember; match it alone.", code="no_code")
    if len(key) > LONGEST_CODE:
        raise BadOrder("The line's code is too long to remember; match it alone.", code="code_too_long")
    with acting(actor, "matched"):
        SkuMatch.objects.update_or_create(channel=channel, external_sku=key, defaults={"product_id": product[0]})
        waiting = _waiting().filter(order__channel=channel, external_sku__isnull=False)
        alike = [code for code in waiting.values_list("external_sku", flat=True).distinct() if sku_key(code) == key]
        return _match(waiting.filter(external_sku__in=alike), product)


def match_waiting_lines(*, sku: str, barcodes: list[str], product: tuple[int, str], actor: Actor) -> int:
    """Match the lines of every channel that were waiting for a product with this SKU or one of these barcodes."""
    with acting(actor, "matched"):
        return _match(_waiting().filter(Q(external_sku__iexact=sku) | Q(barcode__in=barcodes)), product)


def _waiting() -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(kind__in=MATCHED_KINDS, product__isnull=True)


def _match(lines: QuerySet[OrderLine], product: tuple[int, str]) -> int:
    # orders first, as everywhere: who takes lines first would meet a synchronisation in a deadlock
    orders = Order.objects.filter(pk__in=lines.values("order_id")).order_by("pk").select_for_update(of=("self",))
    ids = list(orders.values_list("pk", flat=True))
    matched = lines.filter(order_id__in=ids).update(product_id=product[0], sku=product[1])
    _make_findable(ids, product[1])
    return matched


def _make_findable(order_ids: list[int], sku: str) -> None:
    """Let the orders be found by the SKU that their lines now have."""
    term = fold(sku)
    unaware = Order.objects.filter(pk__in=order_ids).exclude(search_text__contains=term)
    unaware.update(search_text=Concat("search_text", Value(f" {term}")))
