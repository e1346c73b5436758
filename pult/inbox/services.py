"""Keeping messages raw, and opening them to be understood."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from django.db import connection

from pult.inbox.models import Message
from pult.lib.bulk import copy_rows, next_ids


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message to keep: the channel's id of the order it tells of, and its raw body."""

    external_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """A message whose row is locked until the transaction ends."""

    id: int
    external_id: str
    checksum: bytes
    body: bytes


def checksum_of(body: bytes) -> bytes:
    """BLAKE2b-128 of a raw body."""
    return blake2b(body, digest_size=16).digest()


def keep_messages(channel_id: int, messages: Sequence[Incoming], *, source: str, then: str) -> list[int]:
    """Keep raw messages and return the ids of the new rows, in order.

    A message is left out only if it equals the LAST one kept of its order: A → B → A is a change and is kept.
    Three queries, whatever the number; call inside the transaction that also moves the channel's cursor.
    """
    if not messages:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT wanted.external_id, last.checksum FROM unnest(%s::text[]) AS wanted(external_id)"
            " CROSS JOIN LATERAL (SELECT checksum FROM inbox_message m WHERE m.channel_id = %s"
            " AND m.external_id = wanted.external_id ORDER BY m.id DESC LIMIT 1) last",
            [list({message.external_id for message in messages}), channel_id],
        )
        last = {external_id: bytes(checksum) for external_id, checksum in cursor.fetchall()}
    fresh: list[tuple[Incoming, bytes]] = []
    for message in messages:
        checksum = checksum_of(message.body)
        if last.get(message.external_id) != checksum:
            last[message.external_id] = checksum
            fresh.append((message, checksum))
    if not fresh:
        return []
    ids = next_ids("inbox_message", len(fresh))
    copy_rows(
        "inbox_message",
        'id, channel_id, source, external_id, checksum, body, "then"',
        (
            (pk, channel_id, source, message.external_id, checksum, message.body, then)
            for pk, (message, checksum) in zip(ids, fresh, strict=True)
        ),
    )
    return ids


def open_messages(ids: Sequence[int], *, again: bool = False) -> list[Opened]:
    """Lock messages that still wait to be understood, oldest first; what another worker holds is left to it.

    `again` opens failed and understood ones too (a retry, a replay). Must run inside a transaction.
    """
    rows = (
        Message.objects.select_for_update(skip_locked=not again)
        .filter(pk__any=ids, **({} if again else {"state": "kept"}))
        .order_by("id")
        .values_list("pk", "external_id", "checksum", "body")
    )
    return [Opened(pk, external_id, bytes(checksum), bytes(body)) for pk, external_id, checksum, body in rows]


def mark_understood(order_ids: Mapping[int, int | None], *, ignored: Collection[int] = ()) -> None:
    """Messages by id with the order each became; `ignored` were understood and are no orders. One query.

    What failed earlier of the same order in a shop is settled with it: each such message tells the whole order.
    """
    rows = [(pk, order_id, "understood") for pk, order_id in order_ids.items()]
    rows += [(pk, None, "ignored") for pk in ignored]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH done AS (UPDATE inbox_message m SET state = r.state, order_id = coalesce(r.order_id, m.order_id),"
            " error = NULL, error_code = NULL, attempts = attempts + 1, understood_at = clock_timestamp()"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS r(id, order_id, state) WHERE m.id = r.id"
            " RETURNING m.id, m.channel_id, m.external_id)"
            " UPDATE inbox_message old SET state = 'ignored' FROM done WHERE old.state = 'failed'"
            " AND old.source IN ('poll', 'hook', 'compare') AND old.channel_id = done.channel_id"
            " AND old.external_id = done.external_id AND old.id < done.id AND old.id <> ALL(%s::bigint[])",
            [[r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows], [r[0] for r in rows]],
        )


def mark_failed(reasons: Mapping[int, tuple[str, str]]) -> None:
    """Messages by id with (code, sentence): they stay, are shown, and can be retried after a fix. One query."""
    if not reasons:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inbox_message m SET state = 'failed', error_code = r.code, error = r.error, attempts = attempts + 1"
            " FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS r(id, code, error) WHERE m.id = r.id",
            [
                list(reasons),
                [code for code, _ in reasons.values()],
                [_writable(text) for _, text in reasons.values()],
            ],
        )


def _writable(text: str) -> str:
    """A reason as PostgreSQL takes it: a failure to write what a shop sent must not fail itself."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:2000]
