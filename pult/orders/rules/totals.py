"""What the amounts of an order say, and whether they agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pult.lib.currencies import is_currency
from pult.lib.money import format_amount
from pult.orders.types import ZERO, IncomingLine, IncomingOrder, IncomingProblem, IncomingRefund


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
    problems = each_code_once(incoming.problems)

    def add(code: str, **params: object) -> None:
        if all(problem.code != code for problem in problems):
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
    refunded = refunded_gross(incoming)
    if refunded > max(incoming.total_gross, ZERO):
        add(
            "refund_exceeds_total",
            refunded=format_amount(refunded, incoming.currency),
            total=format_amount(incoming.total_gross, incoming.currency),
            currency=incoming.currency,
        )
    return problems


def each_code_once(problems: Iterable[IncomingProblem]) -> list[IncomingProblem]:
    """One problem a code, as an order may have: where a code comes twice, each parameter holds all its values."""
    merged: dict[str, dict[str, list[Any]]] = {}
    for problem in problems:
        values = merged.setdefault(problem.code, {})
        for name, value in problem.params.items():
            known = values.setdefault(name, [])
            if value not in known:
                known.append(value)
    return [
        IncomingProblem(code, {name: found[0] if len(found) == 1 else found for name, found in values.items()})
        for code, values in merged.items()
    ]


def refunds_by_id(incoming: IncomingOrder) -> dict[str, IncomingRefund]:
    """The refunds, each once, whatever the channel repeats."""
    return {refund.external_id: refund for refund in incoming.refunds}


def refunded_gross(incoming: IncomingOrder) -> Decimal:
    """What was given back."""
    return sum((refund.gross for refund in refunds_by_id(incoming).values()), ZERO)
