"""Matching lines to products after the order has come."""

from __future__ import annotations

from pult.channels.models import SalesChannel
from pult.history.services import acting
from pult.history.types import Actor
from pult.lib.identifiers import sku_key
from pult.orders.errors import BadOrder
from pult.orders.models import OrderLine, SkuMatch
from pult.orders.selectors import order_for_update


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


def match_code_to_product(channel: SalesChannel, external_sku: str, *, product: tuple[int, str], actor: Actor) -> int:
    """Say what a channel's code means, once for always: every unmatched line with it, and every later order.

    Returns how many lines were matched.
    """
    key = sku_key(external_sku)
    if key is None:
        raise BadOrder("The line has no code to remember; match it alone.", code="no_code")
    with acting(actor, "matched"):
        SkuMatch.objects.update_or_create(channel=channel, external_sku=key, defaults={"product_id": product[0]})
        return OrderLine.objects.filter(
            order__channel=channel, kind="product", product__isnull=True, external_sku__iexact=external_sku
        ).update(product_id=product[0], sku=product[1])


def match_waiting_lines(*, sku: str, barcodes: list[str], product: tuple[int, str], actor: Actor) -> int:
    """Match the lines of every channel that were waiting for a product with this SKU or one of these barcodes."""
    with acting(actor, "matched"):
        waiting = OrderLine.objects.filter(kind="product", product__isnull=True)
        by_sku = waiting.filter(external_sku__iexact=sku).update(product_id=product[0], sku=product[1])
        by_code = waiting.filter(barcode__in=barcodes).update(product_id=product[0], sku=product[1]) if barcodes else 0
        return by_sku + by_code
