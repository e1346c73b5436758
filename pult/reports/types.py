"""The shapes of reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class TurnoverRow:
    """Turnover of one currency, of one channel and one day where the report is split by them (else None).

    `orders` counts orders by the day they were placed; a refund takes its amounts off its own day and counts none.
    """

    channel: str | None
    day: date | None
    currency: str
    orders: int
    net: Decimal
    vat: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True)
class DayFigures:
    """Orders and gross turnover of a stretch of time, in one currency."""

    currency: str
    orders: int
    gross: Decimal


@dataclass(frozen=True, slots=True)
class Overview:
    """Today so far, beside the same weekday last week up to the same time of day and as a whole; by currency."""

    day: date
    today: list[DayFigures]
    last_week_so_far: list[DayFigures]
    last_week: list[DayFigures]


@dataclass(frozen=True, slots=True)
class Series:
    """The gross turnover of one channel, an amount for each day; colour by the channel's own token."""

    channel: str
    name: str
    color: str
    gross: list[Decimal]
    orders: list[int]


@dataclass(frozen=True, slots=True)
class DailyTurnover:
    """Days on one axis, a series for each channel that sold anything, in one currency."""

    currency: str
    days: list[date]
    series: list[Series]


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """How a channel stands, for the overview: `state` of channels.rules.health, its failure in words."""

    code: str
    name: str
    kind: str
    platform: str | None
    color: str
    state: str
    since: datetime | None
    failure_code: str | None
    failure: str | None
    last_order_at: datetime | None
    webhooks_working: bool | None
