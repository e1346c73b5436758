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
        cursor.execute(
            "SELECT current_setting('pult.actor', true), current_setting('pult.action', true),"
            " current_setting('pult.data', true)"
        )
        before = cursor.fetchone()
        _set(cursor, orjson.dumps([actor.kind, actor.id, actor.name]).decode(), action, _json(data))
        yield
        # reached only without an error: a failed transaction forgets its settings by itself
        _set(cursor, *(value or "" for value in before))


def _json(data: Mapping[str, Any] | None) -> str:
    return orjson.dumps(data).decode() if data else ""


def _set(cursor: Any, actor: str, action: str, data: str) -> None:
    cursor.execute(
        "SELECT set_config('pult.actor', %s, true), set_config('pult.action', %s, true),"
        " set_config('pult.data', %s, true)",
        [actor, action, data],
    )


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
