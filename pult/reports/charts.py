"""Reports as figures: what a chart and its table show, put together from rows of turnover."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import get_language

from pult.reports.types import TurnoverRow
from pult.ui.templatetags.pult_ui import colour_of

MOST_DAYS: Final = 92
"""Bars of days a chart can bear; a longer period is drawn by months."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Orders and amounts of some rows."""

    orders: int
    net: Decimal
    vat: Decimal
    gross: Decimal


def sum_of(rows: Iterable[TurnoverRow]) -> Sum:
    """The rows added up; nothing is computed anew."""
    kept = list(rows)
    zero = Decimal(0)
    return Sum(
        sum(row.orders for row in kept),
        sum((row.net for row in kept), zero),
        sum((row.vat for row in kept), zero),
        sum((row.gross for row in kept), zero),
    )


def grouped(rows: Iterable[TurnoverRow], key: Callable[[TurnoverRow], Any]) -> dict[Any, list[TurnoverRow]]:
    """Rows by a key, in the order in which the keys come first."""
    groups: dict[Any, list[TurnoverRow]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def short_day(of: date) -> str:
    """`nov. 25.`, `25 Nov`."""
    return date_format(of, "j M" if _english() else "N j.", use_l10n=False)


def short_month(of: date) -> str:
    """`2026. nov.`, `Nov 2026`."""
    return date_format(of, "M Y" if _english() else "Y. N", use_l10n=False)


def _english() -> bool:
    return (get_language() or "hu").startswith("en")


def stacked_days(
    rows: Sequence[TurnoverRow],
    *,
    first: date,
    last: date,
    names: Mapping[str, str],
    colours: Mapping[str, int] | None = None,
) -> tuple[list[str], list[dict[str, Any]]]:
    """Labels and a series a channel of gross turnover: by days, or by months when the period is long."""
    by_month = (last - first).days >= MOST_DAYS
    days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    slots = list(dict.fromkeys(day.replace(day=1) for day in days)) if by_month else days
    labels = [short_month(slot) if by_month else short_day(slot) for slot in slots]
    series = []
    for code, own in grouped(rows, lambda row: row.channel or "").items():
        amounts: dict[date, Decimal] = {}
        for row in own:
            if row.day is not None:
                slot = row.day.replace(day=1) if by_month else row.day
                amounts[slot] = amounts.get(slot, Decimal(0)) + row.gross
        series.append(
            {
                "name": names.get(code, code),
                "values": [amounts.get(slot, Decimal(0)) for slot in slots],
                "colour": (colours or {}).get(code) or colour_of(code),
            }
        )
    return labels, distinct(sorted(series, key=lambda one: -sum(one["values"])))


def distinct(series: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same series, none in the colour of an earlier one while there are colours left: no two bars look alike."""
    taken: set[int] = set()
    for one in series:
        free = [colour for colour in range(1, 9) if colour not in taken]
        if one["colour"] in taken and free:
            one["colour"] = free[0]
        taken.add(one["colour"])
    return series
