"""Reading messages again because a person asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pult.history.services import record
from pult.history.types import Actor
from pult.inbox.selectors import messages_page
from pult.lib.jobs import defer
from pult.sync.services.understanding import PAGE, Tally, retry_messages

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel
    from pult.inbox.models import Message


def retry_message(message: Message, *, actor: Actor) -> Tally:
    """Read one message again, whatever became of it, and note who asked."""
    record("message", message.pk, action="retried", actor=actor)
    return retry_messages(message.channel, [message.pk])


def retry_failed_later(channel: SalesChannel) -> int:
    """Have every message of a channel that could not be understood read again by a job; returns how many there are."""
    waiting = messages_page(state="failed", channel_code=channel.code).count()
    if waiting:
        defer("sync.retry_failed", queueing_lock=f"retry:{channel.pk}", channel_id=channel.pk)
    return waiting


def retry_failed(channel: SalesChannel) -> Tally:
    """Read again, oldest first, every message of a channel that could not be understood."""
    ids = list(messages_page(state="failed", channel_code=channel.code).order_by("pk").values_list("pk", flat=True))
    tally = Tally()
    for start in range(0, len(ids), PAGE):
        tally.add(retry_messages(channel, ids[start : start + PAGE]))
    return tally
