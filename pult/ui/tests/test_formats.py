"""Numbers and moments as people read them. In the vectors a plain space stands for the narrow unbreakable one."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pult.ui.formats import NARROW_SPACE, format_money, format_number, relative_time

VECTORS: dict[str, list[dict[str, Any]]] = json.loads((Path(__file__).parent / "vectors" / "formats.json").read_text())
NOW = datetime(2026, 11, 2, 8, 15, tzinfo=UTC)


def narrow(text: str) -> str:
    return text.replace(" ", NARROW_SPACE)


@pytest.mark.parametrize("vector", VECTORS["money"], ids=lambda vector: f"{vector['amount']} {vector['currency']}")
@pytest.mark.parametrize("language", ["hu", "en"])
def test_money_is_written_as_in_the_vectors(vector: dict[str, str], language: str) -> None:
    written = format_money(Decimal(vector["amount"]), vector["currency"], language=language)
    assert written == narrow(vector[language])


@pytest.mark.parametrize("vector", VECTORS["number"], ids=lambda vector: vector["value"])
@pytest.mark.parametrize("language", ["hu", "en"])
def test_a_number_is_written_as_in_the_vectors(vector: dict[str, str], language: str) -> None:
    assert format_number(Decimal(vector["value"]), language=language) == narrow(vector[language])


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, ("now", 0)),
        (-59, ("now", 0)),
        (59, ("now", 0)),
        (-60, ("minute", -1)),
        (-3599, ("minute", -59)),
        (300, ("minute", 5)),
        (-3600, ("hour", -1)),
        (-86399, ("hour", -23)),
        (7200, ("hour", 2)),
        (-86400, ("date", 0)),
        (86400, ("date", 0)),
    ],
)
def test_a_moment_is_told_in_the_largest_whole_unit_up_to_a_day(seconds: int, expected: tuple[str, int]) -> None:
    assert relative_time(NOW + timedelta(seconds=seconds), now=NOW) == expected
