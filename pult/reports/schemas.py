"""The form of reports outside Pult."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ninja import Schema
from pydantic import Field

from pult.lib.money import format_amount
from pult.lib.shapes import Day, Document, Search
from pult.reports.types import TurnoverRow


def turnover_document(rows: Iterable[TurnoverRow]) -> dict[str, Any]:
    """A turnover report; `channel` and `day` are null where it is not split by them."""
    return {
        "items": [
            {
                "channel": row.channel,
                "day": row.day.isoformat() if row.day else None,
                "currency": row.currency,
                "orders": row.orders,
                "net": format_amount(row.net, row.currency),
                "vat": format_amount(row.vat, row.currency),
                "gross": format_amount(row.gross, row.currency),
            }
            for row in rows
        ]
    }


class TurnoverItem(Document):
    channel: str | None
    day: str | None
    currency: str
    orders: int
    net: str
    vat: str
    gross: str


class TurnoverShape(Document):
    """Turnover by currency, and by channel and day where asked for; the parts add up to the whole."""

    items: list[TurnoverItem]


class TurnoverQuery(Schema):
    from_: Day = Field(alias="from", description="The first day, in the company's time zone.")
    to: Day = Field(description="The last day; it is included.")
    by: Search = Field(
        "channel,day", description="channel, day, or both with a comma; empty for the whole, by currency."
    )
