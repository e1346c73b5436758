"""Questions about channels."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models import DurationField, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery

from pult.channels.errors import ChannelNotFound
from pult.channels.models import SalesChannel, SyncRun
from pult.channels.rules.health import Health, health_of
from pult.lib.clock import now
from pult.lib.secrets import open_sealed

_POLL_LOCK = 0x50554C54  # the class of Pult's advisory locks ("PULT"); the object is the channel's id
_WRITE_LOCK = 0x50554C55

LONG_POLL = timedelta(seconds=15)


def all_channels(*, archived: bool = False) -> QuerySet[SalesChannel]:
    found = SalesChannel.objects.order_by("name", "pk")
    return found if archived else found.filter(archived_at__isnull=True)


def channel_by_code(code: str) -> SalesChannel:
    """Raises ChannelNotFound."""
    channel = SalesChannel.objects.filter(code=code).first()
    if channel is None:
        raise ChannelNotFound(code)
    return channel


def channel_by_id(channel_id: int) -> SalesChannel | None:
    return SalesChannel.objects.filter(pk=channel_id).first()


def channel_ids(*, codes: Collection[str] = (), kinds: Collection[str] = ()) -> list[int]:
    """Ids of the channels with these codes and of these kinds; empty means any."""
    found = SalesChannel.objects.all()
    if codes:
        found = found.filter(code__in=codes)
    if kinds:
        found = found.filter(kind__in=kinds)
    return list(found.order_by("pk").values_list("pk", flat=True))


def polled_channels() -> QuerySet[SalesChannel]:
    """Webshops that are polled: neither paused nor archived."""
    return SalesChannel.objects.filter(kind="webshop", paused_at__isnull=True, archived_at__isnull=True)


def channels_due(at: datetime) -> list[tuple[int, bool]]:
    """The channels whose next poll has come: id, and whether the last synchronisation took long, well or not."""
    ended = SyncRun.objects.filter(channel=OuterRef("pk"), ended_at__isnull=False).order_by("-pk")
    ended = ended.exclude(error_code="interrupted")
    took = ended.annotate(took=ExpressionWrapper(F("ended_at") - F("started_at"), output_field=DurationField()))
    found = polled_channels().filter(next_poll_at__lte=at).annotate(took=Subquery(took.values("took")[:1]))
    rows = found.order_by("next_poll_at").values_list("pk", "took")
    return [(pk, took is not None and took > LONG_POLL) for pk, took in rows]


def is_due(channel: SalesChannel, at: datetime) -> bool:
    """Whether a loaded channel's next poll has come."""
    waits = channel.paused_at is not None or channel.archived_at is not None
    return not waits and channel.next_poll_at <= at


def hooks_due(at: datetime, *, every: timedelta) -> list[int]:
    """Ids of the channels whose webhooks were not looked at for so long.

    One that fails, or has not answered yet, is left to its polls: a shop that hangs shall hold one job and not two.
    """
    found = polled_channels().filter(failing_since__isnull=True).exclude(cursor={})
    found = found.filter(Q(hooks_checked_at__isnull=True) | Q(hooks_checked_at__lte=at - every))
    return list(found.order_by("pk").values_list("pk", flat=True))


def opened_settings(channel: SalesChannel) -> dict[str, str]:
    """All settings of a channel, the sealed ones opened: for the connector's eyes only."""
    opened: dict[str, Any] = dict(channel.settings)
    if channel.sealed:
        opened.update(open_sealed(bytes(channel.sealed), settings.SECRET_KEY))
    return {name: str(value) for name, value in opened.items()}


def health(channel: SalesChannel, at: datetime | None = None) -> Health:
    """How the channel stands now."""
    return health_of(
        polls=channel.kind == "webshop" and channel.archived_at is None,
        paused_at=channel.paused_at,
        created_at=channel.created_at,
        in_step_at=channel.in_step_at,
        failing_since=channel.failing_since,
        now=at or now(),
    )


def out_of_step() -> list[SalesChannel]:
    """The channels that break the five-minute promise now."""
    at = now()
    return [channel for channel in all_channels() if health(channel, at).state == "out_of_step"]


def runs_of(channel_id: int) -> QuerySet[SyncRun]:
    """The log of synchronisations, newest first."""
    return SyncRun.objects.filter(channel_id=channel_id).order_by("-pk")


@contextmanager
def poll_lock(channel_id: int, *, wait: bool = False) -> Iterator[bool]:
    """Hold the one place from which a channel is polled, across all processes; yields whether it was free.

    A session lock of PostgreSQL: it dies with the process that holds it, and no transaction stays open over HTTP.
    """
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [_POLL_LOCK, channel_id])
            held = True
        else:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_POLL_LOCK, channel_id])
            (held,) = cursor.fetchone()
    try:
        yield held
    finally:
        # a connection lost meanwhile has let the lock go already
        if held and connection.connection is not None and not connection.connection.closed:
            with suppress(OperationalError, InterfaceError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_POLL_LOCK, channel_id])


def lock_for_writing(channel_id: int) -> None:
    """Wait for the turn to write orders of a channel; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_WRITE_LOCK, channel_id])
