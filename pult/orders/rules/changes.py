"""What a message means for an order that is already here."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from typing import Any, Final

from pult.orders.rules.totals import order_totals, refunds_by_id
from pult.orders.types import IncomingOrder


class Verdict(Enum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Written:
    """What an order was last written from: the message, its checksum, the channel's own time of it."""

    message_id: int | None
    checksum: bytes | None
    modified_at: datetime | None


def compare(
    written: Written | None, incoming: IncomingOrder, *, message_id: int | None, checksum: bytes | None
) -> Verdict:
    """New, Changed, Same, or Stale: older than what the order was last written from.

    The channel's own time decides; within the same second the order in which the messages were kept does.
    """
    if written is None:
        return Verdict.NEW
    if checksum is not None and checksum == written.checksum:
        return Verdict.SAME
    if incoming.modified_at and written.modified_at and incoming.modified_at != written.modified_at:
        return Verdict.STALE if incoming.modified_at < written.modified_at else Verdict.CHANGED
    if message_id is not None and written.message_id is not None and message_id < written.message_id:
        return Verdict.STALE
    return Verdict.CHANGED


PAYMENT_FIELDS: Final = frozenset({"payment_method", "payment_name", "transaction_id", "paid", "paid_at", "refunds"})
"""Facts of money: they apply whatever state the order is in."""

FACT_FIELDS: Final = frozenset({"external_status", "external_number", "tracking_numbers"})
"""What the shop says of itself: kept as it says, never a question."""

IDENTITY_FIELDS: Final = frozenset({"external_id", "reuse_mark", "modified_at", "placed_at", "problems", "status"})
"""Never applied as a field: they say which order it is, or are handled by their own rule (`status`: the life cycle)."""


def changed_fields(before: IncomingOrder | None, now: IncomingOrder) -> frozenset[str]:
    """The fields in which the channel's story changed; all of them when the earlier one is not known."""
    if before is None:
        return frozenset(f.name for f in fields(IncomingOrder)) - IDENTITY_FIELDS
    return frozenset(
        f.name
        for f in fields(IncomingOrder)
        if f.name not in IDENTITY_FIELDS and value_of(before, f.name) != value_of(now, f.name)
    )


def value_of(incoming: IncomingOrder, field: str) -> Any:
    """A field as it is written: the total's VAT is the lines' where the channel says none, each refund counts once."""
    if field == "total_vat":
        return order_totals(incoming).vat
    if field == "refunds":
        return tuple(refunds_by_id(incoming).values())
    return getattr(incoming, field)
