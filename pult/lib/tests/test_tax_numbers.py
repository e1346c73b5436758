import pytest
from hypothesis import given
from hypothesis import strategies as st

from pult.lib.tax_numbers import TaxNumbers, is_hungarian_tax_number, read_tax_number

WHOLE = TaxNumbers(hu="12345676-2-41", valid=True)


@pytest.mark.parametrize(
    "text",
    ["12345676-2-41", "12345676241", " 12345676 - 2 - 41 ", "12345676–2–41", "HU12345676241", "Adószám: 12345676-2-41",
     "12345676.2.41", "1234 5676 2 41", "12345676/2/41"],
)  # fmt: skip
def test_a_hungarian_tax_number_is_read_in_any_writing(text):
    assert read_tax_number(text) == WHOLE


@pytest.mark.parametrize("trunk", ["12345676", "10845606", "12892312", "26903738", "10773381", "11111111", "99999999"])
def test_right_check_digits_are_valid(trunk):
    assert is_hungarian_tax_number(f"{trunk}-2-42")


@pytest.mark.parametrize(
    "number", ["12345678-2-41", "12345676-6-41", "12345676-0-41", "12345676-2-21", "12345676-2-99"]
)
def test_a_wrong_part_makes_the_number_invalid_and_keeps_it(number):
    assert read_tax_number(number) == TaxNumbers(hu=number, valid=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HU12345676", TaxNumbers(eu="HU12345676", valid=True)),
        ("hu 12345676", TaxNumbers(eu="HU12345676", valid=True)),
        ("HU12345678", TaxNumbers(eu="HU12345678")),
        ("ATU13585627", TaxNumbers(eu="ATU13585627", valid=True)),
        ("DE 136,695 976", TaxNumbers(hu="DE 136,695 976")),
        ("DE136695976", TaxNumbers(eu="DE136695976", valid=True)),
        ("12345676", TaxNumbers(hu="12345676")),
        ("12345676-2-41, HU12345676", TaxNumbers(hu="12345676-2-41", eu="HU12345676", valid=True)),
        ("12345676-2-41 / HU12345676", TaxNumbers(hu="12345676-2-41", eu="HU12345676", valid=True)),
        ("12345676-2-41 HU12345676", TaxNumbers(hu="12345676-2-41", eu="HU12345676", valid=True)),
        ("Attila Kft.", TaxNumbers(hu="Attila Kft.")),
        ("nincs", TaxNumbers(hu="nincs")),
        ("", TaxNumbers()),
        (" - ", TaxNumbers()),
        (None, TaxNumbers()),
    ],
)
def test_other_texts_are_read_or_kept(text, expected):
    assert read_tax_number(text) == expected


def test_one_taxpayer_has_one_key_in_every_form():
    assert WHOLE.key == read_tax_number("HU12345676").key == "HU12345676"
    assert read_tax_number("ATU13585627").key == "ATU13585627"
    assert read_tax_number("12345678-2-41").key is None


@given(st.text())
def test_nothing_makes_it_raise(text):
    assert read_tax_number(text).valid in (True, False)


@given(st.from_regex(r"(HU|AT|DE|EL|XI)?[0-9A-Z -]{5,15}", fullmatch=True))
def test_reading_again_what_was_read_changes_nothing(text):
    first = read_tax_number(text)
    if first.hu:
        assert read_tax_number(first.hu).hu == first.hu
    if first.eu:
        assert read_tax_number(first.eu).eu == first.eu
