"""Nothing changes an order without a trace: the triggers, tried with raw SQL, and the actor they are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from pult.channels.models import SalesChannel
from pult.history.models import Entry
from pult.history.services import acting, record
from pult.history.types import SYSTEM, Actor
from pult.orders.models import Order, OrderLine
from pult.testing.builders import CLERK, a_channel, raw_order, the_order, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    channel = a_channel("bolt")
    told(channel, raw_order(101, refunds=[{"id": 9, "total": "-270"}], total="2547"))
    return the_order(channel)


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def newest(order: Order) -> Entry:
    entry = Entry.objects.filter(object_type="order", object_id=order.pk).order_by("-pk").first()
    assert entry is not None
    return entry


@pytest.mark.parametrize(
    ("statement", "action", "changes"),
    [
        (
            "UPDATE orders_order SET customer_note = 'x' WHERE id = %s",
            "changed",
            lambda e: e == {"customer_note": [None, "x"]},
        ),
        (
            "UPDATE orders_orderline SET quantity = 3 WHERE order_id = %s",
            "changed",
            lambda e: e == {"line.1.quantity": [2, 3]},
        ),
        (
            "DELETE FROM orders_orderline WHERE order_id = %s",
            "changed",
            lambda e: e["line.1"][0]["gross"] == 2540 and e["line.1"][1] is None,
        ),
        (
            "INSERT INTO orders_orderline (order_id, position, kind, name, quantity, unit, unit_price_net,"
            " unit_price_gross, discount_gross, net, vat, gross)"
            " SELECT %s, 2, 'fee', 'Díj', 1, 'db', 1, 1, 0, 1, 0, 1",
            "changed",
            lambda e: e["line.2"][0] is None and e["line.2"][1]["name"] == "Díj",
        ),
        ("UPDATE orders_refund SET reason = 'y' WHERE order_id = %s", "changed", lambda e: "refund.9.reason" in e),
        ("DELETE FROM orders_refund WHERE order_id = %s", "changed", lambda e: e["refund.9"][1] is None),
        (
            "UPDATE orders_problem SET resolved_at = now(), resolution = 'z' WHERE order_id = %s",
            "changed",
            lambda e: e == {"problem.totals_differ.resolution": [None, "z"]},
        ),
        ("DELETE FROM orders_problem WHERE order_id = %s", "changed", lambda e: "problem.totals_differ" in e),
    ],
)
def test_change_by_hand_leaves_a_trace_and_moves_the_order(
    order: Order, statement: str, action: str, changes: Callable[[Any], bool]
) -> None:
    count = Entry.objects.count()

    sql(statement, order.pk)

    entry = newest(order)
    assert Entry.objects.count() == count + 1
    assert (entry.action, entry.actor_kind) == (action, "database")
    assert entry.actor_name
    assert changes(entry.changes)
    assert Order.objects.get(pk=order.pk).updated_at > order.updated_at


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM orders_order WHERE id = %s",
        "UPDATE orders_order SET number = 'R-1' WHERE id = %s",
        "UPDATE orders_order SET channel_id = channel_id + 1 WHERE id = %s",
        "UPDATE orders_order SET id = id + 1 WHERE id = %s",
        "UPDATE orders_orderline SET order_id = order_id + 1 WHERE order_id = %s",
        "UPDATE orders_refund SET id = id + 1 WHERE order_id = %s",
        "UPDATE history_entry SET actor_name = 'x' WHERE object_id = %s",
        "DELETE FROM history_entry WHERE object_id = %s",
        "UPDATE orders_order SET status = 'lost' WHERE id = %s",
        "UPDATE orders_order SET total_gross = total_gross + 1 WHERE id = %s",
        "UPDATE orders_orderline SET net = net + 1 WHERE order_id = %s",
    ],
)
def test_what_must_never_happen_is_refused_by_the_database(order: Order, statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        sql(statement, order.pk)


def test_innermost_actor_wins_and_the_outer_one_comes_back(order: Order) -> None:
    def note(text: str) -> None:
        Order.objects.filter(pk=order.pk).update(internal_note=text)

    with acting(SYSTEM, "outer", data={"why": "a"}):
        note("1")
        with acting(Actor("token", "3", "Program"), "inner"):
            note("2")
        note("3")
        with pytest.raises(ValueError, match="no"), acting(CLERK, "failed"):
            note("4")
            raise ValueError("no")
        note("5")
    note("6")

    entries = Entry.objects.filter(object_type="order").order_by("pk").values_list("action", "actor_kind", "data")
    assert list(entries)[1:] == [
        ("outer", "system", {"why": "a"}),
        ("inner", "token", None),
        ("outer", "system", {"why": "a"}),
        ("outer", "system", {"why": "a"}),
        ("changed", "database", None),
    ]


def test_what_changes_nothing_leaves_nothing(order: Order) -> None:
    count = Entry.objects.count()

    sql("UPDATE orders_order SET customer_note = customer_note WHERE id = %s", order.pk)
    sql("UPDATE orders_order SET source_modified_at = now() WHERE id = %s", order.pk)

    assert Entry.objects.count() == count
    assert Order.objects.get(pk=order.pk).updated_at == order.updated_at


def test_received_order_has_one_entry_however_many_lines(order: Order) -> None:
    assert list(Entry.objects.filter(object_type="order").values_list("action", flat=True)) == ["received"]
    assert OrderLine.objects.count() == 1


def test_channels_and_their_pauses_are_told_but_never_their_secrets() -> None:
    channel = a_channel("titok")

    SalesChannel.objects.filter(pk=channel.pk).update(sealed=b"other", hook_secret="other", cursor={"a": 1})
    SalesChannel.objects.filter(pk=channel.pk).update(name="Más név")

    entries = Entry.objects.filter(object_type="channel", object_id=channel.pk).order_by("pk")
    assert [entry.changes for entry in entries] == [None, {"name": ["Titok", "Más név"]}]


def test_what_no_trigger_can_know_is_recorded_by_hand() -> None:
    record("channel", 5, action="tested", actor=CLERK, data={"ok": True})

    entry = Entry.objects.get(object_type="channel", object_id=5)
    assert (entry.action, entry.actor_kind, entry.actor_id, entry.data) == ("tested", "user", "7", {"ok": True})
