"""A channel against a shop over real HTTP: first import, what changes, what fails, and what a crash leaves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from pult.channels.models import SalesChannel, SyncRun
from pult.channels.selectors import health
from pult.channels.services import pause_channel, resume_channel
from pult.connectors.protocol import RawMessage
from pult.history.types import SYSTEM
from pult.inbox.models import Message
from pult.lib.clock import moved, now
from pult.orders.models import Order
from pult.sync import tasks
from pult.sync.services.comparing import compare_channel
from pult.sync.services.hooking import fetch_hinted
from pult.sync.services.polling import SyncResult, sync_channel
from pult.sync.services.understanding import keep_page
from pult.testing.builders import ShopAndChannel, a_channel, a_shop, raw_order, the_order, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def bolt() -> Iterator[ShopAndChannel]:
    with a_shop("bolt") as running:
        yield running


@pytest.fixture
def posts() -> Iterator[ShopAndChannel]:
    """A shop that stores orders as posts, whose dates many changes do not move."""
    with a_shop("regi", generation="old") as running:
        yield running


def sync(running: ShopAndChannel, **options: object) -> SyncResult:
    result = sync_channel(SalesChannel.objects.get(pk=running.channel.pk), trigger="manual", **options)  # type: ignore[arg-type]
    assert result is not None
    return result


def counts(result: SyncResult) -> tuple[int, int, int, int]:
    tally = result.tally
    return (tally.created, tally.updated, tally.unchanged, tally.failed)


def fresh(running: ShopAndChannel) -> SalesChannel:
    return SalesChannel.objects.get(pk=running.channel.pk)


def shop_total(running: ShopAndChannel, order_id: int) -> Decimal:
    return Decimal(running.shop.order(order_id)["total"])


def test_first_import_takes_over_everything_and_the_next_one_nothing(bolt: ShopAndChannel) -> None:
    ids = [bolt.shop.place_order() for _ in range(12)]

    first = sync(bolt)

    assert first.failure is None
    assert counts(first) == (12, 0, 0, 0)
    assert {order.external_id: order.total_gross for order in Order.objects.all()} == {
        str(order_id): shop_total(bolt, order_id) for order_id in ids
    }
    again = sync(bolt)
    assert (again.tally.created, again.tally.updated, again.tally.failed) == (0, 0, 0)
    assert health(fresh(bolt)).state == "in_step"
    run = SyncRun.objects.order_by("-pk").first()
    assert run is not None and run.ended_at is not None and run.error is None


def test_new_and_changed_orders_follow(bolt: ShopAndChannel) -> None:
    paid, edited, binned, refunded = (bolt.shop.place_order(payment_method="bacs") for _ in range(4))
    sync(bolt)

    bolt.shop.pay(paid)
    bolt.shop.edit_line(edited, quantity=9)
    bolt.shop.trash(binned)
    bolt.shop.pay(refunded)
    bolt.shop.refund(refunded)
    new = bolt.shop.place_order()
    result = sync(bolt)

    assert (result.tally.created, result.tally.updated) == (1, 4)
    assert the_order(bolt.channel, paid).payment_status == "paid"
    assert the_order(bolt.channel, edited).total_gross == shop_total(bolt, edited)
    assert the_order(bolt.channel, binned).status == "cancelled"
    assert the_order(bolt.channel, refunded).status == "returned"
    assert the_order(bolt.channel, refunded).payment_status == "refunded"
    assert the_order(bolt.channel, new).status in {"new", "on_hold"}

    bolt.shop.restore(binned)
    sync(bolt)
    assert the_order(bolt.channel, binned).status == "on_hold"


def test_since_setting_leaves_older_orders_in_the_shop() -> None:
    with a_shop("bolt") as running:
        with running.shop.as_of(datetime(2026, 1, 10, 12, tzinfo=UTC)):
            running.shop.place_order()
        young = running.shop.place_order()
        SalesChannel.objects.filter(pk=running.channel.pk).update(
            settings={**running.channel.settings, "since": now().date().isoformat()}
        )

        sync(running)

        assert [order.external_id for order in Order.objects.all()] == [str(young)]


def test_reading_again_since_a_day_neither_moves_the_cursor_nor_loses_a_change(bolt: ShopAndChannel) -> None:
    with bolt.shop.as_of(datetime(2026, 1, 10, 12, tzinfo=UTC)):
        old = bolt.shop.place_order(payment_method="bacs")
    sync(bolt)
    bolt.shop.pay(old)

    result = sync(bolt, since=now() - timedelta(days=1))

    assert result.failure is None
    assert the_order(bolt.channel, old).payment_status == "paid"


def test_full_pass_reads_everything_again_and_keeps_the_cursor(posts: ShopAndChannel) -> None:
    with posts.shop.as_of(now() - timedelta(days=3)):
        order_id = posts.shop.place_order()
    posts.shop.place_order()
    sync(posts)
    cursor = fresh(posts).cursor
    posts.shop.edit_line(order_id, quantity=7)
    assert sync(posts).tally.updated == 0

    result = sync(posts, full=True)

    assert result.failure is None
    assert fresh(posts).cursor["any"] >= cursor["any"]
    assert the_order(posts.channel, order_id).total_gross == shop_total(posts, order_id)


def test_comparison_finds_an_edit_that_moves_no_date_and_an_order_deleted_for_good(posts: ShopAndChannel) -> None:
    with posts.shop.as_of(now() - timedelta(days=3)):
        edited, deleted = (posts.shop.place_order() for _ in range(2))
    kept = posts.shop.place_order()
    sync(posts)
    posts.shop.edit_line(edited, quantity=7)
    posts.shop.delete_for_good(deleted)
    assert sync(posts).tally.updated == 0  # no list and no date tells of it

    tally = compare_channel(fresh(posts), days=30)

    assert tally is not None
    assert tally.updated == 2
    assert the_order(posts.channel, edited).total_gross == shop_total(posts, edited)
    assert the_order(posts.channel, deleted).status == "cancelled"
    assert the_order(posts.channel, kept).status != "cancelled"
    assert fresh(posts).compared_at is not None
    again = compare_channel(fresh(posts), days=30)
    assert again is not None and again.fetched == 0


def test_comparison_finds_an_order_that_was_never_told_of(bolt: ShopAndChannel) -> None:
    with bolt.shop.as_of(now() - timedelta(days=3)):
        missing = bolt.shop.place_order()
    sync(bolt)
    newer = bolt.shop.place_order()

    tally = compare_channel(fresh(bolt), days=30)

    assert tally is not None and tally.created == 1
    assert {order.external_id for order in Order.objects.all()} == {str(missing), str(newer)}


# -- crashes ------------------------------------------------------------------------------------------------


def test_messages_kept_before_a_crash_are_understood_by_the_sweep() -> None:
    channel = a_channel("bolt")
    page = [RawMessage(str(i), _raw(i)) for i in range(1, 4)]
    keep_page(channel, page, source="poll", cursor={"any": "x"})

    tasks.understand_messages()  # too fresh: whoever kept them is at it
    assert Order.objects.count() == 0
    Message.objects.update(received_at=now() - timedelta(seconds=11))
    tasks.understand_messages()

    assert Order.objects.count() == 3
    assert set(Message.objects.values_list("state", flat=True)) == {"understood"}


def test_messages_kept_before_a_crash_are_understood_by_the_next_poll(bolt: ShopAndChannel) -> None:
    order_id = bolt.shop.place_order()
    keep_page(bolt.channel, [RawMessage("9999", _raw(9999))], source="poll", cursor=None)

    result = sync(bolt)

    assert result.tally.created == 2
    assert {order.external_id for order in Order.objects.all()} == {"9999", str(order_id)}


def test_entry_that_a_killed_process_left_open_is_closed_by_the_next_one(bolt: ShopAndChannel) -> None:
    left = SyncRun.objects.create(channel=bolt.channel, trigger="poll")

    sync(bolt)

    left.refresh_from_db()
    assert (left.error_code, left.ended_at is not None) == ("interrupted", True)


def _raw(order_id: int) -> bytes:
    import orjson

    return orjson.dumps(raw_order(order_id))


# -- shops that fail ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["critical_error", "truncated", "login_page", "redirect_to_login", "reset", "maintenance"]
)
def test_failing_shop_is_said_in_words_and_recovers(bolt: ShopAndChannel, kind: str) -> None:
    order_id = bolt.shop.place_order()
    sync(bolt)
    bolt.shop.faults.next(kind, 500)  # type: ignore[arg-type]

    result = sync(bolt)

    channel = fresh(bolt)
    assert result.failure is not None
    assert channel.failing_since is not None
    assert channel.failures_in_row == 1
    assert channel.failure_detail and "\n" not in channel.failure_detail and "Traceback" not in channel.failure_detail
    assert health(channel).state == "failing"
    with moved(by=timedelta(minutes=6)):
        assert health(channel).state == "out_of_step"

    bolt.shop.faults.clear()
    bolt.shop.set_status(order_id, "completed")
    assert sync(bolt).failure is None
    channel = fresh(bolt)
    assert (channel.failing_since, channel.failure_detail, health(channel).state) == (None, None, "in_step")
    assert the_order(bolt.channel, order_id).status == "completed"


def test_shop_that_asks_for_a_pause_gets_it(bolt: ShopAndChannel) -> None:
    sync(bolt)
    bolt.shop.faults.next("throttled", 500, seconds=600)

    with moved(datetime(2026, 11, 25, 10, tzinfo=UTC), stopped=True):
        result = sync(bolt)
        assert result.failure is not None and result.failure.code == "throttled"
        assert fresh(bolt).next_poll_at == datetime(2026, 11, 25, 10, 10, tzinfo=UTC)


def test_refused_key_is_a_matter_for_a_person_and_concerns_no_other_channel(bolt: ShopAndChannel) -> None:
    with a_shop("masik") as other:
        bolt.shop.consumer_key = "ck_" + "f" * 40
        other.shop.place_order()

        refused = sync(bolt)
        well = sync(other)

    assert refused.failure is not None and refused.failure.code == "key_refused"
    assert well.failure is None and well.tally.created == 1
    assert health(fresh(other)).state == "in_step"


def test_pauses_grow_with_every_failure_and_never_pass_four_minutes(bolt: ShopAndChannel) -> None:
    bolt.server.stop()
    waits = []
    for _ in range(5):
        sync(bolt)
        channel = fresh(bolt)
        waits.append(round((channel.next_poll_at - now()).total_seconds(), -1))

    assert waits == [30, 60, 120, 240, 240]


def test_credentials_sealed_with_another_key_are_said_in_words(bolt: ShopAndChannel) -> None:
    SalesChannel.objects.filter(pk=bolt.channel.pk).update(sealed=b"garbage")

    result = sync(bolt)

    assert result.failure is not None and result.failure.code == "seal_broken"
    assert "PULT_SECRET_KEY" in (fresh(bolt).failure_detail or "")


# -- pause, hooks -------------------------------------------------------------------------------------------


def test_paused_channel_is_left_alone_and_goes_on_where_it_stood(bolt: ShopAndChannel) -> None:
    sync(bolt)
    pause_channel(bolt.channel.pk, actor=SYSTEM)
    order_id = bolt.shop.place_order()
    asked = len(bolt.shop.requests)

    tasks.poll_channel(bolt.channel.pk)
    tasks.fetch_hinted(bolt.channel.pk, [str(order_id)])
    tasks.compare_channel(bolt.channel.pk)
    assert (len(bolt.shop.requests), Order.objects.count()) == (asked, 0)

    resume_channel(bolt.channel.pk, actor=SYSTEM)
    tasks.poll_channel(bolt.channel.pk)
    assert Order.objects.get().external_id == str(order_id)


def test_hinted_order_is_fetched_as_it_is_now(bolt: ShopAndChannel) -> None:
    order_id = bolt.shop.place_order()

    tally = fetch_hinted(fresh(bolt), [str(order_id), "no-number"])

    assert tally.created == 1
    assert Message.objects.get().source == "hook"
    bolt.shop.delete_for_good(order_id)
    fetch_hinted(fresh(bolt), [str(order_id)])
    assert the_order(bolt.channel, order_id).status == "cancelled"


def test_poll_and_hook_of_one_order_are_one_order(bolt: ShopAndChannel) -> None:
    order_id = bolt.shop.place_order()

    fetch_hinted(fresh(bolt), [str(order_id)])
    result = sync(bolt)
    fetch_hinted(fresh(bolt), [str(order_id)])

    assert Order.objects.count() == 1
    assert (result.tally.created, result.tally.updated) == (0, 0)


def test_mapped_states_of_a_channel_come_first(bolt: ShopAndChannel) -> None:
    bolt.shop.register_status("csomagolas")
    SalesChannel.objects.filter(pk=bolt.channel.pk).update(status_map={"csomagolas": "on_hold"})
    channel = fresh(bolt)

    told(channel, raw_order(1, status="csomagolas"))

    assert the_order(channel, 1).status == "on_hold"
