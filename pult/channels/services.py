"""Keeping channels and their course: settings, pause, cursor, health, the log of synchronisations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.text import slugify

from pult.channels.errors import BadChannel
from pult.channels.models import SalesChannel, SyncRun
from pult.channels.rules.health import backoff_s
from pult.channels.selectors import polled_channels
from pult.channels.types import COLORS, KINDS
from pult.history.services import acting, record
from pult.history.types import Actor
from pult.lib.clock import now
from pult.lib.failures import ChannelFailure, Throttled
from pult.lib.identifiers import is_channel_code
from pult.lib.secrets import new_secret, open_sealed, seal


def add_channel(
    *,
    actor: Actor,
    code: str,
    kind: str,
    platform: str | None = None,
    name: str | None = None,
    currency: str = "HUF",
    open_settings: Mapping[str, Any] | None = None,
    secret_settings: Mapping[str, str] | None = None,
) -> SalesChannel:
    """Make a channel. The settings have been checked by who knows the platform. Raises BadChannel."""
    if not is_channel_code(code):
        raise BadChannel(
            "The code “%(value)s” will not do: use small letters, digits and hyphens, for instance %(example)s.",
            code="bad_code",
            params={"value": code, "example": slugify(code) or "my-shop"},
        )
    if kind not in KINDS:
        raise BadChannel(
            "The kind “%(kind)s” is not known; choose one of %(choice)s.",
            code="bad_kind",
            params={"kind": kind, "choice": ", ".join(KINDS)},
        )
    try:
        with acting(actor, "created"), transaction.atomic():
            return SalesChannel.objects.create(
                code=code,
                kind=kind,
                platform=platform,
                name=name or code,
                currency=currency,
                color=list(COLORS)[SalesChannel.objects.count() % len(COLORS)],
                settings=dict(open_settings or {}),
                sealed=seal(dict(secret_settings), settings.SECRET_KEY) if secret_settings else None,
                hook_secret=new_secret(24),
            )
    except IntegrityError as error:
        raise BadChannel(
            "There is a channel %(channel)s already; choose another code.", code="code_taken", params={"channel": code}
        ) from error


def change_channel(
    channel_id: int,
    *,
    actor: Actor,
    name: str | None = None,
    color: str | None = None,
    open_settings: Mapping[str, Any] | None = None,
    secret_settings: Mapping[str, str] | None = None,
    status_map: Mapping[str, str] | None = None,
) -> SalesChannel:
    """Change a channel; what is None stays. New settings are tried at once: the back-off is forgotten."""
    with acting(actor, "edited"):
        channel = SalesChannel.objects.select_for_update().get(pk=channel_id)
        if name:
            channel.name = name
        if color:
            channel.color = color
        if status_map is not None:
            channel.status_map = dict(status_map)
        if open_settings is not None:
            channel.settings = {**channel.settings, **open_settings}
        if secret_settings:
            known = open_sealed(bytes(channel.sealed), settings.SECRET_KEY) if channel.sealed else {}
            channel.sealed = seal({**known, **secret_settings}, settings.SECRET_KEY)
            # the sealed column is kept out of the history: that it was replaced is not
            record("channel", channel_id, action="credentials_replaced", actor=actor)
        if open_settings is not None or secret_settings:
            channel.next_poll_at = now()
            channel.failures_in_row = 0
            channel.hooks_checked_at = None
        channel.save()
    return channel


def pause_channel(channel_id: int, *, actor: Actor) -> None:
    """Stop polling; the shop keeps its orders until the channel is resumed. Hooks are kept and looked at then."""
    with acting(actor, "paused"):
        SalesChannel.objects.filter(pk=channel_id, paused_at__isnull=True).update(paused_at=now())


def resume_channel(channel_id: int, *, actor: Actor) -> None:
    """Go on at once, from where the channel stood."""
    with acting(actor, "resumed"):
        SalesChannel.objects.filter(pk=channel_id, paused_at__isnull=False).update(
            paused_at=None,
            next_poll_at=now(),
            failures_in_row=0,
            failing_since=None,
            failure_code=None,
            failure_detail=None,
            in_step_at=now(),
        )


def archive_channel(channel_id: int, *, actor: Actor) -> None:
    """Put a channel away: it is polled no more, its orders stay."""
    with acting(actor, "archived"):
        SalesChannel.objects.filter(pk=channel_id, archived_at__isnull=True).update(archived_at=now())


def poll_at_once(channel_id: int) -> None:
    """Make the channel due now, whatever its back-off."""
    SalesChannel.objects.filter(pk=channel_id).update(next_poll_at=now())


def poll_all_at_once() -> None:
    """Make every channel due now, as when a worker starts: what it missed while it was down must not wait."""
    at = now()
    polled_channels().filter(next_poll_at__gt=at).update(next_poll_at=at)


def advance_cursor(channel_id: int, cursor: Mapping[str, Any]) -> None:
    """Move on to where the next poll may start; call in the transaction that keeps the page before it."""
    SalesChannel.objects.filter(pk=channel_id).update(cursor=dict(cursor))


def start_run(channel_id: int, *, trigger: str) -> SyncRun:
    """Open an entry in the log of synchronisations, under the channel's `poll_lock`.

    `trigger`: poll, hook, manual, full, compare.
    """
    at = now()
    SalesChannel.objects.filter(pk=channel_id).update(poll_started_at=at)
    # one at a time: an entry still open is of a process that was killed, or whose database was
    SyncRun.objects.filter(channel_id=channel_id, ended_at__isnull=True).update(
        ended_at=at,
        error_code="interrupted",
        error="It was interrupted; the next one went on from where it stood.",
    )
    return SyncRun.objects.create(channel_id=channel_id, trigger=trigger, started_at=at)


@transaction.atomic
def end_run(run: SyncRun, *, failure: ChannelFailure | None = None, note: str | None = None) -> None:
    """Close the entry, and write on the channel how it stands and when it is due again."""
    at = now()
    run.ended_at = at
    run.note = note
    if failure is not None:
        run.error_code = failure.code
        run.error = str(failure)
    run.save()
    channel = SalesChannel.objects.select_for_update().get(pk=run.channel_id)
    channel.poll_started_at = None
    if failure is None:
        channel.in_step_at = at
        channel.failing_since = None
        channel.failures_in_row = 0
        channel.failure_code = channel.failure_detail = None
        channel.next_poll_at = at + timedelta(seconds=settings.PULT_SYNC_INTERVAL)
    else:
        channel.failing_since = channel.failing_since or run.started_at
        channel.failures_in_row += 1
        channel.failure_code = failure.code
        channel.failure_detail = str(failure)
        wait_s = backoff_s(
            failures_in_row=channel.failures_in_row,
            interval_s=settings.PULT_SYNC_INTERVAL,
            asked_s=failure.wait_s if isinstance(failure, Throttled) else None,
        )
        channel.next_poll_at = at + timedelta(seconds=wait_s)
    channel.save(
        update_fields=[
            "poll_started_at",
            "in_step_at",
            "failing_since",
            "failures_in_row",
            "failure_code",
            "failure_detail",
            "next_poll_at",
        ]
    )


def note_orders(channel_id: int, *, at: datetime) -> None:
    """Remember when the last order came."""
    SalesChannel.objects.filter(pk=channel_id).update(last_order_at=at)


def note_in_step(channel_id: int) -> None:
    """Everything that changed has been seen, in the middle of a longer work."""
    SalesChannel.objects.filter(pk=channel_id).update(in_step_at=now())


def note_compared(channel_id: int) -> None:
    SalesChannel.objects.filter(pk=channel_id).update(compared_at=now())


def note_hook(channel_id: int) -> None:
    SalesChannel.objects.filter(pk=channel_id).update(last_hook_at=now())


def keep_hooks(channel_id: int, hooks: Mapping[str, Any]) -> None:
    """Write down how the webhooks at the shop stand."""
    SalesChannel.objects.filter(pk=channel_id).update(hooks=dict(hooks), hooks_checked_at=now())


def prune_runs(*, quiet_after: timedelta = timedelta(days=1), all_after: timedelta = timedelta(days=30)) -> int:
    """Forget old log entries: those in which nothing happened after a day, the others after thirty."""
    at = now()
    quiet, _ = SyncRun.objects.filter(
        started_at__lt=at - quiet_after,
        error__isnull=True,
        fetched=F("unchanged"),
        created=0,
        updated=0,
        failed=0,
        trigger="poll",
    ).delete()
    old, _ = SyncRun.objects.filter(started_at__lt=at - all_after).delete()
    return quiet + old
