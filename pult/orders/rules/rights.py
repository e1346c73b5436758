"""Which right each step of an order's life needs (the actions of `accounts.rules.permissions`)."""

from __future__ import annotations

from typing import Final

STEP_ACTIONS: Final[dict[str, str]] = {
    "confirm": "orders.edit",
    "hold": "orders.edit",
    "release": "orders.edit",
    "process": "orders.fulfil",
    "ready": "orders.fulfil",
    "ship": "orders.fulfil",
    "complete": "orders.edit",
    "cancel": "orders.edit",
    "return": "orders.override",
    "reopen": "orders.override",
}
"""Every step of `states.STEPS`. Whoever may take any of them may do `orders.fulfil`, the least of these rights."""
