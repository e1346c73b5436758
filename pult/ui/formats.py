"""Numbers and moments as people read them, in Hungarian and English. Pure: no Django, no clock."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from pult.lib.currencies import money_unit

NARROW_SPACE = "\u202f"  # narrow and unbreakable: a number never parts from its unit at a line's end
MINUS = "\u2212"

# What a reader writes for the currency; any other is shown by its code.
_SYMBOLS = {"HUF": "Ft", "EUR": "€", "USD": "$", "GBP": "£"}
_BEFORE_IN_ENGLISH = {"EUR", "USD", "GBP"}
_MOST_DECIMALS = 4


class RelativeTime(NamedTuple):
    """How far a moment is: `unit` is now, minute, hour or date; `steps` is negative for the past."""

    unit: str
    steps: int


def format_number(value: Decimal | int, *, language: str, decimals: int = 0) -> str:
    """A number with grouped thousands and at least `decimals` places; more are shown when it has more (up to four)."""
    number = Decimal(value)
    if not number.is_finite():
        return "–"
    plain = f"{abs(number):.{_MOST_DECIMALS}f}"
    whole, _, fraction = plain.partition(".")
    fraction = fraction.rstrip("0").ljust(decimals, "0")
    group, point = (",", ".") if language == "en" else (NARROW_SPACE, ",")
    grouped = f"{int(whole):,}".replace(",", group)
    shown = f"{grouped}{point}{fraction}" if fraction else grouped
    is_zero = not shown.strip("0.," + NARROW_SPACE)
    return MINUS + shown if number < 0 and not is_zero else shown


def format_money(amount: Decimal | int, currency: str, *, language: str) -> str:
    """An amount with its currency: `12 345 Ft`, `1 234,50 €`; in English `12,345 Ft`, `€1,234.50`.

    A whole-unit currency shows a fraction only when there is one; nothing is rounded within four places.
    """
    figure = format_number(amount, language=language, decimals=-int(money_unit(currency).as_tuple().exponent))
    symbol = _SYMBOLS.get(currency, currency)
    if language == "en" and currency in _BEFORE_IN_ENGLISH:
        return f"{MINUS}{symbol}{figure[1:]}" if figure.startswith(MINUS) else f"{symbol}{figure}"
    return f"{figure}{NARROW_SPACE}{symbol}".rstrip()


def relative_time(moment: datetime, *, now: datetime) -> RelativeTime:
    """The distance of `moment` from `now` in the largest whole unit; beyond a day the unit is `date`.

    The script that refreshes the times on an open page (`live_time.js`) follows the same steps.
    """
    distance = moment - now
    sign = -1 if distance < timedelta(0) else 1
    seconds = int(abs(distance).total_seconds())
    if seconds < 60:
        return RelativeTime("now", 0)
    if seconds < 3600:
        return RelativeTime("minute", sign * (seconds // 60))
    if seconds < 86400:
        return RelativeTime("hour", sign * (seconds // 3600))
    return RelativeTime("date", 0)
