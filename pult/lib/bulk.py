"""Many new rows at once: ids ahead of time, and COPY. Knows no table, only how to fill one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

_CHUNK = 1 << 18


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
    """Insert rows with COPY; `columns` as SQL writes them. Raises Django's database errors.

    Values: None, text, bytes, whole numbers, Decimal, aware times, truth values, and lists of texts.
    """
    lines = [copy_line(row) for row in rows]
    if not lines:
        return
    data = "".join(lines).encode()
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        for start in range(0, len(data), _CHUNK):
            copy.write(data[start : start + _CHUNK])


def copy_line(row: Iterable[Any]) -> str:
    """A row in PostgreSQL's text format of COPY. Written here because it is the hottest loop of an import.

    Source: https://www.postgresql.org/docs/current/sql-copy.html, “Text Format”.
    """
    # nearly every text is printable and without a backslash, and then stands for itself
    return (
        "\t".join(
            [
                (value if value.isprintable() and "\\" not in value else _escaped(value))
                if type(value) is str
                else _WRITERS[type(value)](value)
                for value in row
            ]
        )
        + "\n"
    )


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _array(texts: list[str]) -> str:
    if not texts:
        return "{}"
    quoted = ('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts)
    return _escaped("{" + ",".join(quoted) + "}")


class _Writers(dict[type, Callable[[Any], str]]):
    def __missing__(self, kind: type) -> Callable[[Any], str]:
        if issubclass(kind, str):
            return lambda value: _escaped(str(value))
        raise TypeError(f"COPY cannot write a {kind.__name__}")


_WRITERS = _Writers(
    {
        type(None): lambda _: "\\N",
        bool: lambda value: "t" if value else "f",
        int: str,
        Decimal: str,
        datetime: str,
        bytes: lambda value: "\\\\x" + value.hex(),
        list: _array,
    }
)
