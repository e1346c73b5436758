"""What comes in is kept raw, once for each state of an order, and opened by one worker at a time."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection, transaction

from pult.channels.models import SalesChannel
from pult.inbox.models import Message
from pult.inbox.services import Incoming, checksum_of, keep_messages, mark_failed, mark_understood, open_messages
from pult.testing.builders import a_channel


def keep(channel: SalesChannel, *messages: tuple[str, bytes]) -> list[int]:
    with transaction.atomic():
        return keep_messages(
            channel.pk, [Incoming(*message) for message in messages], source="poll", then="sync.understand_messages"
        )


@pytest.mark.django_db
def test_only_what_equals_the_last_one_is_left_out() -> None:
    channel, other = a_channel(), a_channel()

    ids = keep(channel, ("1", b"a"), ("1", b"a"), ("1", b"b"), ("1", b"a"), ("2", b"a"))
    assert keep(channel, ("1", b"a"), ("2", b"a")) == []
    assert len(keep(other, ("1", b"a"))) == 1
    assert len(keep(channel, ("1", b"b"))) == 1

    assert len(ids) == 4 == len(set(ids))
    kept = Message.objects.filter(pk__in=ids).order_by("pk")
    assert [(message.external_id, bytes(message.body)) for message in kept] == [
        ("1", b"a"),
        ("1", b"b"),
        ("1", b"a"),
        ("2", b"a"),
    ]
    assert bytes(kept[0].checksum) == checksum_of(b"a")
    assert keep(channel) == []


@pytest.mark.django_db
def test_states_and_reasons() -> None:
    channel = a_channel()
    done, failed, ignored = keep(channel, ("1", b"a"), ("2", b"a"), ("3", b"a"))

    mark_failed({failed: ("unreadable", "Because.")})
    mark_understood({done: None}, ignored=[ignored])

    states = dict(Message.objects.values_list("pk", "state"))
    assert states == {done: "understood", failed: "failed", ignored: "ignored"}
    with transaction.atomic():
        assert open_messages([done, failed, ignored]) == []
        assert [message.id for message in open_messages([done, failed], again=True)] == [done, failed]
    mark_understood({failed: None})
    again = Message.objects.get(pk=failed)
    assert (again.state, again.error, again.error_code, again.attempts) == ("understood", None, None, 2)


@pytest.mark.django_db(transaction=True)
def test_message_in_another_workers_hands_is_left_to_it() -> None:
    first, second = keep(a_channel(), ("1", b"a"), ("2", b"b"))
    parameters = connection.get_connection_params()
    known = {key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if parameters.get(key)}
    with psycopg.connect(**known) as other:
        other.execute("SELECT 1 FROM inbox_message WHERE id = %s FOR UPDATE", [first])
        with transaction.atomic():
            assert [message.id for message in open_messages([first, second])] == [second]
