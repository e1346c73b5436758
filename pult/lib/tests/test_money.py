import json
from contextlib import suppress
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pult.lib import money
from pult.lib.currencies import MINOR_UNITS, cash_step, is_currency, minor_units, money_unit

VECTORS = json.loads((Path(__file__).parent / "vectors" / "money.json").read_text(encoding="utf-8"))
amounts = st.decimals(min_value=-(10**15), max_value=10**15, allow_nan=False, allow_infinity=False, places=6)
currencies = st.sampled_from(["HUF", "EUR", "JPY", "KWD", "CLF", "XQX"])
weights = st.lists(st.decimals(min_value=0, max_value=10**9, places=4), min_size=1, max_size=30)


@pytest.mark.parametrize(("amount", "currency", "expected"), VECTORS["round_money"])
def test_amounts_are_rounded_half_up(amount, currency, expected):
    assert str(money.round_money(Decimal(amount), currency)) == expected


@pytest.mark.parametrize(("amount", "currency", "expected"), VECTORS["round_cash"])
def test_cash_is_rounded_by_the_five_forint_rule(amount, currency, expected):
    assert str(money.round_cash(Decimal(amount), currency)) == expected


@pytest.mark.parametrize(("total", "shares", "currency", "expected"), VECTORS["allocate"])
def test_a_total_is_shared_by_largest_remainder(total, shares, currency, expected):
    parts = money.allocate(Decimal(total), [Decimal(share) for share in shares], currency)
    assert parts == [Decimal(part) for part in expected]


@pytest.mark.parametrize(("amount", "currency", "expected"), VECTORS["format_amount"])
def test_an_amount_is_written_for_the_api(amount, currency, expected):
    assert money.format_amount(Decimal(amount), currency) == expected


@pytest.mark.parametrize(("quantity", "expected"), VECTORS["format_quantity"])
def test_a_quantity_is_written_in_its_shortest_form(quantity, expected):
    assert money.format_quantity(Decimal(quantity)) == expected


@given(amounts, currencies)
def test_rounding_is_near_symmetric_and_done_once(amount, currency):
    rounded = money.round_money(amount, currency)
    assert abs(rounded - amount) <= money_unit(currency) / 2
    assert money.round_money(-amount, currency) == -rounded
    assert money.round_money(rounded, currency) == rounded
    assert not (rounded.is_zero() and rounded.is_signed())


@given(amounts, weights, currencies)
def test_shares_add_up_to_the_total_and_are_fair(total, shares, currency):
    parts = money.allocate(total, shares, currency)
    assert sum(parts, Decimal(0)) == total
    assert all((part >= 0) == (total >= 0) or part == 0 for part in parts)
    pairs = sorted(zip(shares, map(abs, parts), strict=True))
    if any(shares):
        assert all(later[1] >= earlier[1] for earlier, later in pairwise(pairs) if earlier[0] < later[0])
        assert all(part == 0 for share, part in zip(shares, parts, strict=True) if share == 0) or total == 0


@pytest.mark.parametrize("bad", [[], [Decimal(-1)], [Decimal(1), Decimal("-0.1")]])
def test_a_total_cannot_be_shared_among_none_or_by_negative_weights(bad):
    with pytest.raises(ValueError, match="allocate"):
        money.allocate(Decimal(10), bad, "HUF")


@given(amounts, currencies)
def test_what_is_written_is_read_back_equal(amount, currency):
    text = money.format_amount(amount, currency)
    assert money.parse_decimal(text) == amount
    assert money.parse_decimal(money.format_quantity(amount)) == amount
    assert "E" not in text and not text.startswith("-0.00 ")
    assert len(text.partition(".")[2]) >= minor_units(currency)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("12.50", "12.50"), (" 7 ", "7"), ("-1", "-1"), (".5", "0.5"), ("1e3", "1000"), (3, "3"), (0.1, "0.1"),
     (1855.9322034000002, "1855.9322034000002"), ("0e999", "0"), (1e-7, "1E-7")],
)  # fmt: skip
def test_numbers_are_read_exactly(value, expected):
    assert money.parse_decimal(value) == Decimal(expected)


@pytest.mark.parametrize(
    "value",
    ["", "NaN", "Infinity", "-inf", "1,5", "1 000", "1_000", "１",
     "1e999", "1e16", "0x1", "1e-31", "9" * 90, "--1", "1.2.3",
     True, None, [], {}, float("nan"), float("inf"), 10**4000, 10**16],
)  # fmt: skip
def test_what_is_no_sensible_number_is_refused(value):
    with pytest.raises(money.NotANumber):
        money.parse_decimal(value)


@given(st.text() | st.floats() | st.integers())
def test_reading_a_number_raises_nothing_else(value):
    with suppress(money.NotANumber):
        assert money.parse_decimal(value).is_finite()


def test_money_of_two_currencies_is_never_added_up():
    assert str(money.Money(Decimal(100), "HUF") + money.Money(Decimal("0.5"), "HUF")) == "100.50 HUF"
    assert -money.Money(Decimal(5), "EUR") == money.Money(Decimal(-5), "EUR")
    with pytest.raises(ValueError, match="HUF and EUR"):
        money.Money(Decimal(1), "HUF") - money.Money(Decimal(1), "EUR")


def test_currencies_know_their_units():
    assert (minor_units("HUF"), money_unit("HUF"), cash_step("HUF")) == (2, 1, 5)
    assert (minor_units("EUR"), money_unit("EUR"), cash_step("EUR")) == (2, Decimal("0.01"), Decimal("0.01"))
    assert (minor_units("JPY"), minor_units("KWD"), minor_units("CLF")) == (0, 3, 4)
    assert is_currency("HUF")
    assert not any(map(is_currency, ["huf", "Ft", "XXX", "XAU", "", "EURO"]))
    assert len(MINOR_UNITS) > 170 and all(len(code) == 3 and code.isupper() for code in MINOR_UNITS)
