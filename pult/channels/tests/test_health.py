"""How a channel stands, and when it is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from pult.channels.errors import BadChannel, ChannelNotFound
from pult.channels.models import SyncRun
from pult.channels.rules.health import backoff_s, health_of
from pult.channels.selectors import channel_by_code, channels_due, poll_lock
from pult.channels.services import add_channel, archive_channel, pause_channel, prune_runs
from pult.history.types import SYSTEM
from pult.lib.clock import now
from pult.testing.builders import a_channel

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def state(**values: object) -> str:
    times = {"paused_at": None, "created_at": NOW - timedelta(days=1), "in_step_at": None, "failing_since": None}
    return health_of(**({"polls": True, "now": NOW} | times | values)).state  # type: ignore[arg-type]


def test_state_follows_from_the_times() -> None:
    minute = timedelta(minutes=1)
    assert state(polls=False) == "idle"
    assert state(paused_at=NOW - minute, failing_since=NOW) == "paused"
    assert state(created_at=NOW - minute) == "waiting"
    assert state() == "out_of_step"
    assert state(in_step_at=NOW - minute) == "in_step"
    assert state(in_step_at=NOW - minute, failing_since=NOW) == "failing"
    assert state(in_step_at=NOW - 5 * minute) == "in_step"
    assert state(in_step_at=NOW - 5 * minute - timedelta(seconds=1)) == "out_of_step"


@pytest.mark.parametrize(
    ("failures", "interval", "asked", "wait"),
    [
        (1, 30, None, 30),
        (2, 30, None, 60),
        (4, 30, None, 240),
        (40, 30, None, 240),
        (1, 600, None, 600),
        (9, 600, None, 600),
        (1, 30, 600, 600),
        (1, 30, 5, 30),
        (1, 30, 90_000, 3600),
    ],
)
def test_pauses_double_up_to_four_minutes_and_never_undercut_the_shop(
    failures: int, interval: int, asked: float | None, wait: float
) -> None:
    assert backoff_s(failures_in_row=failures, interval_s=interval, asked_s=asked) == wait


@pytest.mark.django_db
def test_channel_that_can_not_be_made_is_refused_in_words() -> None:
    a_channel("bolt")
    for code, kind in (("bolt", "custom"), ("Nagy Bolt", "custom"), ("uj", "nonsense")):
        with pytest.raises(BadChannel) as refusal:
            add_channel(actor=SYSTEM, code=code, kind=kind)
        assert "\n" not in str(refusal.value)
    with pytest.raises(ChannelNotFound):
        channel_by_code("nobody")


@pytest.mark.django_db
def test_only_open_webshops_are_due() -> None:
    due, paused, archived = a_channel(), a_channel(), a_channel()
    a_channel(kind="custom")
    pause_channel(paused.pk, actor=SYSTEM)
    archive_channel(archived.pk, actor=SYSTEM)

    assert channels_due(now() + timedelta(seconds=1)) == [(due.pk, False)]


@pytest.mark.django_db
def test_quiet_runs_are_forgotten_after_a_day_and_all_after_thirty() -> None:
    channel = a_channel()

    def run(days: int, **values: object) -> int:
        return SyncRun.objects.create(
            channel=channel, trigger="poll", started_at=now() - timedelta(days=days), ended_at=now(), **values
        ).pk

    quiet, failed, swept, old = run(2), run(2, error="x"), run(2, created=3), run(31, error="x")
    today = run(0)

    assert prune_runs() == 2
    assert set(SyncRun.objects.values_list("pk", flat=True)) == {failed, swept, today}
    assert {quiet, old}.isdisjoint(SyncRun.objects.values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_a_channel_is_polled_from_one_place_and_the_lock_dies_with_its_connection() -> None:
    import psycopg

    parameters = connection.get_connection_params()
    known = {key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if parameters.get(key)}
    other = psycopg.connect(**known, autocommit=True)
    other.execute("SELECT pg_advisory_lock(%s, 7)", [0x50554C54])

    with poll_lock(7) as held:
        assert held is False
    with poll_lock(8) as held:
        assert held is True
    other.close()
    with poll_lock(7, wait=True) as held:
        assert held is True


@pytest.mark.django_db(transaction=True)
def test_connection_lost_under_the_lock_is_no_second_failure() -> None:
    with pytest.raises(ValueError, match="the first"), poll_lock(7):
        connection.connection.close()
        raise ValueError("the first")
    connection.close()
    with poll_lock(7) as held:
        assert held is True
