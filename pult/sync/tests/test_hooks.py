"""Webhooks at the door: who is let in, what is refused, and that ten of one order are one job and one order."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test import Client

from pult.channels.models import SalesChannel
from pult.channels.services import archive_channel, pause_channel
from pult.history.types import SYSTEM
from pult.inbox.models import Message
from pult.lib.rates import Buckets
from pult.orders.models import Order
from pult.testing import run_worker_until_idle
from pult.testing.builders import ShopAndChannel, a_channel, a_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel() -> SalesChannel:
    return a_channel("bolt")


def post(channel: SalesChannel, body: bytes, *, secret: str | None = None, signed: str | None = None) -> Any:
    key = channel.hook_secret if signed is None else signed
    signature = base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()
    return Client().post(
        f"/hooks/{channel.code}/{channel.hook_secret if secret is None else secret}",
        data=body,
        content_type="application/json",
        headers={"X-WC-Webhook-Signature": signature, "X-WC-Webhook-Topic": "order.updated"},
    )


def jobs() -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'sync.fetch_hinted'")
        return [orjson.loads(row[0]) if isinstance(row[0], str) else row[0] for row in cursor.fetchall()]


def test_signed_hook_becomes_a_job(channel: SalesChannel) -> None:
    answer = post(channel, b'{"id": 101}')

    assert answer.status_code == 200
    assert jobs() == [{"channel_id": channel.pk, "external_ids": ["101"]}]
    assert SalesChannel.objects.get().last_hook_at is not None


def test_ten_hooks_of_one_order_are_one_job(channel: SalesChannel) -> None:
    for _ in range(10):
        assert post(channel, b'{"id": 101}').status_code == 200
    post(channel, b'{"id": 102}')

    assert [job["external_ids"] for job in jobs()] == [["101"], ["102"]]


def test_ping_is_answered_and_does_nothing(channel: SalesChannel) -> None:
    answer = Client().post(
        f"/hooks/bolt/{channel.hook_secret}", data="webhook_id=5", content_type="application/x-www-form-urlencoded"
    )

    assert answer.status_code == 200
    assert jobs() == []


@pytest.mark.parametrize("secret", ["wrong", "árvíztűrő", "%00", "x" * 5000])
def test_unknown_secret_is_an_unknown_address(channel: SalesChannel, secret: str) -> None:
    assert post(channel, b'{"id": 101}', secret=secret).status_code == 404
    assert jobs() == []


def test_unknown_channel_and_put_away_channel_are_unknown_addresses(channel: SalesChannel) -> None:
    assert Client().post("/hooks/nobody/secret", data=b"{}", content_type="application/json").status_code == 404
    archive_channel(channel.pk, actor=SYSTEM)
    assert post(channel, b'{"id": 101}').status_code == 404


def test_channel_without_webhooks_has_no_such_address() -> None:
    custom = a_channel("sajat", kind="custom")

    assert post(custom, b'{"id": 101}').status_code == 404


def test_wrong_or_missing_signature_is_refused(channel: SalesChannel) -> None:
    assert post(channel, b'{"id": 101}', signed="another secret").status_code == 401
    unsigned = Client().post(f"/hooks/bolt/{channel.hook_secret}", data=b'{"id": 101}', content_type="application/json")
    assert unsigned.status_code == 401
    assert jobs() == []


def test_fifty_megabytes_are_refused(channel: SalesChannel) -> None:
    assert post(channel, b'{"id": 101, "x": "' + b"a" * 50_000_000 + b'"}').status_code == 413
    assert jobs() == []


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff\xfe\x00",
        b"null",
        b'{"id": "101; DROP TABLE orders_order"}',
        b'{"id": 1e400}',
        b'{"id": -5}',
        b"",
    ],
)
def test_nonsense_that_is_signed_does_nothing(channel: SalesChannel, body: bytes) -> None:
    assert post(channel, body).status_code == 200
    assert jobs() == []


def test_hook_can_only_be_posted(channel: SalesChannel) -> None:
    assert Client().get(f"/hooks/bolt/{channel.hook_secret}").status_code == 405


def test_paused_channel_answers_and_does_nothing(channel: SalesChannel) -> None:
    pause_channel(channel.pk, actor=SYSTEM)

    assert post(channel, b'{"id": 101}').status_code == 200
    assert jobs() == []


@pytest.fixture
def running(transactional_db: None) -> Iterator[ShopAndChannel]:
    with a_shop("bolt") as shop:
        yield shop


def test_the_same_hook_ten_times_ends_as_one_order(running: ShopAndChannel) -> None:
    order_id = running.shop.place_order()
    for round_ in range(10):
        assert post(running.channel, orjson.dumps({"id": order_id})).status_code == 200
        if round_ == 4:
            run_worker_until_idle()
    run_worker_until_idle()

    assert Order.objects.count() == 1
    assert Message.objects.count() == 1
    assert jobs() == []


def test_flood_from_one_address_is_held_back_before_any_work(
    client: Client, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr("pult.sync.views.hooks.arriving", Buckets(rate=0.001, burst=2))
    codes = [client.post("/hooks/none/none", REMOTE_ADDR="192.0.2.1").status_code for _ in range(2)]
    with django_assert_num_queries(0):
        held = client.post("/hooks/none/none", REMOTE_ADDR="192.0.2.1")

    assert codes == [404, 404]
    assert (held.status_code, held["Retry-After"]) == (429, "1000")
    assert client.post("/hooks/none/none", REMOTE_ADDR="192.0.2.2").status_code == 404
