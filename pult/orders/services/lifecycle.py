"""The steps of an order's life. `move_order` alone carries a person's or a program's step out."""

from __future__ import annotations

from pult.history.services import acting
from pult.history.types import Actor
from pult.orders.models import Order
from pult.orders.rules.states import check_step, fulfilment_status_of
from pult.orders.selectors import order_for_update


def move_order(number: str, step: str, *, actor: Actor, reason: str | None = None) -> Order:
    """Take one step of `rules.states.STEPS` (confirm, hold, release, process, ready, ship, complete, cancel…).

    Raises StepRefused if the order's state does not allow it; the state is checked under the row's lock.
    """
    with acting(actor, step, data={"reason": reason} if reason else None):
        order = order_for_update(number)
        order.status = check_step(order.status, step)
        order.fulfilment_status = fulfilment_status_of(order.status)
        order.moved_by = "pult"
        order.save(update_fields=["status", "fulfilment_status", "moved_by"])
    return order
