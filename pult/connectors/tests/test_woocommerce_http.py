"""What only WooCommerce does, over real HTTP against sandbox shops."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from pult.connectors.protocol import Gone
from pult.connectors.tests.contract import PAST, ids_of, read_all
from pult.connectors.woocommerce import WooCommerce
from pult.connectors.woocommerce.client import Shop
from pult.lib.failures import Misconfigured, Refused, Transient, Unreadable
from pult.lib.http import http_client
from pult.sandbox.woocommerce import SandboxServer, SandboxShop

ADDRESS = "https://pult.example.test/hooks/bolt/a-secret"


def connector_for(shop: SandboxShop, url: str, **more: str) -> WooCommerce:
    return WooCommerce({"url": url, "consumer_key": shop.consumer_key, "consumer_secret": shop.consumer_secret} | more)


@contextmanager
def serving(slug: str = "", *, tls: bool = False, **wishes: Any) -> Iterator[tuple[SandboxShop, str]]:
    shop = SandboxShop("Próba", **wishes)
    shop.hooks.mode = "manual"
    with SandboxServer({slug: shop}, tls=tls) as server:
        yield shop, server.url_of(slug)


@pytest.fixture(params=["new", "old"])
def served(request: pytest.FixtureRequest) -> Iterator[tuple[SandboxShop, str]]:
    with serving(generation=request.param) as found:
        yield found


def place(shop: SandboxShop, at: datetime = PAST, **wishes: Any) -> str:
    with shop.as_of(at):
        return str(shop.place_order(**({"status": "processing"} | wishes)))


class TestWays:
    """Addresses and keys."""

    def test_normal_shop_costs_no_request_more_than_the_two_lists(self, served: tuple[SandboxShop, str]) -> None:
        shop, url = served
        place(shop)
        _, cursor = read_all(connector_for(shop, url))
        shop.requests.clear()
        read_all(connector_for(shop, url), cursor)
        assert len(shop.requests) == 2
        assert all("oauth_signature" in request.target for request in shop.requests)
        assert all(shop.consumer_secret not in request.target for request in shop.requests)
        assert {request.headers["cache-control"] for request in shop.requests} == {"no-cache"}

    def test_https_shop_is_spoken_to_by_basic(self) -> None:
        with serving(tls=True) as (shop, url):
            order = place(shop)
            messages, _ = read_all(connector_for(shop, url, verify_tls="false"))
            assert ids_of(messages) == {order}
            assert all(request.headers["authorization"].startswith("Basic ") for request in shop.requests)

    def test_certificate_that_nobody_vouches_for_is_a_plain_failure(self) -> None:
        with serving(tls=True) as (shop, url), pytest.raises(Misconfigured) as failure:
            read_all(connector_for(shop, url))
        assert failure.value.code == "tls"

    def test_shop_in_a_folder_and_a_pasted_admin_address_work(self) -> None:
        with serving("kavehaz") as (shop, url):
            order = place(shop)
            messages, _ = read_all(connector_for(shop, f" {url}/wp-admin/index.php?page=wc-settings "))
            assert ids_of(messages) == {order}

    def test_plain_permalinks_are_found_out_and_remembered(self) -> None:
        with serving(plain_permalinks=True) as (shop, url):
            order = place(shop)
            messages, cursor = read_all(connector_for(shop, url))
            assert ids_of(messages) == {order}
            assert cursor["way"]["style"] in ("plain", "marked")
            shop.requests.clear()
            read_all(connector_for(shop, url), cursor)
            assert len(shop.requests) == 2

    def test_signature_is_made_for_the_shops_own_home_address(self) -> None:
        with serving(home_url="http://bolt.example.test") as (shop, url):
            order = place(shop)
            messages, cursor = read_all(connector_for(shop, url))
            assert ids_of(messages) == {order}
            assert cursor["way"]["sign_as"] == "http://bolt.example.test"

    def test_lists_are_signed_as_one_value_so_many_excluded_orders_do_not_break_the_key(self) -> None:
        with serving() as (shop, url):
            orders = [place(shop) for _ in range(13)]
            rows = Shop({"url": url, "consumer_key": shop.consumer_key, "consumer_secret": shop.consumer_secret})
            answer = rows.get("/orders", {"exclude": ",".join(orders[:12]), "_fields": "id"})
            assert answer.data == [{"id": int(orders[12])}]

    def test_shop_whose_clock_is_an_hour_off_takes_the_signature(self) -> None:
        with serving(now=lambda: datetime.now(UTC) + timedelta(hours=1)) as (shop, url):
            order = place(shop)
            messages, _ = read_all(connector_for(shop, url))
            assert ids_of(messages) == {order}

    @pytest.mark.parametrize("tls", [True, False])
    def test_unknown_key_is_refused_and_the_sentence_says_key(self, tls: bool) -> None:
        with serving(tls=tls) as (shop, url), pytest.raises(Refused, match="key"):
            read_all(connector_for(shop, url, consumer_key="ck_" + "9" * 40, verify_tls="false"))

    def test_key_without_rights_is_refused(self) -> None:
        with serving(shop_rights=False) as (shop, url), pytest.raises(Refused, match="may not see orders"):
            read_all(connector_for(shop, url))

    @pytest.mark.parametrize("url", ["", "ftp://x", "http://", "https://a b", "http://[::1", "http://x:99999"])
    def test_impossible_address_is_misconfigured_at_once(self, url: str) -> None:
        with pytest.raises(Misconfigured):
            WooCommerce({"url": url, "consumer_key": "ck", "consumer_secret": "cs"})

    def test_nobody_at_home_is_transient(self) -> None:
        with serving() as (shop, url):
            connector = connector_for(shop, url)
        with pytest.raises(Transient) as failure:
            read_all(connector)
        assert failure.value.code == "unreachable"


class TestFetching:
    """The moving window."""

    def test_drafts_are_never_handed_on(self, served: tuple[SandboxShop, str]) -> None:
        shop, url = served
        checkout = shop.start_checkout()
        messages, cursor = read_all(connector_for(shop, url))
        assert messages == []
        if checkout.order_id:
            assert connector_for(shop, url).fetch_order(str(checkout.order_id)) is None
        placed = shop.finish_checkout(checkout)
        messages, _ = read_all(connector_for(shop, url), cursor)
        assert ids_of(messages) == {str(placed)}

    def test_bin_is_left_out_of_the_first_import_and_told_afterwards(self, served: tuple[SandboxShop, str]) -> None:
        shop, url = served
        binned_before = place(shop)
        with shop.as_of(PAST + timedelta(days=1)):
            shop.trash(int(binned_before))
        order = place(shop)
        messages, cursor = read_all(connector_for(shop, url))
        assert ids_of(messages) == {order}
        shop.trash(int(order))
        messages, cursor = read_all(connector_for(shop, url), cursor)
        assert [connector_for(shop, url).parse_order(message.body).status for message in messages] == ["cancelled"]
        shop.restore(int(order))
        messages, cursor = read_all(connector_for(shop, url), cursor)
        assert connector_for(shop, url).parse_order(messages[-1].body).status == "new"
        messages, _ = read_all(connector_for(shop, url), cursor, full=True)
        assert ids_of(messages) == {order}

    def test_order_with_a_time_in_the_future_does_not_hide_the_next(self, served: tuple[SandboxShop, str]) -> None:
        shop, url = served
        place(shop, datetime.now(UTC) + timedelta(days=300))
        _, cursor = read_all(connector_for(shop, url))
        order = place(shop, datetime.now(UTC))
        messages, _ = read_all(connector_for(shop, url), cursor)
        assert order in ids_of(messages)

    def test_shop_whose_clock_was_ahead_and_is_set_right_loses_no_order(self) -> None:
        ahead = timedelta(days=2)
        clock = {"skew": ahead}
        with serving(now=lambda: datetime.now(UTC) + clock["skew"], tls=True) as (shop, url):
            shop.place_order(status="processing")
            _, cursor = read_all(connector_for(shop, url, verify_tls="false"))
            clock["skew"] = timedelta(0)
            order = str(shop.place_order(status="processing"))
            messages, _ = read_all(connector_for(shop, url, verify_tls="false"), cursor)
            assert order in ids_of(messages)

    @pytest.mark.parametrize("position", [0, 41, 106])
    def test_order_that_crashes_the_shop_is_named_and_all_others_arrive(
        self, served: tuple[SandboxShop, str], position: int
    ) -> None:
        shop, url = served
        placed = [place(shop, PAST + timedelta(seconds=number)) for number in range(107)]
        broken = placed[position]
        shop.faults.crashing_orders.add(int(broken))
        messages, cursor = read_all(connector_for(shop, url))
        assert ids_of(messages) == set(placed)
        told = next(message for message in messages if message.external_id == broken)
        with pytest.raises(Unreadable, match=f"order {broken}"):
            WooCommerce.parse_order(told.body)
        # the next poll does not stumble over it again
        shop.requests.clear()
        _, cursor = read_all(connector_for(shop, url), cursor)
        assert len(shop.requests) <= 4
        # and it arrives once the shop can show it
        shop.faults.crashing_orders.clear()
        messages, cursor = read_all(connector_for(shop, url), cursor)
        assert broken in ids_of(messages)
        assert "crashing" not in cursor

    def test_crash_that_cannot_be_named_is_a_hole_that_is_filled_later(self) -> None:
        with serving() as (shop, url):
            first = place(shop, PAST)
            shop._next_ids["post"] += 5000
            broken = place(shop, PAST + timedelta(seconds=1))
            shop._next_ids["post"] += 5000
            last = place(shop, PAST + timedelta(seconds=2))
            shop.faults.crashing_orders.add(int(broken))
            found, cursor = [], {}
            with pytest.raises(Transient, match="2026-11-02T08:15:"):
                for page in connector_for(shop, url).fetch_orders({}, since=None, full=False):
                    found += page.messages
                    cursor = page.cursor
            assert ids_of(found) == {first, last}
            shop.faults.crashing_orders.clear()
            messages, cursor = read_all(connector_for(shop, url), cursor)
            assert broken in ids_of(messages)
            assert "holes" not in cursor

    def test_shop_too_slow_for_a_whole_page_is_asked_for_less(self, served: tuple[SandboxShop, str]) -> None:
        shop, url = served
        placed = {place(shop, PAST + timedelta(seconds=number)) for number in range(120)}
        shop.faults.next("delay", 2, seconds=3, where="per_page=100")
        settings = {"url": url, "consumer_key": shop.consumer_key, "consumer_secret": shop.consumer_secret}
        messages, _ = read_all(WooCommerce(settings, http_client(timeout=1)))
        assert ids_of(messages) == placed

    def test_missing_and_lying_totals_are_not_believed(self, served: tuple[SandboxShop, str]) -> None:
        shop, url = served
        placed = {place(shop, PAST + timedelta(seconds=number)) for number in range(120)}
        shop.faults.next("no_totals", 2)
        shop.faults.next("wrong_totals", 5)
        assert ids_of(read_all(connector_for(shop, url))[0]) == placed

    @pytest.mark.parametrize("kind", ["bom", "php_warning"])
    def test_garbage_before_the_json_is_overlooked(self, served: tuple[SandboxShop, str], kind: Any) -> None:
        shop, url = served
        order = place(shop)
        shop.faults.next(kind, 5)
        assert ids_of(read_all(connector_for(shop, url))[0]) == {order}

    def test_refunds_are_embedded_and_their_failure_costs_no_order(self, served: tuple[SandboxShop, str]) -> None:
        shop, url = served
        order = place(shop, lines=[("KNY-005", 2)], shipping=[], coupon="", cod_fee=0, discount_fee=0, currency="HUF")
        with shop.as_of(PAST + timedelta(hours=3)):
            line = shop.order(int(order))["line_items"][0]["id"]
            shop.refund(int(order), line=(line, 1), reason="Egyik hibás")
        messages, cursor = read_all(connector_for(shop, url))
        (refund,) = WooCommerce.parse_order(messages[0].body).refunds
        assert (refund.gross, refund.net, refund.vat, refund.reason) == (2990, 2848, 142, "Egyik hibás")
        assert refund.refunded_at == PAST + timedelta(hours=3)
        shop.faults.next("critical_error", 9, where="/refunds")
        messages, _ = read_all(connector_for(shop, url), cursor)
        (refund,) = WooCommerce.parse_order(messages[0].body).refunds
        assert refund.gross == 2990

    def test_deleted_order_is_gone(self, served: tuple[SandboxShop, str]) -> None:
        shop, url = served
        order = place(shop)
        shop.delete_for_good(int(order))
        message = connector_for(shop, url).fetch_order(order)
        assert message is not None
        with pytest.raises(Gone) as gone:
            WooCommerce.parse_order(message.body)
        assert gone.value.external_id == order

    def test_summaries_tell_every_order_of_both_lists_while_orders_vanish(
        self, served: tuple[SandboxShop, str]
    ) -> None:
        shop, url = served
        place(shop, PAST - timedelta(seconds=1))
        placed = [place(shop, PAST + timedelta(seconds=number)) for number in range(230)]
        binned = placed[7]
        shop.trash(int(binned))
        vanish = iter(placed[20:60])

        def between(page: int) -> None:
            for _ in range(5):
                order = next(vanish, None)
                if order:
                    shop.delete_for_good(int(order))

        shop.faults.between_pages = between
        found = {summary.external_id: summary for summary in connector_for(shop, url).summaries(since=PAST)}
        assert set(found) >= set(placed) - set(placed[20:60])
        assert found[binned].status == "trash"
        assert found[placed[0]].total is not None


class TestHooks:
    """Webhooks at the shop and from it."""

    def test_four_hooks_are_made_once(self, served: tuple[SandboxShop, str]) -> None:
        shop, url = served
        connector = connector_for(shop, url)
        state = connector.ensure_hooks(address=ADDRESS, secret="s3cret", memo={})
        assert (state.working, state.detail) == (True, "")
        ids = set(shop.webhooks)
        again = connector.ensure_hooks(address=ADDRESS, secret="s3cret", memo=state.memo)
        assert again.memo == state.memo
        assert set(shop.webhooks) == ids
        assert {hook["topic"] for hook in shop.webhooks.values()} == {
            "order.created",
            "order.updated",
            "order.deleted",
            "order.restored",
        }

    def test_disabled_hook_is_made_anew_and_a_strangers_is_left_alone(self, served: tuple[SandboxShop, str]) -> None:
        shop, url = served
        connector = connector_for(shop, url)
        connector.ensure_hooks(address="https://other.example.test/hooks/bolt/x", secret="x", memo={})
        strangers = set(shop.webhooks)
        state = connector.ensure_hooks(address=ADDRESS, secret="s3cret", memo={})
        broken = max(shop.webhooks)
        shop.webhooks[broken]["status"] = "disabled"
        state = connector.ensure_hooks(address=ADDRESS, secret="s3cret", memo=state.memo)
        assert broken not in shop.webhooks
        assert len(shop.webhooks) == 8
        assert strangers < set(shop.webhooks)
        # a new address and a new secret replace the hooks
        state = connector.ensure_hooks(address=ADDRESS + "2", secret="other", memo=state.memo)
        assert len(shop.webhooks) == 8
        connector.remove_hooks(address=ADDRESS + "2")
        assert set(shop.webhooks) == strangers

    def test_read_only_key_means_polling_in_plain_words(self) -> None:
        with serving(permissions="read") as (shop, url):
            connector = connector_for(shop, url)
            state = connector.ensure_hooks(address=ADDRESS, secret="s", memo={})
            assert not state.working
            assert "read-only" in state.detail
            levels = {step.code: step.level for step in connector.check()}
            assert levels["write"] == "warning"

    def test_delivery_of_the_shop_is_read(self) -> None:
        body = b'{"id":68,"note":"caf\\u00e9 \\/ x"}'
        signature = base64.b64encode(hmac.new(b"s3cret", body, hashlib.sha256).digest()).decode()
        headers = {"x-wc-webhook-signature": signature, "x-wc-webhook-topic": "order.updated"}
        assert WooCommerce.read_hook(headers, body, secret="s3cret").external_ids == ("68",)
        for wrong in ({**headers, "x-wc-webhook-signature": "é"}, {**headers, "x-wc-webhook-signature": "AAAA"}, {}):
            with pytest.raises(Refused):
                WooCommerce.read_hook(wrong, body, secret="s3cret")
        with pytest.raises(Refused):
            WooCommerce.read_hook(headers, body + b" ", secret="s3cret")
        with pytest.raises(Refused):
            WooCommerce.read_hook(headers, body, secret="")

    def test_ping_error_body_and_other_topics_say_nothing(self) -> None:
        assert WooCommerce.read_hook({}, b"webhook_id=17", secret="s").ping
        for topic, body in (
            ("order.updated", b'{"code":"woocommerce_rest_shop_order_invalid_id","message":"x"}'),
            ("product.updated", b'{"id":5}'),
            ("order.updated", b"[1]"),
            ("order.updated", b"nonsense"),
        ):
            signature = base64.b64encode(hmac.new(b"s", body, hashlib.sha256).digest()).decode()
            headers = {"x-wc-webhook-signature": signature, "x-wc-webhook-topic": topic}
            assert WooCommerce.read_hook(headers, body, secret="s").external_ids == ()


class TestCheck:
    """The connection test."""

    def test_good_shop_passes_every_step(self, served: tuple[SandboxShop, str]) -> None:
        shop, url = served
        place(shop)
        steps = {step.code: step for step in connector_for(shop, url).check()}
        assert list(steps) == ["reach", "api", "key", "orders", "write", "clock", "shop", "storage"]
        assert "HUF" in steps["shop"].detail
        assert steps["storage"].level == ("ok" if shop.is_new else "warning")

    def test_wrong_clock_and_plain_permalinks_are_warnings(self) -> None:
        with serving(plain_permalinks=True, now=lambda: datetime.now(UTC) + timedelta(hours=2)) as (shop, url):
            levels = {step.code: step.level for step in connector_for(shop, url).check()}
        assert (levels["key"], levels["clock"]) == ("warning", "warning")

    def test_log_in_page_in_front_is_told(self) -> None:
        with serving() as (shop, url):
            shop.faults.next("redirect_to_login", 50)
            (step,) = connector_for(shop, url).check()
        assert (step.code, step.level) == ("reach", "error")
        assert "log-in" in step.detail

    def test_body_of_a_message_is_the_order_without_links(self, served: tuple[SandboxShop, str]) -> None:
        shop, url = served
        place(shop)
        (message,), _ = read_all(connector_for(shop, url))
        data = orjson.loads(message.body)
        assert "_links" not in data
        assert data["line_items"]
        assert message.modified_at == PAST
