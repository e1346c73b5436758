import pytest
from hypothesis import given
from hypothesis import strategies as st

from pult.lib import identifiers as ids
from pult.lib.countries import COUNTRIES, is_country


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+36 30 123 4567", "+36301234567"), ("06 30 123 4567", "+36301234567"), ("06-30/123-4567", "+36301234567"),
        ("0036301234567", "+36301234567"), ("36301234567", "+36301234567"),
        ("301234567", "+36301234567"),
        ("30/123-4567", "+36301234567"), ("+3606301234567", "+36301234567"), ("+36 (0)30 123 4567", "+36301234567"),
        ("(06-1) 234-5678", "+3612345678"), ("1 234 5678", "+3612345678"), ("06 52 123 456", "+3652123456"),
        ("+43 1 5880 00", "+431588000"), ("0043 1 588000", "+431588000"), ("+1 (212) 555-0100", "+12125550100"),
        ("06301234567, 06201234567", "+36301234567"), ("123", "123"),
        ("06 30 12", "063012"), ("nincs", None), ("", None),
        (None, None), ("\u202a+36 30 123 4567", "+36301234567"),
    ],
)  # fmt: skip
def test_phone_numbers_become_e164_where_certain(text, expected):
    assert ids.normalise_phone(text) == expected


def test_a_foreign_number_is_not_taken_for_hungarian():
    assert ids.normalise_phone("01 588 0000", country="AT") == "015880000"
    assert ids.normalise_phone("30 123 4567", country="AT") == "301234567"


@given(st.text(), st.sampled_from(["HU", "AT", None]))
def test_a_normalised_phone_stays_as_it_is(text, country):
    phone = ids.normalise_phone(text, country=country)
    if phone and phone.startswith("+"):
        assert ids.normalise_phone(phone, country=country) == phone


def test_email_keeps_its_local_part_and_matches_by_a_folded_key():
    assert ids.normalise_email(" Anna.Kovacs@Example.COM ") == "Anna.Kovacs@example.com"
    assert ids.email_key("Anna.Kovacs@Example.COM") == "anna.kovacs@example.com"
    assert ids.normalise_email("no address") == "no address"
    assert (ids.email_key("no address"), ids.email_key("@"), ids.email_key(None), ids.normalise_email(" ")) == (
        None,
    ) * 4


def test_skus_are_trimmed_and_lose_what_cannot_be_seen():
    assert ids.normalise_sku("  BOGRE-01\u200b ") == "BOGRE-01"
    assert ids.normalise_sku("a\u0301b\0  c\t\nd") == "áb c d"
    assert ids.sku_key(" Bögre-A1 ") == ids.sku_key("BÖGRE-a1") == "BÖGRE-A1"
    assert (ids.sku_key(" "), ids.sku_key(None)) == (None, None)
    assert (ids.normalise_sku(""), ids.normalise_sku(None), ids.normalise_sku("\u200b")) == (None, None, None)


def test_bar_codes_are_checked_and_lose_their_spaces():
    assert ids.normalise_gtin(" 5 991234-567894 ") == "5991234567894"
    assert ids.normalise_gtin("ABC 12-3") == "ABC 12-3"
    assert ids.is_gtin("96385074") and ids.is_gtin("036000291452") and ids.is_gtin("4006381333931")
    assert not any(
        map(ids.is_gtin, ["4006381333932", "400638133393", "", "4006381 333931", "４００６３８１３３３９３１"])
    )


@pytest.mark.parametrize("code", ["szep-bolt", "a", "0", "a" * 63])
def test_channel_codes_are_small_letters_digits_and_hyphens(code):
    assert ids.is_channel_code(code)


@pytest.mark.parametrize("code", ["", "-a", "Szep", "szép", "a b", "a" * 64, "a\n", "a_b", "../x"])
def test_other_texts_are_no_channel_codes(code):
    assert not ids.is_channel_code(code)


def test_countries_are_two_capital_letters():
    assert is_country("HU") and is_country("XK") and len(COUNTRIES) == 250
    assert not any(map(is_country, ["hu", "UK", "EU", "", "HUN"]))
