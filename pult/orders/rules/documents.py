"""Parts of an order as JSON and back: how snapshots, and differences that wait for a decision, are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import orjson

from pult.orders.types import Address, IncomingBuyer, IncomingLine, IncomingProblem, IncomingRefund, PickupPoint


def json_text(value: Any) -> str | None:
    """A snapshot as JSON text for the database; None stays None. Amounts become decimal strings."""
    return None if value is None else orjson.dumps(value, default=_default).decode()


def to_json(value: Any) -> Any:
    """A field of an incoming order as plain JSON values."""
    return orjson.loads(orjson.dumps(value, default=_default))


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(type(value).__name__)


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _time(value: Any) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


_LINE_AMOUNTS: Final = frozenset(f.name for f in fields(IncomingLine) if "Decimal" in str(f.type))


def _line(value: dict[str, Any]) -> IncomingLine:
    read: dict[str, Any] = {key: _decimal(item) if key in _LINE_AMOUNTS else item for key, item in value.items()}
    return IncomingLine(**read)


def _refund(value: dict[str, Any]) -> IncomingRefund:
    amounts = {key: Decimal(value[key]) for key in ("gross", "net", "vat")}
    return IncomingRefund(**{**value, **amounts, "refunded_at": datetime.fromisoformat(value["refunded_at"])})


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "buyer": lambda value: IncomingBuyer(**value),
    "billing_address": lambda value: value and Address(**value),
    "shipping_address": lambda value: value and Address(**value),
    "pickup_point": lambda value: value and PickupPoint(**value),
    "lines": lambda value: tuple(_line(line) for line in value),
    "refunds": lambda value: tuple(_refund(refund) for refund in value),
    "total_gross": _decimal,
    "total_vat": _decimal,
    "paid": _decimal,
    "paid_at": _time,
    "placed_at": _time,
    "modified_at": _time,
    "problems": lambda value: tuple(IncomingProblem(**problem) for problem in value),
    "coupons": tuple,
    "tags": tuple,
    "tracking_numbers": tuple,
}


def from_json(field: str, value: Any) -> Any:
    """The value of a field of an incoming order, from what `to_json` made of it."""
    reader = _READERS.get(field)
    return reader(value) if reader else value
