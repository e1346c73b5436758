"""A follower of the changes misses none, however late it was committed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection

from pult.channels.models import SalesChannel
from pult.orders.models import Order
from pult.orders.selectors import OrderFilter, orders_changed_since, orders_page
from pult.testing.builders import a_channel, raw_order, told

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def channel(transactional_db: None) -> SalesChannel:
    channel = a_channel("bolt")
    told(channel, *(raw_order(100 + index) for index in range(6)))
    return channel


@pytest.fixture
def other_writers(channel: SalesChannel) -> Iterator[list[psycopg.Connection]]:
    """Two more connections that leave their transactions open."""
    parameters = connection.get_connection_params()
    known = {key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if parameters.get(key)}
    writers = [psycopg.connect(**known) for _ in range(2)]
    yield writers
    for writer in writers:
        writer.close()


class Follower:
    """Reads as a program would: by `updated_from` and the keyset of the last order it saw."""

    def __init__(self, since: datetime = LONG_AGO) -> None:
        self.since = since
        self.after: tuple[datetime, int] | None = None
        self.seen: list[str] = []

    def read(self, limit: int = 2) -> list[str]:
        fresh = []
        while page := orders_changed_since(OrderFilter(), since=self.since, after=self.after, limit=limit):
            self.after = (page[-1].updated_at, page[-1].pk)
            fresh += [order.external_id or "" for order in page]
        self.seen += fresh
        return fresh


def note(writer: psycopg.Connection, external_id: int, text: str) -> None:
    writer.execute("UPDATE orders_order SET internal_note = %s WHERE external_id = %s", [text, str(external_id)])


def test_every_order_comes_once_oldest_change_first(channel: SalesChannel) -> None:
    follower = Follower()

    assert follower.read() == ["100", "101", "102", "103", "104", "105"]
    assert follower.read() == []

    Order.objects.filter(external_id="101").update(internal_note="x")
    assert follower.read() == ["101"]


def test_change_that_is_committed_late_is_not_passed_over(other_writers: list[psycopg.Connection]) -> None:
    slow, quick = other_writers
    follower = Follower()
    follower.read()

    note(slow, 100, "slow")  # written first …
    note(quick, 105, "quick")
    quick.commit()
    assert follower.read() == []  # … and may still come: the later one waits
    slow.commit()

    assert follower.read() == ["100", "105"]


def test_transaction_that_began_early_and_writes_late_is_not_passed_over(
    other_writers: list[psycopg.Connection],
) -> None:
    slow, quick = other_writers
    follower = Follower()
    follower.read()

    slow.execute("SELECT 1")  # began, wrote nothing
    note(quick, 105, "quick")
    quick.commit()
    assert follower.read() == ["105"]
    note(slow, 100, "slow")
    assert follower.read() == []
    slow.commit()

    assert follower.read() == ["100"]


def test_what_is_rolled_back_holds_nobody_up(other_writers: list[psycopg.Connection]) -> None:
    slow, quick = other_writers
    follower = Follower()
    follower.read()

    note(slow, 100, "never")
    note(quick, 101, "quick")
    quick.commit()
    slow.rollback()

    assert follower.read() == ["101"]


def test_follower_who_starts_again_from_a_time_misses_nothing(other_writers: list[psycopg.Connection]) -> None:
    slow, quick = other_writers
    first = Follower()
    first.read()
    note(slow, 100, "slow")
    note(quick, 105, "quick")
    quick.commit()
    first.read()
    assert first.after is not None

    again = Follower(since=first.after[0])
    again.read()
    slow.commit()
    again.read()

    assert {"100", "105"} <= set(again.seen)


@pytest.mark.parametrize("seed", range(6))
def test_no_interleaving_of_two_writers_hides_a_change(seed: int, other_writers: list[psycopg.Connection]) -> None:
    chance = random.Random(seed)
    follower = Follower()
    follower.read()
    last: dict[str, str] = {}
    # each writer keeps to its own orders, or they would wait for each other
    mine = {0: [100, 101, 102], 1: [103, 104, 105]}
    pending: dict[int, dict[str, str]] = {0: {}, 1: {}}
    seen_notes: dict[str, str] = {}

    def follow() -> None:
        while page := orders_changed_since(OrderFilter(), since=LONG_AGO, after=follower.after, limit=2):
            follower.after = (page[-1].updated_at, page[-1].pk)
            seen_notes.update({order.external_id or "": order.internal_note or "" for order in page})

    for step in range(60):
        who = chance.randrange(2)
        action = chance.choice(["write", "write", "commit", "rollback", "read"])
        if action == "write":
            external_id = chance.choice(mine[who])
            note(other_writers[who], external_id, str(step))
            pending[who][str(external_id)] = str(step)
        elif action == "read":
            follow()
        else:
            getattr(other_writers[who], action)()
            if action == "commit":
                last.update(pending[who])
            pending[who].clear()
    for writer in other_writers:
        writer.rollback()
    follow()

    assert {key: seen_notes.get(key) for key in last} == last


def test_reader_inside_a_transaction_sees_the_horizon_of_now(other_writers: list[psycopg.Connection]) -> None:
    from django.db import transaction

    slow, quick = other_writers
    follower = Follower()
    with transaction.atomic():
        follower.read()
        note(slow, 100, "slow")
        note(quick, 105, "quick")
        quick.commit()
        assert follower.read() == []
    slow.commit()
    assert follower.read() == ["100", "105"]


# -- lists stay on their indexes ----------------------------------------------------------------------------


def _plan(queryset_sql: str, params: tuple[object, ...]) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {queryset_sql}", params)
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.django_db
def test_filters_of_the_list_use_their_indexes() -> None:
    channel, rare = a_channel("bolt"), a_channel("ritka")
    base = datetime(2026, 1, 1, tzinfo=UTC)
    for start in range(0, 3000, 500):
        orders = [
            raw_order(
                start + i + 1, date_created_gmt=(base + timedelta(minutes=start + i)).strftime("%Y-%m-%dT%H:%M:%S")
            )
            for i in range(500)
        ]
        told(channel, *orders)
    told(rare, raw_order(1))
    Order.objects.filter(external_id__in=["7", "8"]).update(status="on_hold")
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('orders_order_search')")
        cursor.execute("ANALYZE orders_order")

    seen = {}
    for name, filter_ in {
        "newest": OrderFilter(),
        "channel": OrderFilter(channels=["ritka"]),
        "status": OrderFilter(statuses=["on_hold"]),
        "problems": OrderFilter(problems=True),
        "search": OrderFilter(q="vevo2777@example"),
    }.items():
        with connection.execute_wrapper(_Recorder(seen, name)):
            orders_page(filter_, limit=51, after=(base + timedelta(days=2), 10**9))
    plans = {name: _plan(*query) for name, query in seen.items()}

    assert "orders_order_newest" in plans["newest"]
    assert "Seq Scan on orders_order" not in "".join(plans.values())
    assert "orders_order_problems" in plans["problems"]
    assert "orders_order_search" in plans["search"]


class _Recorder:
    """Remembers the last query under a name."""

    def __init__(self, seen: dict[str, tuple[str, tuple[object, ...]]], name: str) -> None:
        self.seen, self.name = seen, name

    def __call__(self, execute: object, sql: str, params: tuple[object, ...], many: bool, context: object) -> object:
        self.seen[self.name] = (sql, tuple(params or ()))
        return execute(sql, params, many, context)  # type: ignore[operator]
