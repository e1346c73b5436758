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
