"""How WooCommerce reckons: net amounts are kept with six decimals, taxes are kept rounded to the shop's decimals.

The consequence, seen on real servers: with the shop's own decimals the parts of an order add up, with more they do not.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pult.sandbox.woocommerce.catalogue import TAX_RATES

Record = dict[str, Any]
_SIX = Decimal("0.000001")


def rounded(amount: Decimal, decimals: int) -> Decimal:
    """Half away from zero, as PHP's round()."""
    return amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def as_text(amount: Decimal | str, decimals: int) -> str:
    """The amount with just so many decimals, as the API writes it. Never a negative zero."""
    value = rounded(Decimal(amount), decimals)
    return format(value if value else abs(value), "f")


def raw_text(amount: Decimal) -> str:
    """The amount with at most six decimals and no trailing zeros, as WooCommerce stores it."""
    value = amount.quantize(_SIX, rounding=ROUND_HALF_UP)
    text = format(value, "f").rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def split(price: Decimal, *, percent: int, price_is_gross: bool) -> tuple[Decimal, Decimal]:
    """Net and tax of what was entered, both unrounded (six decimals)."""
    if price_is_gross:
        net = (price / (1 + Decimal(percent) / 100)).quantize(_SIX, rounding=ROUND_HALF_UP)
        return net, price - net
    return price, (price * percent / 100).quantize(_SIX, rounding=ROUND_HALF_UP)


def set_amounts(item: Record, kind: str, *, net: Decimal, tax: Decimal, decimals: int) -> None:
    """Write one pair of amounts (`kind` is "total" or "subtotal") into a stored row."""
    item[kind] = raw_text(net)
    item[f"{kind}_tax"] = as_text(tax, decimals)
    item["tax_raw"][kind] = raw_text(tax)


def recalculate(order: Record, *, decimals: int, new_item_id: Any) -> None:
    """Sum the order's rows up into its totals and its tax lines."""

    def total_of(rows: list[Record], key: str) -> Decimal:
        return sum((Decimal(row[key]) for row in rows), Decimal(0))

    goods, shipping, fees = order["line_items"], order["shipping_lines"], order["fee_lines"]
    shipping_tax = total_of(shipping, "total_tax")
    cart_tax = total_of(goods, "total_tax") + total_of(fees, "total_tax")
    net = sum((rounded(Decimal(row["total"]), decimals) for row in [*goods, *shipping, *fees]), Decimal(0))
    order["shipping_total"] = as_text(total_of(shipping, "total"), decimals)
    order["shipping_tax"] = as_text(shipping_tax, decimals)
    order["cart_tax"] = as_text(cart_tax, decimals)
    order["total_tax"] = as_text(cart_tax + shipping_tax, decimals)
    order["total"] = as_text(net + cart_tax + shipping_tax, decimals)
    order["discount_total"] = raw_text(total_of(goods, "subtotal") - total_of(goods, "total"))
    order["discount_tax"] = as_text(total_of(goods, "subtotal_tax") - total_of(goods, "total_tax"), decimals)
    _set_tax_lines(order, decimals=decimals, new_item_id=new_item_id)


def _set_tax_lines(order: Record, *, decimals: int, new_item_id: Any) -> None:
    known = {row["rate_id"]: row["id"] for row in order["tax_lines"]}
    percents = {rate_id: percent for rate_id, _, percent in TAX_RATES}
    sums: dict[int, list[Decimal]] = {}
    for place, rows in ((0, order["line_items"]), (1, order["shipping_lines"]), (0, order["fee_lines"])):
        for row in rows:
            if row["rate_id"]:
                sums.setdefault(row["rate_id"], [Decimal(0), Decimal(0)])[place] += Decimal(row["total_tax"])
    order["tax_lines"] = [
        {
            "id": known.get(rate_id) or new_item_id(),
            "rate_code": f"HU-ÁFA {percents[rate_id]}%-1",
            "rate_id": rate_id,
            "label": f"ÁFA {percents[rate_id]}%",
            "compound": False,
            "tax_total": as_text(goods_tax, decimals),
            "shipping_tax_total": as_text(shipping_tax, decimals),
            "rate_percent": percents[rate_id],
        }
        for rate_id, (goods_tax, shipping_tax) in sums.items()
    ]
