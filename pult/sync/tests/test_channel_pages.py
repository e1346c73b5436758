"""Pages of channels, the wizard and the inbox: what they show, what they refuse, and that no secret leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from pult.accounts.services import create_user
from pult.channels.models import SalesChannel
from pult.channels.selectors import opened_settings
from pult.channels.services import end_run, start_run
from pult.history.selectors import entries_of
from pult.history.types import SYSTEM
from pult.inbox.models import Message
from pult.lib.clock import moved, now
from pult.lib.failures import Refused
from pult.orders.models import Order
from pult.sync.selectors import latencies
from pult.testing import run_worker_until_idle
from pult.testing.builders import a_channel, a_shop, raw_order, told

pytestmark = pytest.mark.django_db

KEY, SECRET = "ck_" + "d" * 40, "cs_" + "e" * 40
NEW_SHOP = {
    "name": "Őszi Bolt",
    "code": "",
    "currency": "huf",
    "set_url": "127.0.0.1:9",
    "set_consumer_key": KEY,
    "set_consumer_secret": SECRET,
    "set_verify_tls": "on",
}


def browser(role: str = "manager", language: str = "en") -> Client:
    user = create_user(actor=SYSTEM, email=f"{role}@example.com", role=role, name="Kiss Éva")
    client = Client(headers={"accept-language": language})
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def manager() -> Client:
    return browser()


def text_of(answer: Any) -> str:
    return answer.getvalue().decode() if answer.streaming else answer.content.decode()


def fail(channel: SalesChannel) -> None:
    failure = Refused("The shop refuses the key.", next_step="Make a new key in the shop.")
    end_run(start_run(channel.pk, trigger="poll"), failure=failure)


def test_no_channel_yet_says_what_to_do_first(manager: Client) -> None:
    page = text_of(manager.get(reverse("channels:list")))
    assert "No channel yet" in page
    assert reverse("channels:add") in page


def test_a_card_says_in_words_that_the_shop_refuses_the_key(manager: Client) -> None:
    fail(a_channel("bolt"))
    page = text_of(manager.get(reverse("channels:list")))
    assert "The shop has refused the key since" in page
    assert "none is lost" in page
    assert "The shop refuses the key. Make a new key in the shop." in page


def test_the_wizard_asks_for_what_is_missing_and_keeps_nothing(manager: Client) -> None:
    address = reverse("channels:add_fill_in", args=["woocommerce"])
    answer = manager.post(
        address, {**NEW_SHOP, "name": "", "set_url": "ftp://x", "set_consumer_key": "", "currency": "XXQ"}
    )
    page = text_of(answer)
    assert answer.status_code == 422
    assert "Give an address like https://shop.example." in page
    assert "This currency is not known" in page
    assert page.count("This field is required.") == 2
    assert "new_channel" not in manager.session
    assert SalesChannel.objects.count() == 0


def test_a_taken_or_impossible_code_is_refused(manager: Client) -> None:
    a_channel("bolt")
    address = reverse("channels:add_fill_in", args=["store"])
    for code, words in (("bolt", "There is a channel with this code already"), ("Bolt!", "Use small letters")):
        answer = manager.post(address, {"name": "Bolt", "code": code, "currency": "HUF"})
        assert answer.status_code == 422
        assert words in text_of(answer)
    assert SalesChannel.objects.count() == 1


def test_a_channel_without_connection_is_added_at_once(manager: Client) -> None:
    answer = manager.post(
        reverse("channels:add_fill_in", args=["store"]), {"name": "Belvárosi üzlet", "code": "", "currency": "HUF"}
    )
    channel = SalesChannel.objects.get()
    assert answer["Location"] == reverse("channels:detail", args=["belvarosi-uzlet"])
    assert (channel.code, channel.kind, channel.name) == ("belvarosi-uzlet", "store", "Belvárosi üzlet")
    assert entries_of("channel", channel.pk)[0].actor_name == "Kiss Éva"


def test_secrets_of_a_channel_on_its_way_are_sealed_and_never_in_a_page(manager: Client) -> None:
    fill_in = reverse("channels:add_fill_in", args=["woocommerce"])
    manager.post(fill_in, NEW_SHOP)
    pages = [
        text_of(manager.get(fill_in)),
        text_of(manager.get(reverse("channels:add_test"))),
        text_of(manager.post(reverse("channels:add_test_run"))),
        text_of(manager.get(reverse("channels:add_start"))),
        str(dict(manager.session)),
    ]
    for page in pages:
        assert KEY not in page
        assert SECRET not in page


def test_a_shop_that_nobody_answers_for_ends_the_test_with_a_remedy_and_no_way_on(manager: Client) -> None:
    manager.post(reverse("channels:add_fill_in", args=["woocommerce"]), NEW_SHOP)
    lines = text_of(manager.post(reverse("channels:add_test_run"))).splitlines()
    assert len(lines) == 2
    assert "check-error" in lines[0]
    assert 'data-level="error"' in lines[1]
    assert reverse("channels:add_start") not in lines[1]
    assert SalesChannel.objects.count() == 0


def test_the_wizard_from_filling_in_to_the_channel(manager: Client) -> None:
    with a_shop("proba") as bolt:
        SalesChannel.objects.filter(pk=bolt.channel.pk).update(code="masik")
        given = {
            "set_url": bolt.server.url_of("proba"),
            "set_consumer_key": bolt.shop.consumer_key,
            "set_consumer_secret": bolt.shop.consumer_secret,
        }
        answer = manager.post(reverse("channels:add_fill_in", args=["woocommerce"]), {**NEW_SHOP, **given})
        assert answer["Location"] == reverse("channels:add_test")
        lines = text_of(manager.post(reverse("channels:add_test_run"))).splitlines()
        assert reverse("channels:add_start") in lines[-1]
        assert all("check-error" not in line for line in lines)
    answer = manager.post(reverse("channels:add_start"), {"scope": "since", "since": "2026-01-31"})
    channel = SalesChannel.objects.get(code="oszi-bolt")
    assert answer["Location"] == reverse("channels:arriving", args=["oszi-bolt"])
    assert opened_settings(channel) == {
        "url": given["set_url"],
        "consumer_key": bolt.shop.consumer_key,
        "consumer_secret": bolt.shop.consumer_secret,
        "verify_tls": "true",
        "since": "2026-01-31",
    }
    assert "new_channel" not in manager.session


@pytest.mark.parametrize(
    ("given", "words"),
    [({"scope": "since", "since": ""}, "Give the day"), ({"scope": "since", "since": "2999-01-01"}, "still to come")],
)
def test_a_first_day_that_is_missing_or_still_to_come_is_refused(
    manager: Client, given: dict[str, str], words: str
) -> None:
    manager.post(reverse("channels:add_fill_in", args=["woocommerce"]), NEW_SHOP)
    answer = manager.post(reverse("channels:add_start"), given)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert SalesChannel.objects.count() == 0


def test_a_sandbox_shop_comes_with_its_address_and_keys(manager: Client) -> None:
    assert "Sandbox shop" in text_of(manager.get(reverse("channels:add")))
    manager.post(reverse("channels:add_sandbox", args=["kavehaz"]))
    page = text_of(manager.get(reverse("channels:add_fill_in", args=["woocommerce"])))
    assert "Kávéház webshop" in page
    assert f"{settings.PULT_SANDBOX_URL}/kavehaz" in page
    assert "Known already and never shown" in page
    assert "ck_" + "0" not in page


def test_a_secret_left_empty_stays_and_a_new_one_replaces_it(manager: Client) -> None:
    channel = a_channel("bolt")
    address = reverse("channels:settings", args=["bolt"])
    before = opened_settings(channel)
    page = text_of(manager.get(address))
    assert before["consumer_key"] not in page
    answer = manager.post(address, {"name": "Új név", "set_url": "https://bolt.example", "set_consumer_secret": SECRET})
    channel.refresh_from_db()
    assert answer.status_code == 302
    assert channel.name == "Új név"
    assert opened_settings(channel) == {
        **before,
        "url": "https://bolt.example",
        "consumer_secret": SECRET,
        "verify_tls": "false",
    }
    assert "credentials_replaced" in {entry.action for entry in entries_of("channel", channel.pk)}
    assert SECRET not in str(list(entries_of("channel", channel.pk).values()))
    assert SECRET not in text_of(manager.get(reverse("channels:detail", args=["bolt"])))


def test_refused_settings_change_nothing(manager: Client) -> None:
    channel = a_channel("bolt")
    before = opened_settings(channel)
    answer = manager.post(reverse("channels:settings", args=["bolt"]), {"name": "Új név", "set_url": "not an address"})
    channel.refresh_from_db()
    assert answer.status_code == 422
    assert (channel.name, opened_settings(channel)) == ("Bolt", before)


def test_pause_resume_and_archive_leave_their_trace(manager: Client) -> None:
    channel = a_channel("bolt")
    for step in ("pause", "resume", "archive"):
        manager.post(reverse(f"channels:{step}", args=["bolt"]))
    actions = list(entries_of("channel", channel.pk).values_list("action", flat=True))
    assert actions[:3] == ["archived", "resumed", "paused"]
    assert "bolt" not in {card["channel"].code for card in manager.get(reverse("channels:list")).context["cards"]}


def test_a_viewer_sees_channels_and_may_change_nothing() -> None:
    channel = a_channel("bolt")
    viewer = browser("viewer")
    page = text_of(viewer.get(reverse("channels:detail", args=["bolt"])))
    assert "Sync now" not in page
    assert "Archive" not in page
    assert viewer.post(reverse("channels:archive", args=["bolt"])).status_code == 403
    channel.refresh_from_db()
    assert channel.archived_at is None


def test_sync_now_by_htmx_answers_with_the_card_and_a_word(manager: Client) -> None:
    a_channel("bolt")
    answer = manager.post(reverse("channels:sync", args=["bolt"]), headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert "is being synchronised" in answer["HX-Trigger"]
    assert "channel-card" in text_of(answer)


def test_the_line_at_the_top_is_quiet_until_a_channel_is_in_trouble(manager: Client) -> None:
    channel = a_channel("bolt")
    line = reverse("channels:sync_line")
    assert "sync-words" not in text_of(manager.get(line))
    fail(channel)
    assert "sync-late" in text_of(manager.get(line))
    with moved(by=timedelta(minutes=6)):
        page = text_of(manager.get(line))
    assert "sync-failed" in page
    assert "Bolt: The shop has refused the key since" in page
    assert reverse("channels:detail", args=["bolt"]) in page


def test_the_line_at_the_top_leads_nowhere_for_who_may_not_see_channels() -> None:
    fail(a_channel("bolt"))
    page = text_of(browser("cashier").get(reverse("channels:sync_line")))
    assert "refused the key" in page
    assert "/channels/" not in page
    assert "menu-badge-inbox" not in page


# --- inbox -----------------------------------------------------------------------------------------------------


def a_failed_message(code: str = "bolt") -> tuple[SalesChannel, Message]:
    channel = a_channel(code)
    told(channel, raw_order(7, currency="<script>alert(1)</script>"))
    message = Message.objects.get(channel=channel)
    assert message.state == "failed"
    return channel, message


def test_what_failed_comes_first_with_its_reason_and_is_never_markup(manager: Client) -> None:
    _channel, message = a_failed_message()
    page = text_of(manager.get(reverse("inbox:list")))
    detail = text_of(manager.get(reverse("inbox:detail", args=[message.pk])))
    assert "The field currency is not a currency code." in page
    for shown in (page, detail):
        assert "<script>alert(1)" not in shown
    assert "&lt;script&gt;alert(1)" in detail


def test_a_message_mended_meanwhile_is_understood_when_tried_again(manager: Client) -> None:
    _channel, message = a_failed_message()
    good = raw_order(7)
    Message.objects.filter(pk=message.pk).update(body=orjson.dumps(good))
    manager.post(reverse("inbox:retry", args=[message.pk]))
    message.refresh_from_db()
    assert message.state == "understood"
    page = text_of(manager.get(reverse("inbox:detail", args=[message.pk])))
    assert "Had it read again" in page
    assert "R-" in page


def test_a_message_still_bad_says_so_and_stays(manager: Client) -> None:
    _channel, message = a_failed_message()
    answer = manager.post(reverse("inbox:retry", args=[message.pk]), {"next": "https://evil.example/"}, follow=True)
    message.refresh_from_db()
    assert message.state == "failed"
    assert answer.redirect_chain == [(reverse("inbox:detail", args=[message.pk]), 302)]
    assert "still not understood" in text_of(answer)


def test_the_inbox_is_filtered_by_channel_and_state_and_paged(manager: Client) -> None:
    bolt = a_channel("bolt")
    told(bolt, *[raw_order(number) for number in range(1, 61)])
    told(a_channel("masik"), raw_order(500))
    first = manager.get(reverse("inbox:list"), {"state": "understood", "channel": "bolt"})
    assert [row["message"].external_id for row in first.context["rows"]] == [str(n) for n in range(60, 10, -1)]
    second = manager.get(first.context["older_url"])
    assert [row["message"].external_id for row in second.context["rows"]] == [str(n) for n in range(10, 0, -1)]
    assert second.context["older_url"] is None


def test_a_clerk_sees_the_inbox_and_may_not_retry() -> None:
    _channel, message = a_failed_message()
    clerk = browser("clerk")
    assert reverse("inbox:retry", args=[message.pk]) not in text_of(clerk.get(reverse("inbox:list")))
    assert clerk.post(reverse("inbox:retry", args=[message.pk])).status_code == 403
    message.refresh_from_db()
    assert message.attempts == 1


@pytest.mark.django_db(transaction=True)
def test_all_that_failed_of_one_channel_is_read_again_in_the_background() -> None:
    bolt, mended = a_failed_message()
    _masik, other = a_failed_message("masik")
    Message.objects.filter(pk=mended.pk).update(body=orjson.dumps(raw_order(7)))
    manager = browser()
    answer = manager.post(reverse("inbox:retry_all"), {"channel": bolt.code}, follow=True)
    run_worker_until_idle()
    mended.refresh_from_db()
    other.refresh_from_db()
    assert "1 message is being read again." in text_of(answer)
    assert (mended.state, other.state, other.attempts) == ("understood", "failed", 1)


# --- figures ---------------------------------------------------------------------------------------------------


def test_latency_is_the_median_of_each_hour_and_leaves_out_what_is_older_than_the_channel() -> None:
    channel = a_channel("bolt")
    at = now().replace(minute=59, second=0, microsecond=0)
    SalesChannel.objects.filter(pk=channel.pk).update(created_at=at - timedelta(minutes=40))
    placed = (at - timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%S")
    told(channel, *[raw_order(number, date_created_gmt=placed) for number in (1, 2, 3)])
    told(channel, raw_order(4, date_created_gmt=(at - timedelta(minutes=50)).strftime("%Y-%m-%dT%H:%M:%S")))
    for external_id, seconds in (("1", 2), ("2", 5), ("3", 300), ("4", 9999)):
        order = Order.objects.get(external_id=external_id)
        Order.objects.filter(pk=order.pk).update(received_at=order.placed_at + timedelta(seconds=seconds))
    with moved(at, stopped=True):
        hours, series = latencies()
    assert len(hours) == 24
    assert series == {channel.pk: [None] * 23 + [5.0]}
