"""What people type finds what was written, whatever accents, case, dashes and spaces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pult.lib.search import fold, search_terms, search_text

KEPT = search_text(
    ("R-2026-000123", "59713-100123", "Minta Kft.", "Kőváry  Ödön", "odon@example.com"),
    phone="+36 30/123-4567",
    codes=("BÖGRE-01", None, "BÖGRE-01"),
)


@pytest.mark.parametrize(
    "query",
    [
        "R-2026-000123",
        "r-2026-000123",
        "2026-000123",
        "000123",
        "59713-100123",
        "59713 100123",
        "KOVARY ödön",
        "Ödön kőváry",
        "odon@EXAMPLE.com",
        "+36 30 123 4567",
        "06 30 123 4567",
        "0630/123-4567",
        "301234567",
        "bogre-01",
        "minta kft",
        "",
    ],
)
def test_found(query: str) -> None:
    assert all(term in KEPT for term in search_terms(query))


@pytest.mark.parametrize("query", ["R-2026-000124", "Kovács", "bogre-02", "+36 30 123 4568"])
def test_not_found(query: str) -> None:
    assert not all(term in KEPT for term in search_terms(query))


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=5000))
def test_nothing_is_too_long(text: str) -> None:
    assert len(search_text([text] * 20, phone=text, codes=[text])) <= 2000
