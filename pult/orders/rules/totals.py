"""What the amounts of an order say, and whether they agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from pult.lib.currencies import is_currency
from pult.lib.money import format_amount
from pult.orders.types import ZERO, IncomingLine, IncomingOrder, IncomingProblem


@dataclass(frozen=True, slots=True)
class Totals:
    """net + vat == gross; `gross` is what the channel says the buyer pays."""

    net: Decimal
    vat: Decimal
    gross: Decimal


def order_totals(incoming: IncomingOrder) -> Totals:
    """The totals as the channel said them; where it is silent about VAT, the lines' VAT."""
    vat = incoming.total_vat if incoming.total_vat is not None else sum((line.vat for line in incoming.lines), ZERO)
    return Totals(net=incoming.total_gross - vat, vat=vat, gross=incoming.total_gross)


def lines_gross(lines: Iterable[IncomingLine]) -> Decimal:
    """What the lines add up to."""
    return sum((line.gross for line in lines), ZERO)


def find_problems(incoming: IncomingOrder) -> list[IncomingProblem]:
    """What a person should see about an order as it came; the connector's own findings first."""
    problems = list(incoming.problems)
    codes = {problem.code for problem in problems}

    def add(code: str, **params: object) -> None:
        if code not in codes:
            codes.add(code)
            problems.append(IncomingProblem(code, dict(params)))

    added = lines_gross(incoming.lines)
    if added != incoming.total_gross:
        add(
            "totals_differ",
            total=format_amount(incoming.total_gross, incoming.currency),
            lines=format_amount(added, incoming.currency),
            difference=format_amount(incoming.total_gross - added, incoming.currency),
            currency=incoming.currency,
        )
    if incoming.total_gross < 0:
        add("negative_total", total=format_amount(incoming.total_gross, incoming.currency), currency=incoming.currency)
    if not incoming.lines:
        add("no_lines")
    if not is_currency(incoming.currency):
        add("unknown_currency", currency=incoming.currency)
    return problems
