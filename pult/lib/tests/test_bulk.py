"""COPY: what is written is what is read, whatever is in it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError, connection

from pult.lib.bulk import copy_rows


@pytest.fixture
def table(transactional_db: None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE copied (words text, bytes bytea, whole bigint, amount numeric, at timestamptz,"
            " truth boolean, list text[])"
        )
        yield "copied"
        cursor.execute("DROP TABLE copied")


COLUMNS = "words, bytes, whole, amount, at, truth, list"


def _read() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM copied")
        return [(row[0], row[1] and bytes(row[1]), *row[2:]) for row in cursor.fetchall()]


def test_every_kind_of_value_comes_back(table: str) -> None:
    at = datetime(2026, 11, 23, 16, 0, 0, 123456, tzinfo=UTC)
    rows = [
        ("Kőváry\t\\N \r\n\\.", b"\x00\\\n", -5, Decimal("1E+3"), at, True, ["a,b", 'c"d\\', "", "NULL", "\n\t{}"]),
        (None, None, None, None, None, None, None),
        ("", b"", 0, Decimal("-0.000001"), at, False, []),
        ("\\N", b"x", 2**62, Decimal("999999999999999.999999"), at, True, ["é"]),
    ]

    copy_rows(table, COLUMNS, rows)

    assert _read() == rows


def test_zero_byte_is_an_error_of_the_data(table: str) -> None:
    with pytest.raises(DataError):
        copy_rows(table, "words", [("a\0b",)])
