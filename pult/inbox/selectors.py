"""Questions to the inbox."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now

from pult.inbox.models import Message


def message_by_id(message_id: int) -> Message | None:
    return Message.objects.filter(pk=message_id).select_related("channel").first()


def bodies_of(message_ids: Collection[int]) -> dict[int, bytes]:
    """Raw bodies by message id."""
    rows = Message.objects.filter(pk__any=message_ids).values_list("pk", "body")
    return {pk: bytes(body) for pk, body in rows}


def failed_messages() -> QuerySet[Message]:
    """What could not be understood, newest first."""
    return Message.objects.filter(state="failed").select_related("channel").order_by("-id")


def messages_page(*, state: str | None = None, channel_code: str | None = None) -> QuerySet[Message]:
    """Messages newest first, without their bodies."""
    found = Message.objects.select_related("channel").defer("body").order_by("-id")
    if state:
        found = found.filter(state=state)
    if channel_code:
        found = found.filter(channel__code=channel_code)
    return found


def left_over_channels(*, for_at_least: timedelta) -> list[int]:
    """Channels with messages that nobody has understood for so long: what a crash between the two steps leaves."""
    waiting = Message.objects.filter(state="kept", received_at__lt=Now() - for_at_least)
    return list(waiting.order_by().values_list("channel_id", flat=True).distinct())


def left_over(channel_id: int, *, limit: int) -> list[int]:
    """The oldest kept messages of a channel."""
    return list(
        Message.objects.filter(state="kept", channel_id=channel_id).order_by("id").values_list("pk", flat=True)[:limit]
    )
