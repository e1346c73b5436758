"""What can be refused about orders: a code for programs, a sentence for people, and what to do next."""

from __future__ import annotations

from pult.lib.failures import UserError


class OrderError(UserError):
    """Anything about an order that was refused; nothing has changed."""


class StepRefused(OrderError):
    """The order's state does not allow the step."""

    def __init__(self, *, step: str, status: str) -> None:
        self.step = step
        self.status = status
        super().__init__(
            "The step “%(step)s” is not allowed while the order is “%(status)s”.",
            code="step_refused",
            params={"step": step, "status": status},
        )


class OrderNotFound(OrderError):
    """No order has the number."""

    def __init__(self, number: str) -> None:
        super().__init__("There is no order %(number)s.", code="order_not_found", params={"number": number})


class BadOrder(OrderError):
    """What a clerk or a program sent can't become an order; the sentence names the field."""


class OrderExists(OrderError):
    """The channel has an order with this external id, and it was told differently."""

    def __init__(self, *, external_id: str, number: str) -> None:
        self.number = number
        super().__init__(
            "The order “%(external_id)s” is here already as %(number)s, with another content.",
            code="external_id_taken",
            next_step="Change that order, or give the new one an external_id of its own.",
            params={"external_id": external_id, "number": number},
            field="external_id",
        )
