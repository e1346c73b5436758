"""What a person decides about an order's problems."""

from __future__ import annotations

from pult.customers.services import match_or_create_customers
from pult.history.services import acting
from pult.history.types import Actor
from pult.orders.errors import BadOrder
from pult.orders.models import Order, Problem
from pult.orders.rules.documents import from_json
from pult.orders.rules.states import check_step, step_to
from pult.orders.selectors import order_for_update
from pult.orders.services.arrivals import buyer_of, find_products
from pult.orders.services.changing import DIFFERENCE, ChangeDraft


def take_difference(number: str, *, actor: Actor) -> Order:
    """Make the order what the shop says now: the changes that came after work had begun are applied."""
    with acting(actor, "took_shop_change"):
        order = order_for_update(number)
        problem = _open_problem(order, DIFFERENCE)
        values = {field: from_json(field, pair[1]) for field, pair in problem.params["changes"].items()}
        target = values.pop("status", None)
        draft = ChangeDraft([order], found=find_products(order.channel, values.get("lines", ())))
        draft.set_fields(order, values)
        if "buyer" in values:
            (order.customer_id,) = match_or_create_customers([buyer_of(order.channel, values["buyer"])])
        if target and target != order.status:
            if (step := step_to(order.status, target)) is None:
                raise BadOrder(
                    "No step leads from “%(status)s” to the shop's state; refuse the change and edit the order here.",
                    code="step_refused",
                    params={"status": order.status},
                )
            order.status = check_step(order.status, step)
            order.moved_by = "pult"
        draft.resolve(problem, "taken")
        draft.save()
    return order


def refuse_difference(number: str, *, actor: Actor) -> Order:
    """Keep the order as it is here; the shop's change is put aside, and stays in the history and in the raw message."""
    with acting(actor, "refused_shop_change"):
        order = order_for_update(number)
        return _settle(order, _open_problem(order, DIFFERENCE), "refused")


def settle_problem(number: str, code: str, *, actor: Actor) -> Order:
    """Note that a person has seen to a problem."""
    if code == DIFFERENCE:
        raise BadOrder("A change in the shop is taken or refused, not settled.", code="decide_difference")
    with acting(actor, "settled", data={"problem": code}):
        order = order_for_update(number)
        return _settle(order, _open_problem(order, code), "settled")


def _settle(order: Order, problem: Problem, resolution: str) -> Order:
    draft = ChangeDraft([order], found=find_products(order.channel, ()))
    draft.resolve(problem, resolution)
    draft.save()
    return order


def _open_problem(order: Order, code: str) -> Problem:
    problem = Problem.objects.select_for_update().filter(order=order, code=code, resolved_at__isnull=True).first()
    if problem is None:
        raise BadOrder(
            "Order %(number)s has no open problem “%(problem)s” (any more).",
            code="no_such_problem",
            params={"number": order.number, "problem": code},
        )
    return problem
