"""Many new rows at once: ids ahead of time, and COPY. Knows no table, only how to fill one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection


def next_ids(table: str, count: int) -> list[int]:
    """The next `count` values of the id sequence of a table; one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(sequence) FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS sequence OFFSET 0) s,"
            " generate_series(1, %s)",
            [table, count],
        )
        return [number for (number,) in cursor.fetchall()]


def copy_rows(table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows with COPY; constraints, defaults and triggers hold as for any insert. No rows, no query.

    `table` and `columns` are the caller's own words, never input. Raises Django's database errors.
    """
    rows = list(rows)
    if not rows:
        return
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
