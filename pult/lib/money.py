"""Amounts: reading, rounding, sharing out and writing them. Nowhere else is an amount rounded.

Rounding is half up, symmetric in sign (-2.5 becomes -3): a refund mirrors the sale. Numbers to check against stand in
tests/vectors/money.json.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Final

from pult.lib.currencies import cash_step, minor_units, money_unit

# Wide enough that no sum or product of readable numbers loses a digit (Python's default is 28 digits).
EXACT: Final = Context(prec=120, rounding=ROUND_HALF_UP)

LARGEST: Final = Decimal(10) ** 15
SMALLEST_EXPONENT: Final = -30
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


class NotANumber(ValueError):
    """The text is no decimal number, or one so large or so fine that it can only be a mistake."""


def parse_decimal(value: object) -> Decimal:
    """The number in `value`: a text with a decimal point, or a JSON number (a float by its shortest form).

    Raises `NotANumber` for anything else: NaN, infinity, commas, grouped digits, booleans, more than 10^15, more than
    30 decimals.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise NotANumber(f"{type(value).__name__} is no number")
    if isinstance(value, int) and abs(value) > LARGEST:  # before str(), which refuses very long integers
        raise NotANumber("larger than 10^15")
    text = repr(value) if isinstance(value, float) else str(value).strip()
    if len(text) > 80 or not _NUMBER.fullmatch(text):
        raise NotANumber(f"not a decimal number: {text[:40]!r}")
    number = Decimal(text)
    if not number:
        return Decimal(0)
    if abs(number) > LARGEST:
        raise NotANumber(f"larger than 10^15: {text[:40]}")
    if _exponent(number) < SMALLEST_EXPONENT:
        raise NotANumber(f"more than 30 decimals: {text[:40]}")
    return number


def round_to_step(amount: Decimal, step: Decimal) -> Decimal:
    """The multiple of `step` nearest to `amount`; half way goes away from zero; never a negative zero."""
    steps = EXACT.divide(amount, step).quantize(Decimal(1), context=EXACT)
    return EXACT.add(EXACT.multiply(steps, step), Decimal(0))  # 0 + -0 is 0


def round_money(amount: Decimal, currency: str, *, unit: Decimal | None = None) -> Decimal:
    """`amount` in whole units: the currency's (HUF 1, EUR 0.01) unless the company has chosen another `unit`."""
    return round_to_step(amount, unit or money_unit(currency))


def round_cash(amount: Decimal, currency: str) -> Decimal:
    """What is paid of `amount` in coins and notes: HUF in multiples of 5 (Act III of 2008), others in their unit.

    For the total to be paid in cash only, never for a line, a price or the VAT; the same for money given back.
    """
    return round_to_step(amount, cash_step(currency))


def allocate(
    total: Decimal, weights: Sequence[Decimal], currency: str, *, unit: Decimal | None = None
) -> list[Decimal]:
    """Share `total` in proportion to `weights`: whole units that add up to `total` exactly, in the order of `weights`.

    By largest remainder, the earlier part first where remainders are equal; equal shares if every weight is 0. A total
    finer than the unit is shared in its own decimals. Raises `ValueError` for negative weights, or none at all.
    """
    if not weights or any(weight < 0 for weight in weights):
        raise ValueError("allocate needs at least one weight, and none below zero")
    step = unit or money_unit(currency)
    if EXACT.remainder(total, step):
        step = Decimal(1).scaleb(min(_exponent(total), _exponent(step)))
    units = abs(int(EXACT.divide(total, step)))
    shares = [Fraction(weight) for weight in weights]
    if not any(shares):
        shares = [Fraction(1)] * len(shares)
    whole = sum(shares)
    exact = [units * share / whole for share in shares]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda index: parts[index] - exact[index])
    for index in by_remainder[: units - sum(parts)]:
        parts[index] += 1
    sign = -1 if total < 0 else 1
    return [EXACT.multiply(Decimal(sign * part), step) + Decimal(0) for part in parts]


def format_amount(amount: Decimal, currency: str) -> str:
    """`amount` for the API: at least the currency's decimals ("2540.00"), more where it has more, never an exponent."""
    whole, _, decimals = _plain(amount).partition(".")
    places = minor_units(currency)
    return f"{whole}.{decimals.ljust(places, '0')}" if decimals or places else whole


def format_quantity(quantity: Decimal) -> str:
    """A quantity or a rate in its shortest form: "2", "1.5", "0.333"."""
    return _plain(quantity)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount and its currency. Sums of different currencies raise `ValueError`."""

    amount: Decimal
    currency: str

    def __add__(self, other: Money) -> Money:
        return Money(EXACT.add(self.amount, self._same(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(EXACT.subtract(self.amount, self._same(other)), self.currency)

    def __neg__(self) -> Money:
        return Money(EXACT.subtract(Decimal(0), self.amount), self.currency)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __str__(self) -> str:
        return f"{format_amount(self.amount, self.currency)} {self.currency}"

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added up")
        return other.amount


def _plain(number: Decimal) -> str:
    """Digits and a point, no exponent, no trailing zeros after the point, no negative zero."""
    if not number.is_finite():
        raise NotANumber(f"{number} cannot be written as an amount")
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent
