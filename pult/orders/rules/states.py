"""The life cycle of an order: which step leads where, and the two states derived beside it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from pult.orders.errors import StepRefused

STATUSES: Final = (
    "new",
    "confirmed",
    "on_hold",
    "processing",
    "ready",
    "shipped",
    "completed",
    "cancelled",
    "returned",
)
PAYMENT_STATUSES: Final = ("unpaid", "partly_paid", "paid", "partly_refunded", "refunded")
FULFILMENT_STATUSES: Final = ("unfulfilled", "partly_fulfilled", "fulfilled", "returned")

STEPS: Final[dict[str, tuple[str, frozenset[str]]]] = {
    "confirm": ("confirmed", frozenset({"new", "on_hold"})),
    "hold": ("on_hold", frozenset({"new", "confirmed"})),
    "release": ("new", frozenset({"on_hold"})),
    "process": ("processing", frozenset({"new", "confirmed"})),
    "ready": ("ready", frozenset({"processing"})),
    "ship": ("shipped", frozenset({"processing", "ready"})),
    "complete": ("completed", frozenset({"confirmed", "processing", "ready", "shipped"})),
    "cancel": ("cancelled", frozenset({"new", "confirmed", "on_hold", "processing", "ready"})),
    "return": ("returned", frozenset({"shipped", "completed"})),
    "reopen": ("new", frozenset({"cancelled"})),
}
"""Every step a person or program may take: where it leads, and from which states."""

NEXT_STEP: Final = {
    "new": "confirm",
    "on_hold": "release",
    "confirmed": "process",
    "processing": "ready",
    "ready": "ship",
    "shipped": "complete",
}
"""The one step an order page offers first."""

OPEN_TO_CHANNEL: Final = frozenset({"new", "confirmed", "on_hold"})
"""Until work begins, what the shop changes is applied; afterwards a person decides."""

FINAL: Final = frozenset({"completed", "cancelled", "returned"})

CHANNEL_MOVES: Final[dict[str, frozenset[str]]] = {
    "new": frozenset({"on_hold", "completed", "cancelled", "returned"}),
    "confirmed": frozenset({"on_hold", "completed", "cancelled", "returned"}),
    "on_hold": frozenset({"new", "completed", "cancelled", "returned"}),
    "completed": frozenset({"new", "on_hold", "cancelled", "returned"}),
    "cancelled": frozenset({"new", "on_hold", "completed", "returned"}),
    "returned": frozenset({"new", "on_hold", "completed", "cancelled"}),
}
"""Where a shop's own change of state may take an order that the shop may still move."""


def check_step(status: str, step: str) -> str:
    """The state that `step` leads to from `status`. Raises StepRefused if it is not allowed, KeyError if unknown."""
    target, sources = STEPS[step]
    if status not in sources:
        raise StepRefused(step=step, status=status)
    return target


def steps_from(status: str) -> list[str]:
    """The steps that are allowed from a state, in the order of the work."""
    return [step for step, (_, sources) in STEPS.items() if status in sources]


def step_to(status: str, target: str) -> str | None:
    """The step that leads from one state to another; None if there is none."""
    return next((step for step, (end, sources) in STEPS.items() if end == target and status in sources), None)


def channel_may_change(status: str, *, moved_by: str) -> bool:
    """Whether a shop's change is applied by itself: before work has begun, or while only the shop moved the order."""
    return status in OPEN_TO_CHANNEL or (status in FINAL and moved_by == "channel")


def channel_move(status: str, target: str, *, moved_by: str) -> str | None:
    """The state a shop's own change of state leads to; None if it may not lead there, or changes nothing.

    A shop that says `new` again does not take back that a person has confirmed the order.
    """
    if status == target or not channel_may_change(status, moved_by=moved_by):
        return None
    if status == "confirmed" and target == "new":
        return None
    return target if target in CHANNEL_MOVES.get(status, frozenset()) else None


def payment_status_of(*, total: Decimal, paid: Decimal, refunded: Decimal) -> str:
    """The payment state that follows from the amounts; an order that costs nothing is paid."""
    if refunded > 0:
        return "refunded" if refunded >= (paid if paid > 0 else total) else "partly_refunded"
    if paid >= total:
        return "paid"
    return "partly_paid" if paid > 0 else "unpaid"


def fulfilment_status_of(status: str, *, shipped_parts: Iterable[bool] = ()) -> str:
    """The fulfilment state that follows from the order's state and, once there are shipments, from its parts."""
    if status == "returned":
        return "returned"
    if status in {"shipped", "completed"}:
        return "fulfilled"
    parts = list(shipped_parts)
    if parts and all(parts):
        return "fulfilled"
    return "partly_fulfilled" if any(parts) else "unfulfilled"
