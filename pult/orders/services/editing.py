"""Edits of an order by people and programs."""

from __future__ import annotations

from typing import Any

from pult.history.services import acting
from pult.history.types import Actor
from pult.orders.errors import BadOrder
from pult.orders.models import Order
from pult.orders.rules.states import FINAL
from pult.orders.selectors import order_for_update
from pult.orders.services.arrivals import find_products
from pult.orders.services.changing import ChangeDraft

FREE_FIELDS = frozenset({"internal_note", "tags"})
"""What may be edited in any state."""

EDITABLE_FIELDS = FREE_FIELDS | {
    "customer_note",
    "billing_address",
    "shipping_address",
    "pickup_point",
    "tracking_numbers",
    "shipping_name",
    "payment_name",
}


def edit_order(number: str, *, actor: Actor, values: dict[str, Any]) -> Order:
    """Change fields of an order; `values` are fields of IncomingOrder, of EDITABLE_FIELDS.

    A finished order keeps everything but its internal note and tags. Raises BadOrder, OrderNotFound.
    """
    unknown = values.keys() - EDITABLE_FIELDS
    if unknown:
        raise BadOrder(
            "These fields can't be edited: %(fields)s.",
            code="not_editable",
            params={"fields": ", ".join(sorted(unknown))},
        )
    with acting(actor, "edited"):
        order = order_for_update(number)
        if order.status in FINAL and values.keys() - FREE_FIELDS:
            raise BadOrder(
                "Order %(number)s is finished: only its internal note and tags can be edited.",
                code="order_finished",
                params={"number": number},
            )
        draft = ChangeDraft([order], found=find_products(order.channel, ()))
        draft.set_fields(order, values)
        draft.save()
    return order
