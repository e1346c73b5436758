"""The jobs of synchronisation: each finds its channel and calls one service."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain

from django.conf import settings

from pult.channels.selectors import channel_by_id, channels_due, hooks_due, is_due, polled_channels
from pult.channels.services import prune_runs
from pult.inbox.selectors import left_over_channels
from pult.lib.clock import now
from pult.lib.jobs import RetryTransient, defer, periodic, take_waiting, task
from pult.sync.services import comparing, hooking, polling, retrying, understanding
from pult.sync.services.understanding import THEN

COMPARE_DAYS = 30
WATCH_HOOKS_EVERY = timedelta(minutes=5)
HINTS_AT_ONCE = 50

SLOW_LANES = max(1, settings.PULT_WORKER_CONCURRENCY // 3)
"""So many slow channels are polled at once: shops that hang cannot take all of a worker's places."""

NEXT_POLL_IS_THE_RETRY = RetryTransient(max_attempts=0)
# A job that waits for its retry holds back the channel's polls: three short waits are all it may take.
FEW_RETRIES = RetryTransient(max_attempts=3)
LEFT_OVER_AFTER = timedelta(seconds=10)
"""What was kept goes on to be understood at once; later than this whoever kept it has died."""


def _lock(channel_id: int) -> str:
    return f"channel:{channel_id}"


@periodic("* * * * * */2", name="sync.poll_due_channels", queue="timer", priority=10)
def poll_due_channels() -> None:
    """Every two seconds: a job for each channel whose poll is due, at most one waiting a channel."""
    for channel_id, is_slow in channels_due(now()):
        lock = f"slow:{channel_id % SLOW_LANES}" if is_slow else _lock(channel_id)
        defer("sync.poll_channel", lock=lock, queueing_lock=f"poll:{channel_id}", channel_id=channel_id)


@task(name="sync.poll_channel", queue="sync", retry=NEXT_POLL_IS_THE_RETRY)
def poll_channel(channel_id: int) -> None:
    channel = channel_by_id(channel_id)
    # It may have waited behind a poll that has seen everything, or whose failure asks for a pause.
    if channel is not None and is_due(channel, now()):
        polling.sync_channel(channel, trigger="poll")


@task(name="sync.sync_now", queue="sync", priority=5, retry=FEW_RETRIES)
def sync_now(channel_id: int, full: bool = False) -> None:
    """A person asked for it: waits for a poll that is under way, then looks again."""
    channel = channel_by_id(channel_id)
    if channel is not None and channel.archived_at is None:
        polling.sync_channel(channel, trigger="full" if full else "manual", wait=True, full=full)


@task(name="sync.fetch_hinted", queue="hooks", priority=20)
def fetch_hinted(channel_id: int, external_ids: list[str]) -> None:
    """Fetch what this hook hints at, and what others have hinted at meanwhile: a storm is taken in by sets."""
    others = take_waiting("sync.fetch_hinted", lock=hooking.hint_lock(channel_id), limit=HINTS_AT_ONCE - 1)
    hinted = [external_ids, *(arguments["external_ids"] for arguments in others)]
    channel = channel_by_id(channel_id)
    if channel is not None and channel.paused_at is None and channel.archived_at is None:
        hooking.fetch_hinted(channel, list(dict.fromkeys(chain.from_iterable(hinted))))


@periodic("* * * * * */10", name=THEN, queue="timer")
def understand_messages() -> None:
    """Messages that a crash left between keeping and understanding go on here."""
    for channel_id in left_over_channels(for_at_least=LEFT_OVER_AFTER):
        channel = channel_by_id(channel_id)
        if channel is not None:
            understanding.understand_left_over(channel)


@periodic("17 * * * *", name="sync.compare_channels", queue="timer")
def compare_channels() -> None:
    """Hourly: the last thirty days in every shop against Pult, by state and total."""
    for channel in polled_channels():
        defer(
            "sync.compare_channel", lock=_lock(channel.pk), queueing_lock=f"compare:{channel.pk}", channel_id=channel.pk
        )


@task(name="sync.compare_channel", queue="sync", retry=FEW_RETRIES)
def compare_channel(channel_id: int) -> None:
    channel = channel_by_id(channel_id)
    if channel is not None and channel.paused_at is None and channel.archived_at is None:
        comparing.compare_channel(channel, days=COMPARE_DAYS)


@periodic("23 2 * * *", name="sync.read_all_again", queue="timer")
def read_all_again() -> None:
    """Nightly: every order of every shop read again in full, for edits that no list, hook or date tells of."""
    for channel in polled_channels():
        defer(
            "sync.sync_now",
            lock=_lock(channel.pk),
            queueing_lock=f"full:{channel.pk}",
            channel_id=channel.pk,
            full=True,
        )


@periodic("* * * * * */2", name="sync.watch_hooks", queue="timer")
def watch_hooks() -> None:
    """A new or changed channel's webhooks at once, every other's after five minutes: looked at, and mended."""
    for channel_id in hooks_due(now(), every=WATCH_HOOKS_EVERY):
        lock = f"hooks:{channel_id}"
        defer("sync.ensure_hooks", lock=lock, queueing_lock=lock, channel_id=channel_id)


@task(name="sync.ensure_hooks", queue="sync")
def ensure_hooks(channel_id: int) -> None:
    channel = channel_by_id(channel_id)
    if channel is not None and channel.paused_at is None:
        hooking.ensure_hooks(channel)


@task(name="sync.retry_failed", queue="sync")
def retry_failed(channel_id: int) -> None:
    channel = channel_by_id(channel_id)
    if channel is not None:
        retrying.retry_failed(channel)


@periodic("41 3 * * *", name="sync.prune", queue="timer")
def prune() -> None:
    prune_runs()
