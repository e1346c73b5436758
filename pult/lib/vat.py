"""VAT of one amount and of many: net + vat == gross, always.

No law prescribes how VAT is rounded; Pult rounds the VAT once per amount, half up to the currency's unit, and the other
side is the rest. A net rounded before is never multiplied up again: 10 x 1550 Ft would become 15 494 Ft.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from pult.lib.money import EXACT, round_money


@dataclass(frozen=True, slots=True)
class TaxedAmount:
    """Net, VAT and gross of one thing. Cannot exist unless net + vat == gross; raises `ValueError`."""

    net: Decimal
    vat: Decimal
    gross: Decimal

    def __post_init__(self) -> None:
        if EXACT.add(self.net, self.vat) != self.gross:
            raise ValueError(f"net {self.net} + VAT {self.vat} is not gross {self.gross}")

    def __add__(self, other: TaxedAmount) -> TaxedAmount:
        return TaxedAmount(
            EXACT.add(self.net, other.net), EXACT.add(self.vat, other.vat), EXACT.add(self.gross, other.gross)
        )

    def __neg__(self) -> TaxedAmount:
        zero = Decimal(0)
        return TaxedAmount(
            EXACT.subtract(zero, self.net), EXACT.subtract(zero, self.vat), EXACT.subtract(zero, self.gross)
        )


NOTHING = TaxedAmount(Decimal(0), Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class VatSum:
    """What was sold at one rate. `rate` is percent; None where the channel said none."""

    rate: Decimal | None
    amount: TaxedAmount


def split_gross(gross: Decimal, *, rate: Decimal, currency: str, unit: Decimal | None = None) -> TaxedAmount:
    """Take the VAT out of a gross amount. `rate` is percent (27 = 27 %); `gross` may be negative (a refund).

    VAT is gross x rate / (100 + rate), rounded half up to the currency's unit (or `unit`); net is the rest.
    """
    vat = round_money(EXACT.divide(EXACT.multiply(gross, rate), 100 + rate), currency, unit=unit)
    return TaxedAmount(EXACT.subtract(gross, vat), vat, gross)


def add_vat(net: Decimal, *, rate: Decimal, currency: str, unit: Decimal | None = None) -> TaxedAmount:
    """Put the VAT on a net amount. `rate` is percent; VAT is rounded half up to the currency's unit (or `unit`)."""
    vat = round_money(EXACT.divide(EXACT.multiply(net, rate), Decimal(100)), currency, unit=unit)
    return TaxedAmount(net, vat, EXACT.add(net, vat))


def total_of(amounts: Iterable[TaxedAmount]) -> TaxedAmount:
    """The sum of the amounts; zero of none."""
    return sum(amounts, start=NOTHING)


def vat_breakdown(lines: Iterable[tuple[Decimal | None, TaxedAmount]]) -> tuple[VatSum, ...]:
    """The (rate, amount) lines summed by rate, highest rate first, unknown rate last. Nothing is computed anew."""
    sums: dict[Decimal | None, TaxedAmount] = {}
    for rate, amount in lines:
        sums[rate] = sums.get(rate, NOTHING) + amount
    known = sorted((rate for rate in sums if rate is not None), reverse=True)
    rates: list[Decimal | None] = [*known, *([None] if None in sums else [])]
    return tuple(VatSum(rate, sums[rate]) for rate in rates)
