"""Roles and what each may do: the one table that pages, API and menu ask."""

from __future__ import annotations

from typing import Final

ROLES: Final = ("admin", "manager", "clerk", "cashier", "warehouse", "viewer")

_SEE: Final = frozenset({"orders.view", "catalogue.view", "customers.view"})
_WORK: Final = _SEE | {
    "orders.fulfil",
    "orders.edit",
    "orders.create",
    "orders.match",
    "catalogue.edit",
    "customers.edit",
    "inbox.view",
}
_MANAGE: Final = _WORK | {
    "orders.override",
    "channels.view",
    "channels.edit",
    "channels.sync",
    "inbox.retry",
    "reports.view",
}

ACTIONS_BY_ROLE: Final[dict[str, frozenset[str]]] = {
    "admin": _MANAGE | {"accounts.view", "accounts.edit", "system.view"},
    "manager": _MANAGE,
    "clerk": _WORK | {"channels.view"},
    "cashier": _SEE,
    "warehouse": _SEE | {"orders.fulfil"},
    "viewer": _SEE | {"channels.view", "reports.view"},
}
"""Every action an entrance may ask for, by role. `orders.fulfil`: process, ready, ship; `orders.edit` includes it."""

ACTIONS: Final = frozenset().union(*ACTIONS_BY_ROLE.values())


def can(role: str, action: str) -> bool:
    """Whether a role may do an action. An unknown role may nothing; an unknown action is a defect: KeyError."""
    if action not in ACTIONS:
        raise KeyError(action)
    return action in ACTIONS_BY_ROLE.get(role, frozenset())
