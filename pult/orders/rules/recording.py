"""How Pult completes what a clerk or a program leaves open, and computes the amounts.

Gross first: an amount is quantity x unit price, less the discount, rounded once per line to the currency's unit; VAT
is taken out of it (or put on it, for a net price) and rounded once. A rounded net is never multiplied up again:
10 x 1550 Ft with 27 % VAT is 15 500 Ft.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from pult.lib.currencies import minor_units
from pult.lib.money import EXACT, LARGEST, round_money, round_to_step
from pult.lib.vat import TaxedAmount, add_vat, split_gross
from pult.orders.errors import BadOrder
from pult.orders.types import ZERO, AskedLine, IncomingLine, Offer

HUNDRED: Final = Decimal(100)

MAY_BE_NEGATIVE: Final = frozenset({"discount", "rounding", "deposit"})
"""Kinds of lines whose price may be below zero; a discount's must not be above."""


def complete_line(asked: AskedLine, offer: Offer | None, *, currency: str, index: int) -> IncomingLine:
    """The line with everything in it. `offer`: the product its SKU names; `index` counts from 0.

    Raises BadOrder, which names the line and the field, if the name, the price or the VAT rate is known to nobody.
    """
    field = f"lines.{index}"
    name = asked.name or (offer.name if offer else None)
    if name is None:
        raise _bad(
            field, "sku", "unknown_sku", "there is no product %(sku)s; give a name and a price, or another SKU", asked
        )
    rate = asked.vat_rate if asked.vat_rate is not None else (offer.vat_rate if offer else None)
    if rate is None:
        raise _bad(field, "vat_rate", "no_vat_rate", "the VAT rate of “%(name)s” is not known; give vat_rate", asked)
    full, after = _amounts(asked, _price_gross(asked, offer, currency, field), rate, currency, field)
    unit_net, unit_gross = _unit_prices(asked, offer, rate, currency)
    if asked.kind == "discount" and after.gross > 0:
        raise _bad(field, "unit_price_gross", "bad_price", "the price of a discount is below zero", asked)
    return IncomingLine(
        kind=asked.kind,
        name=name,
        quantity=asked.quantity,
        net=after.net,
        vat=after.vat,
        gross=after.gross,
        unit_price_net=unit_net,
        unit_price_gross=unit_gross,
        vat_rate=rate,
        vat_code=asked.vat_code,
        external_sku=asked.sku,
        barcode=asked.barcode,
        unit=asked.unit or (offer.unit if offer else "db"),
        discount_gross=full.gross - after.gross,
        note=asked.note,
    )


def _price_gross(asked: AskedLine, offer: Offer | None, currency: str, field: str) -> Decimal | None:
    """The gross unit price to reckon with; None if the net one is given."""
    if asked.unit_price_net is not None and asked.unit_price_gross is not None:
        raise _bad(field, "unit_price_net", "two_prices", "give one of unit_price_net and unit_price_gross", asked)
    if asked.unit_price_net is not None:
        return None
    if asked.unit_price_gross is not None:
        return asked.unit_price_gross
    if offer is None or offer.price_gross is None or offer.currency != currency:
        raise _bad(
            field,
            "unit_price_gross",
            "no_price",
            "the price of “%(name)s” in %(currency)s is not known; give unit_price_gross or unit_price_net",
            asked,
            currency=currency,
        )
    return offer.price_gross


def _amounts(
    asked: AskedLine, price_gross: Decimal | None, rate: Decimal, currency: str, field: str
) -> tuple[TaxedAmount, TaxedAmount]:
    """The line's amounts before and after its discount."""
    price = asked.unit_price_net if price_gross is None else price_gross
    assert price is not None
    if price < 0 and asked.kind not in MAY_BE_NEGATIVE:
        raise _bad(field, "unit_price_gross", "bad_price", "the price of this kind of line cannot be below zero", asked)
    whole = EXACT.multiply(asked.quantity, price)
    reduced = EXACT.divide(EXACT.multiply(whole, HUNDRED - asked.discount_percent), HUNDRED)
    tax = add_vat if price_gross is None else split_gross
    full, after = (tax(round_money(part, currency), rate=rate, currency=currency) for part in (whole, reduced))
    if abs(full.gross) >= LARGEST:
        raise _bad(field, "quantity", "too_large", "the amount is too large to be true", asked)
    return full, after


def _unit_prices(asked: AskedLine, offer: Offer | None, rate: Decimal, currency: str) -> tuple[Decimal, Decimal]:
    """Both unit prices: the given one as it is, the other one in the currency's smallest coin of account."""
    cent = Decimal(1).scaleb(-minor_units(currency))
    if asked.unit_price_net is not None:
        gross = EXACT.divide(EXACT.multiply(asked.unit_price_net, HUNDRED + rate), HUNDRED)
        return asked.unit_price_net, round_to_step(gross, cent)
    gross = (
        asked.unit_price_gross if asked.unit_price_gross is not None else (offer.price_gross if offer else None) or ZERO
    )
    return round_to_step(EXACT.divide(EXACT.multiply(gross, HUNDRED), HUNDRED + rate), cent), gross


def _bad(field: str, member: str, code: str, text: str, asked: AskedLine, **params: object) -> BadOrder:
    position = int(field.rpartition(".")[2]) + 1
    shown = {"position": position, "sku": asked.sku or "–", "name": asked.name or asked.sku or "–", **params}
    return BadOrder(f"Line %(position)s: {text}.", code=code, params=shown, field=f"{field}.{member}")
