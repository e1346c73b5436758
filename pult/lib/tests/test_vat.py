import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pult.lib.vat import NOTHING, TaxedAmount, VatSum, add_vat, split_gross, total_of, vat_breakdown

VECTORS = json.loads((Path(__file__).parent / "vectors" / "vat.json").read_text(encoding="utf-8"))
amounts = st.decimals(min_value=-(10**15), max_value=10**15, allow_nan=False, allow_infinity=False, places=6)
rates = st.sampled_from([Decimal(rate) for rate in ("0", "5", "18", "27", "8.1", "25.5")])
currencies = st.sampled_from(["HUF", "EUR", "JPY"])


def taxed(net: str, vat: str, gross: str) -> TaxedAmount:
    return TaxedAmount(Decimal(net), Decimal(vat), Decimal(gross))


@pytest.mark.parametrize(("gross", "rate", "currency", "net", "vat", "same_gross"), VECTORS["split_gross"])
def test_vat_is_taken_out_of_gross(gross, rate, currency, net, vat, same_gross):
    assert split_gross(Decimal(gross), rate=Decimal(rate), currency=currency) == taxed(net, vat, same_gross)


@pytest.mark.parametrize(("net", "rate", "currency", "same_net", "vat", "gross"), VECTORS["add_vat"])
def test_vat_is_put_on_net(net, rate, currency, same_net, vat, gross):
    assert add_vat(Decimal(net), rate=Decimal(rate), currency=currency) == taxed(same_net, vat, gross)


def test_a_taxed_amount_that_does_not_add_up_cannot_exist():
    with pytest.raises(ValueError, match="is not gross"):
        taxed("1000", "270", "1271")


@given(amounts, rates, currencies)
def test_net_and_vat_always_make_gross(amount, rate, currency):
    split = split_gross(amount, rate=rate, currency=currency)
    assert split.gross == amount
    assert split_gross(-amount, rate=rate, currency=currency) == -split
    assert add_vat(amount, rate=rate, currency=currency).net == amount


@given(st.lists(st.tuples(st.none() | rates, amounts), max_size=20))
def test_the_rates_add_up_to_the_whole(lines):
    taxed_lines = [(rate, split_gross(gross, rate=rate or Decimal(0), currency="HUF")) for rate, gross in lines]
    rows = vat_breakdown(taxed_lines)
    assert total_of(row.amount for row in rows) == total_of(amount for _, amount in taxed_lines)
    assert len({row.rate for row in rows}) == len(rows)


def test_lines_are_summed_by_rate_highest_first_unknown_last():
    lines = [
        (None, taxed("5", "0", "5")),
        (Decimal("5"), taxed("1000", "50", "1050")),
        (Decimal("27.00"), taxed("787", "213", "1000")),
        (Decimal("27"), taxed("-787", "-213", "-1000")),
    ]
    assert vat_breakdown(lines) == (
        VatSum(Decimal(27), NOTHING),
        VatSum(Decimal(5), taxed("1000", "50", "1050")),
        VatSum(None, taxed("5", "0", "5")),
    )
