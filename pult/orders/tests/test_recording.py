"""How an order is completed and computed: laws that hold for every line."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pult.lib.currencies import money_unit
from pult.orders.errors import BadOrder
from pult.orders.rules.recording import complete_line
from pult.orders.types import AskedLine, Offer

MUG = Offer(sku="BOGRE-01", name="Bögre", unit="db", vat_rate=Decimal(27), price_gross=Decimal(1550), currency="HUF")
PRICES = st.decimals(0, 1_000_000, places=4)
QUANTITIES = st.decimals("0.001", 10_000, places=3)
RATES = st.sampled_from([Decimal(0), Decimal(5), Decimal(18), Decimal(27)])
PERCENTS = st.decimals(0, 100, places=2)


def test_ten_mugs_at_1550_are_15500():
    line = complete_line(AskedLine(quantity=Decimal(10), sku="BOGRE-01"), MUG, currency="HUF", index=0)
    assert (line.net, line.vat, line.gross) == (Decimal(12205), Decimal(3295), Decimal(15500))
    assert (line.name, line.unit, line.vat_rate) == ("Bögre", "db", Decimal(27))
    assert (line.unit_price_net, line.unit_price_gross) == (Decimal("1220.47"), Decimal(1550))


def test_a_discount_is_taken_off_the_line_once():
    asked = AskedLine(quantity=Decimal(3), sku="BOGRE-01", discount_percent=Decimal(10))
    line = complete_line(asked, MUG, currency="HUF", index=0)
    assert (line.gross, line.discount_gross) == (Decimal(4185), Decimal(465))
    assert line.unit_price_gross == Decimal(1550)


def test_a_net_price_gets_its_vat_on_top():
    asked = AskedLine(quantity=Decimal(3), name="Óra", unit_price_net=Decimal("9.99"), vat_rate=Decimal(27))
    line = complete_line(asked, None, currency="EUR", index=0)
    assert (line.net, line.vat, line.gross) == (Decimal("29.97"), Decimal("8.09"), Decimal("38.06"))
    assert line.unit_price_gross == Decimal("12.69")


@pytest.mark.parametrize(
    ("asked", "offer", "code", "field"),
    [
        (AskedLine(quantity=Decimal(1), sku="NINCS"), None, "unknown_sku", "lines.4.sku"),
        (
            AskedLine(quantity=Decimal(1), name="Óra", vat_rate=Decimal(27)),
            None,
            "no_price",
            "lines.4.unit_price_gross",
        ),
        (
            AskedLine(quantity=Decimal(1), name="Óra", unit_price_gross=Decimal(1)),
            None,
            "no_vat_rate",
            "lines.4.vat_rate",
        ),
        (
            AskedLine(quantity=Decimal(1), sku="BOGRE-01", unit_price_gross=Decimal(1), unit_price_net=Decimal(1)),
            MUG,
            "two_prices",
            "lines.4.unit_price_net",
        ),
        (
            AskedLine(quantity=Decimal(1), sku="BOGRE-01", unit_price_gross=Decimal(-1)),
            MUG,
            "bad_price",
            "lines.4.unit_price_gross",
        ),
        (
            AskedLine(
                quantity=Decimal(1), kind="discount", name="Akció", unit_price_gross=Decimal(1), vat_rate=Decimal(27)
            ),
            None,
            "bad_price",
            "lines.4.unit_price_gross",
        ),
        (
            AskedLine(quantity=Decimal(10) ** 9, sku="BOGRE-01", unit_price_gross=Decimal(10) ** 9),
            MUG,
            "too_large",
            "lines.4.quantity",
        ),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_what_nobody_knows_is_refused_with_the_line_and_the_field(
    asked: AskedLine, offer: Offer | None, code: str, field: str
):
    with pytest.raises(BadOrder) as refused:
        complete_line(asked, offer, currency="HUF", index=4)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert str(refused.value).startswith("Line 5: ")


def test_a_price_in_another_currency_is_no_price():
    with pytest.raises(BadOrder) as refused:
        complete_line(AskedLine(quantity=Decimal(1), sku="BOGRE-01"), MUG, currency="EUR", index=0)
    assert refused.value.code == "no_price"


@given(quantity=QUANTITIES, price=PRICES, rate=RATES, percent=PERCENTS, currency=st.sampled_from(["HUF", "EUR"]))
def test_a_line_adds_up_in_whole_units_and_a_gross_price_stays_the_gross(
    quantity: Decimal, price: Decimal, rate: Decimal, percent: Decimal, currency: str
):
    asked = AskedLine(quantity=quantity, name="x", unit_price_gross=price, vat_rate=rate, discount_percent=percent)
    line = complete_line(asked, None, currency=currency, index=0)
    unit = money_unit(currency)
    assert line.net + line.vat == line.gross
    assert all(amount % unit == 0 for amount in (line.net, line.vat, line.gross))
    assert abs(line.gross - quantity * price * (100 - percent) / 100) <= unit / 2
    assert line.discount_gross >= 0
    assert abs(line.vat - line.gross * rate / (100 + rate)) <= unit / 2


@given(quantity=QUANTITIES, price=PRICES, rate=RATES, percent=PERCENTS)
def test_a_net_price_stays_the_net(quantity: Decimal, price: Decimal, rate: Decimal, percent: Decimal):
    asked = AskedLine(quantity=quantity, name="x", unit_price_net=price, vat_rate=rate, discount_percent=percent)
    line = complete_line(asked, None, currency="HUF", index=0)
    assert line.net + line.vat == line.gross
    assert abs(line.net - quantity * price * (100 - percent) / 100) <= Decimal("0.5")
    assert abs(line.vat - line.net * rate / 100) <= Decimal("0.5")
