"""What PostgreSQL can do beyond Django's own words: many changed rows in one UPDATE, and what its errors mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import orjson
from django.db import connection, models
from django.db.models.functions import StrIndex
from django.db.utils import DatabaseError

from pult.lib.search import is_indexed

Row = TypeVar("Row", bound=models.Model)


@models.ForeignKey.register_lookup
@models.Field.register_lookup
class AnyOf(models.Lookup):
    """`field__any=[…]`: like `field__in`, but the values travel as one array, however many they are.

    Django writes each value of an IN as a parameter of its own, which costs more than the query on the busiest paths.
    A relation takes ids.
    """

    lookup_name = "any"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        left, parameters = self.process_lhs(compiler, connection)
        kind = self.lhs.output_field.db_type(connection)
        return f"{left} = ANY(%s::{kind}[])", [*parameters, list(self.rhs)]


def holding(found: models.QuerySet[Row], term: str) -> models.QuerySet[Row]:
    """The rows whose `search_text` holds a term of `lib.search.search_terms`.

    A term too short for trigrams is kept from their index, which would be read from end to end for it.
    """
    if is_indexed(term):
        return found.filter(search_text__contains=term)
    return found.alias(term_at=StrIndex("search_text", models.Value(term))).filter(term_at__gt=0)


def update_rows(objects: Iterable[models.Model], fields: Sequence[str]) -> None:
    """Write these fields of loaded objects of one model, in one statement whatever their number.

    Django's own `bulk_update` writes a CASE for every field and row, which costs more than the rows themselves.
    """
    rows = list(objects)
    if not rows:
        return
    meta = rows[0]._meta
    columns = [meta.get_field(name) for name in fields]
    names = [connection.ops.quote_name(column.column) for column in columns]
    types = [f"{name} {column.db_type(connection)}" for name, column in zip(names, columns, strict=True)]
    records = [
        {"id": row.pk} | {column.column: _plain(getattr(row, column.attname)) for column in columns} for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {connection.ops.quote_name(meta.db_table)} t SET ({', '.join(names)}) ="  # noqa: S608
            f" ROW({', '.join(f'r.{name}' for name in names)})"
            f" FROM jsonb_to_recordset(%s::jsonb) AS r(id bigint, {', '.join(types)}) WHERE t.id = r.id",
            [orjson.dumps(records, default=_in_json).decode()],
        )


def _plain(value: Any) -> Any:
    return f"\\x{bytes(value).hex()}" if isinstance(value, bytes | memoryview) else value


def _in_json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(type(value).__name__)


def is_about_the_data(error: DatabaseError) -> bool:
    """Whether a database error speaks of what was written, so that the same would fail again.

    False for a lost connection, a full disk, a deadlock, a time-out: those pass, or need the operator.
    Source of the classes: PostgreSQL, appendix A.
    """
    state = getattr(error.__cause__, "sqlstate", None)
    if state is None:
        # psycopg itself refuses some values (NUL in a text) before they reach the server; those are no OperationalError
        return type(error).__name__ not in {"OperationalError", "InterfaceError"}
    return state[:2] in {"21", "22", "23", "44", "54", "0A"}


def is_passing(error: DatabaseError) -> bool:
    """Whether the same transaction may well succeed at once: a deadlock or a serialisation failure."""
    state = getattr(error.__cause__, "sqlstate", None) or ""
    return state.startswith("40")
