"""Recording: the actor and the action of a transaction, and entries that no trigger can know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from django.db import connection, transaction

from pult.history.models import Entry
from pult.history.types import Actor


@contextmanager
def acting(actor: Actor, action: str, *, data: Mapping[str, Any] | None = None) -> Iterator[None]:
    """A transaction in which every change is recorded as `actor` doing `action`; nests, the innermost wins.

    `data` is kept with the entries: what the step wants to say beside the fields (a reason, the message it read).
    """
    with transaction.atomic(), connection.cursor() as cursor:
        before = _set(cursor, orjson.dumps([actor.kind, actor.id, actor.name]).decode(), action, _json(data))
        yield
        # reached only without an error: a failed transaction forgets its settings by itself
        _set(cursor, *before)


def _json(data: Mapping[str, Any] | None) -> str:
    return orjson.dumps(data).decode() if data else ""


def _set(cursor: Any, actor: str, action: str, data: str) -> tuple[str, str, str]:
    """Set the three for the rest of the transaction, and return what they were.

    The transaction gets its number here, before anything in it reads the clock: orders.selectors.change_horizon relies
    on seeing every transaction that has written a time.
    """
    cursor.execute(
        "SELECT before.actor, before.action, before.data, set_config('pult.actor', %s, true),"
        " set_config('pult.action', %s, true), set_config('pult.data', %s, true), pg_current_xact_id()"
        " FROM (SELECT coalesce(current_setting('pult.actor', true), '') AS actor,"
        " coalesce(current_setting('pult.action', true), '') AS action,"
        " coalesce(current_setting('pult.data', true), '') AS data OFFSET 0) before",
        [actor, action, data],
    )
    before: tuple[str, str, str] = cursor.fetchone()[:3]
    return before


def record(
    object_type: str, object_id: int, *, action: str, actor: Actor, data: Mapping[str, Any] | None = None
) -> None:
    """Write an entry for something that changed no field of the object itself (a test, a replay, a refusal)."""
    Entry.objects.create(
        object_type=object_type,
        object_id=object_id,
        action=action,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        data=dict(data) if data else None,
    )
