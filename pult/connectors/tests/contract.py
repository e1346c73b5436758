"""The suite that every connector must pass, over real HTTP against a shop on loopback.

A platform's test module gives it an `Adapter` and inherits `ConnectorContract`:

    class TestWooCommerce(ConnectorContract):
        @pytest.fixture
        def shop(self) -> Iterator[Adapter]: ...
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from pult.connectors.protocol import Cursor, NotAnOrder, RawMessage
from pult.lib.failures import ChannelFailure, Refused, Throttled, Transient, Unreadable
from pult.orders.types import IncomingOrder

PAST = datetime(2026, 11, 2, 8, 15, tzinfo=UTC)


class Adapter(Protocol):
    """What the suite must be able to do to a platform's shop. Order ids are the platform's `external_id`s."""

    page_size: int
    """How many orders the connector asks for at once."""

    def connector(self, **settings: str) -> Any:
        """A new connector for the shop; `settings` override the right ones."""
        ...

    def place(self, at: datetime) -> str:
        """A new order, placed at this time."""
        ...

    def change(self, external_id: str) -> None:
        """Somebody in the shop changes the order now."""
        ...

    def bad_login(self) -> dict[str, str]:
        """Settings that the shop refuses."""
        ...

    def fail_next(self, kind: str, times: int = 1) -> None:
        """Trouble for the next requests: cut, throttled, crash, html, login_redirect, reset, maintenance."""
        ...

    def between_pages(self, act: Callable[[], None]) -> None:
        """Do something once in the shop, between the first page and the next."""
        ...

    def with_unknown_fields(self, body: bytes) -> bytes:
        """The same message with fields that no documentation names."""
        ...


def read_all(
    connector: Any, cursor: Cursor | None = None, *, since: datetime | None = None, full: bool = False
) -> tuple[list[RawMessage], Cursor]:
    """All messages of one poll, and the cursor after it."""
    messages: list[RawMessage] = []
    last: Cursor = cursor or {}
    for page in connector.fetch_orders(cursor or {}, since=since, full=full):
        messages += page.messages
        last = page.cursor
    return messages, last


def ids_of(messages: list[RawMessage]) -> set[str]:
    """The orders that the messages are about."""
    return {message.external_id for message in messages}


class ConnectorContract:
    """Inherit it in a class named Test…, with a fixture `shop` that is an `Adapter`."""

    def test_empty_shop_gives_no_order_and_a_cursor(self, shop: Adapter) -> None:
        messages, cursor = read_all(shop.connector())
        assert messages == []
        assert cursor
        placed = shop.place(datetime.now(UTC))
        again, _ = read_all(shop.connector(), cursor)
        assert ids_of(again) == {placed}

    def test_more_orders_than_a_page_all_arrive(self, shop: Adapter) -> None:
        placed = {shop.place(PAST + timedelta(seconds=number)) for number in range(shop.page_size * 2 + 7)}
        messages, _ = read_all(shop.connector())
        assert ids_of(messages) == placed
        parse = shop.connector().parse_order
        assert all(parse(message.body).external_id == message.external_id for message in messages)

    def test_more_orders_in_one_second_than_a_page_all_arrive(self, shop: Adapter) -> None:
        before = shop.place(PAST - timedelta(seconds=1))
        placed = {shop.place(PAST) for _ in range(shop.page_size + 30)}
        after = shop.place(PAST + timedelta(seconds=1))
        messages, _ = read_all(shop.connector())
        assert ids_of(messages) == placed | {before, after}

    def test_poll_after_the_first_gives_only_what_is_new(self, shop: Adapter) -> None:
        for number in range(shop.page_size):
            shop.place(PAST + timedelta(minutes=number))
        _, cursor = read_all(shop.connector())
        new = shop.place(PAST + timedelta(days=1))
        messages, _ = read_all(shop.connector(), cursor)
        assert new in ids_of(messages)
        assert len(messages) < 10

    def test_cursor_in_the_middle_of_an_import_loses_nothing(self, shop: Adapter) -> None:
        placed = {shop.place(PAST + timedelta(minutes=number)) for number in range(shop.page_size * 2)}
        first = next(page for page in shop.connector().fetch_orders({}, since=None, full=False) if page.messages)
        rest, _ = read_all(shop.connector(), first.cursor)
        assert ids_of([*first.messages]) | ids_of(rest) == placed

    def test_order_changed_while_pages_are_read_costs_no_other_order(self, shop: Adapter) -> None:
        placed = [shop.place(PAST + timedelta(seconds=number)) for number in range(shop.page_size * 2 + 7)]
        shop.between_pages(lambda: [shop.change(order) for order in placed[:5]] and None)
        messages, _ = read_all(shop.connector())
        assert ids_of(messages) == set(placed)

    def test_order_placed_before_since_stays_in_the_shop(self, shop: Adapter) -> None:
        shop.place(PAST - timedelta(days=3))
        shop.place(PAST - timedelta(seconds=1))
        wanted = shop.place(PAST)
        messages, _ = read_all(shop.connector(), since=PAST)
        assert ids_of(messages) == {wanted}

    def test_unchanged_order_has_the_same_bytes_each_time(self, shop: Adapter) -> None:
        order = shop.place(PAST)
        first, cursor = read_all(shop.connector())
        again, _ = read_all(shop.connector(), cursor, full=True)
        alone = shop.connector().fetch_order(order)
        assert {message.body for message in (*first, *again, alone)} == {first[0].body}

    def test_changed_order_comes_again(self, shop: Adapter) -> None:
        order = shop.place(PAST)
        first, cursor = read_all(shop.connector())
        shop.change(order)
        again, _ = read_all(shop.connector(), cursor)
        assert ids_of(again) == {order}
        assert again[-1].body != first[-1].body
        assert again[-1].modified_at and first[-1].modified_at
        assert again[-1].modified_at > first[-1].modified_at

    def test_single_order_is_fetched_by_its_id(self, shop: Adapter) -> None:
        order = shop.place(PAST)
        message = shop.connector().fetch_order(order)
        assert message is not None
        assert shop.connector().parse_order(message.body).external_id == order

    @pytest.mark.parametrize("kind", ["cut", "crash", "reset", "html"])
    def test_answer_that_breaks_for_good_is_a_transient_failure(self, shop: Adapter, kind: str) -> None:
        shop.place(PAST)
        shop.fail_next(kind, times=100)
        with pytest.raises(Transient):
            read_all(shop.connector())

    @pytest.mark.parametrize("kind", ["cut", "crash", "reset", "html", "throttled", "maintenance"])
    def test_orders_wait_in_the_shop_while_it_fails(self, shop: Adapter, kind: str) -> None:
        order = shop.place(PAST)
        shop.fail_next(kind)
        try:
            messages, _ = read_all(shop.connector())
        except ChannelFailure:
            messages, _ = read_all(shop.connector())
        assert ids_of(messages) == {order}

    def test_shop_that_asks_for_a_pause_gets_it(self, shop: Adapter) -> None:
        shop.fail_next("throttled", times=100)
        with pytest.raises(Throttled) as failure:
            read_all(shop.connector())
        assert failure.value.wait_s > 0

    def test_bad_login_is_refused_in_plain_words(self, shop: Adapter) -> None:
        with pytest.raises(Refused) as failure:
            read_all(shop.connector(**shop.bad_login()))
        assert "key" in str(failure.value) or "log" in str(failure.value)
        steps = list(shop.connector(**shop.bad_login()).check())
        assert steps[-1].level == "error"
        assert steps[-1].detail

    def test_redirect_to_a_log_in_page_is_never_an_empty_shop(self, shop: Adapter) -> None:
        shop.fail_next("login_redirect", times=100)
        with pytest.raises(ChannelFailure) as failure:
            read_all(shop.connector())
        assert not isinstance(failure.value, Unreadable)

    def test_good_settings_pass_the_test(self, shop: Adapter) -> None:
        shop.place(PAST)
        steps = list(shop.connector().check())
        assert [step for step in steps if step.level == "error"] == []
        assert len({step.code for step in steps}) == len(steps)

    def test_unknown_fields_change_nothing(self, shop: Adapter) -> None:
        order = shop.place(PAST)
        body = shop.connector().fetch_order(order).body
        parse: Callable[[bytes], IncomingOrder] = shop.connector().parse_order
        assert parse(shop.with_unknown_fields(body)) == parse(body)

    @pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b"<html>", b'{"id":', b"\xff\xfe", b"[" * 100_000])
    def test_nonsense_is_unreadable_and_says_why(self, shop: Adapter, body: bytes) -> None:
        with pytest.raises((Unreadable, NotAnOrder)) as failure:
            shop.connector().parse_order(body)
        assert str(failure.value)
