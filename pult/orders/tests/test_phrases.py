"""What people read of an order's problems holds no name that only a program knows."""

from __future__ import annotations

from django.utils import translation

from pult.orders.phrases import problem_sentence


def test_fields_that_were_cut_are_named_in_words() -> None:
    with translation.override("en"):
        told = problem_sentence("text_cut", {"field": ["name", "line_items.name", "city", "address_1", "address_2"]})
    assert "name, line, name, city, street." in told
    assert "_" not in told


def test_a_field_that_nobody_named_stands_as_the_shop_calls_it() -> None:
    with translation.override("en"):
        assert "loyalty_card" in problem_sentence("text_cut", {"field": "loyalty_card"})
