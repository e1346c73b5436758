"""Pages of orders: the list and its filters, one order, its steps, and what a role may do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from pult.accounts.rules.permissions import ROLES, can
from pult.accounts.services import create_user
from pult.catalogue.services import save_product
from pult.channels.models import SalesChannel
from pult.history.types import SYSTEM
from pult.orders.errors import BadOrder, OrderNotFound, StepRefused
from pult.orders.models import Order, OrderLine, Problem
from pult.orders.phrases import (
    FIELDS,
    LINE_KINDS,
    REMEDIES,
    STEPS,
    error_sentence,
    field_name,
    problem_sentence,
)
from pult.orders.readable import differences, envelope, value_words
from pult.orders.rules.problems import SENTENCES
from pult.orders.rules.rights import STEP_ACTIONS
from pult.orders.rules.states import STEPS as RULES
from pult.orders.services.arrivals import Arrival
from pult.orders.services.lifecycle import move_order
from pult.orders.services.receiving import receive_order, receive_orders
from pult.orders.types import IncomingBuyer, IncomingProblem
from pult.orders.views import PAGE, pretty
from pult.testing.builders import CLERK, a_channel, a_line, an_order, raw_line, raw_order, the_order, told

HTMX = {"HX-Request": "true"}
NOON = datetime(2026, 11, 2, 11, 0, tzinfo=UTC)


def browser(role: str = "clerk", language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    user = create_user(actor=SYSTEM, email=f"{role}@example.com", role=role)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.cookies["django_language"] = language
    return client


def text_of(answer: Any) -> str:
    return answer.content.decode()


def keep(channel: SalesChannel, external_id: str, **values: Any) -> Order:
    """An order of the channel, as it came in."""
    received = receive_order(channel, Arrival(an_order(external_id, **values)))
    return Order.objects.get(pk=received.order_id)


def numbers_on(page: str) -> list[str]:
    """The orders a list shows, in its order."""
    return [part.split('"')[0].split("/")[2] for part in page.split('data-href="')[1:]]


@pytest.fixture
def shop() -> SalesChannel:
    return a_channel("kave")


# --- the list ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestList:
    def test_shows_the_newest_first_with_what_a_clerk_needs(self, shop: SalesChannel) -> None:
        old = keep(shop, "7", placed_at=NOON, external_number="WEB-7", tags=("vip",))
        new = keep(
            shop,
            "8",
            placed_at=NOON + timedelta(hours=1),
            buyer=IncomingBuyer(type="company", name="Kovács Anna", company="Minta Kft."),
        )
        page = text_of(browser().get(reverse("orders:list")))
        assert numbers_on(page) == [new.number, old.number]
        for words in ("#WEB-7", "vip", "Minta Kft.", "Kave", "Unpaid"):
            assert words in page
        assert "2,540" in page

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("channel=kave", {"a", "b"}),
            ("channel=kave&channel=bolt", {"a", "b", "c"}),
            ("kind=store", {"c"}),
            ("status=confirmed", {"b"}),
            ("payment=paid", {"b"}),
            ("from=2026-11-02&to=2026-11-02", {"a"}),
            ("from=2026-11-03", {"b", "c"}),
            ("problems=1", {"b"}),
            ("unmatched=1&channel=kave", {"a", "b"}),
            ("q=anna", {"a"}),
            ("q=WEB-B", {"b"}),
            ("q=%2B36+30+999", {"c"}),
            ("q=minta@example.com", {"b"}),
            ("q=SKU-C", {"c"}),
            ("q=nobody", set()),
            ("status=nonsense&from=yesterday&unknown=1", {"a", "b", "c"}),
            ("q=%00", {"a", "b", "c"}),
            ("customer=999999999999999999999", {"a", "b", "c"}),
            ("after=nonsense", {"a", "b", "c"}),
        ],
    )
    def test_is_narrowed_by_its_address(self, shop: SalesChannel, query: str, expected: set[str]) -> None:
        store = a_channel("bolt", kind="store")
        orders = {
            # 23:30 on 2 November in Budapest is still that day, though a day later in no zone that matters
            "a": keep(shop, "a", placed_at=datetime(2026, 11, 2, 22, 30, tzinfo=UTC)),
            "b": keep(
                shop,
                "b",
                placed_at=datetime(2026, 11, 2, 23, 30, tzinfo=UTC),
                external_number="WEB-B",
                buyer=IncomingBuyer(name="Minta Péter", email="minta@example.com"),
                paid=Decimal(2540),
                problems=(IncomingProblem("unknown_country", {"country": "XX"}),),
            ),
            "c": keep(
                store,
                "c",
                placed_at=NOON + timedelta(days=3),
                buyer=IncomingBuyer(name="Tóth Béla", phone="+36 30 999 8888"),
                lines=(a_line(external_sku="SKU-C"),),
            ),
        }
        move_order(orders["b"].number, "confirm", actor=CLERK)
        page = text_of(browser().get(f"{reverse('orders:list')}?{query}"))
        assert set(numbers_on(page)) == {orders[name].number for name in expected}

    def test_pages_older_and_newer_meet_every_order_once(self, shop: SalesChannel) -> None:
        # many at the same moment: the id decides
        arrivals = [Arrival(an_order(str(n), placed_at=NOON + timedelta(seconds=n // 20))) for n in range(PAGE * 2 + 7)]
        receive_orders(shop, arrivals)
        client, url, seen, addresses = browser(), reverse("orders:list"), [], []
        while url:
            addresses.append(url)
            answer = client.get(url)
            seen += numbers_on(text_of(answer))
            url = answer.context["older_url"]
        assert len(addresses) == 3
        assert len(seen) == len(set(seen)) == PAGE * 2 + 7
        assert seen == sorted(seen, reverse=True)
        back = client.get(client.get(addresses[2]).context["newer_url"])
        assert numbers_on(text_of(back)) == seen[PAGE : PAGE * 2]

    def test_its_queries_do_not_grow_with_the_orders(self, shop: SalesChannel) -> None:
        client, url = browser(), reverse("orders:list")
        keep(shop, "1")
        client.get(url)
        with CaptureQueriesContext(connection) as few:
            client.get(url)
        receive_orders(shop, [Arrival(an_order(str(n), tags=("a", "b"))) for n in range(2, 60)])
        with CaptureQueriesContext(connection) as many:
            client.get(url)
        assert len(many) == len(few) <= 8

    def test_says_what_to_do_first_when_nothing_is_connected(self) -> None:
        page = text_of(browser().get(reverse("orders:list")))
        assert "Connect your first webshop" in page

    def test_says_when_nothing_fits_and_offers_all(self, shop: SalesChannel) -> None:
        page = text_of(browser().get(f"{reverse('orders:list')}?status=ready"))
        assert "No order fits" in page
        assert "Take the filter off" in page

    def test_gives_htmx_the_rows_alone_and_everybody_else_the_page(self, shop: SalesChannel) -> None:
        keep(shop, "1")
        client, url = browser(), reverse("orders:list")
        part = client.get(url, headers=HTMX)
        assert "<html" not in text_of(part)
        assert "data-row" in text_of(part)
        assert "HX-Request" in part["Vary"]
        back = client.get(url, headers={**HTMX, "HX-History-Restore-Request": "true"})
        assert "<html" in text_of(back)

    def test_hands_its_filter_to_the_order_and_back(self, shop: SalesChannel) -> None:
        order = keep(shop, "1")
        page = text_of(browser().get(f"{reverse('orders:list')}?status=new&q=kov%C3%A1cs"))
        assert f'href="/orders/{order.number}/?status=new&amp;q=kov%C3%A1cs"' in page

    def test_speaks_hungarian(self, shop: SalesChannel) -> None:
        keep(shop, "1")
        with translation.override("hu"):
            state = str(translation.pgettext("order", "New"))
        page = text_of(browser(language="hu").get(reverse("orders:list")))
        assert '<html lang="hu"' in page
        assert f"<span>{state}</span>" in page


@pytest.mark.django_db
def test_the_bar_of_new_orders_counts_those_that_came_since_in_the_filter(shop: SalesChannel) -> None:
    client = browser()
    first = keep(shop, "1", placed_at=NOON)
    listed = text_of(client.get(f"{reverse('orders:list')}?channel=kave"))
    assert f"/orders/arrived?channel=kave&amp;since={first.pk}" in listed
    url = f"{reverse('orders:arrived')}?channel=kave&since={first.pk}"
    assert text_of(client.get(url)).strip() == ""
    # an order that was placed long ago is as new to the list as any other
    keep(shop, "2", placed_at=NOON - timedelta(days=3))
    keep(a_channel("other"), "3")
    assert "1 new order" in text_of(client.get(url))
    with CaptureQueriesContext(connection) as asked:
        client.get(url)
    assert len(asked) <= 4
    assert client.get(f"{reverse('orders:arrived')}?since=x").status_code == 400


@pytest.mark.django_db
def test_the_preview_shows_the_order_in_short(shop: SalesChannel) -> None:
    order = keep(shop, "1", customer_note="Kérem, csengessenek")
    part = text_of(browser().get(reverse("orders:preview", args=[order.number]), headers=HTMX))
    assert "<html" not in part
    for words in (order.number, "Bögre, kék", "Kérem, csengessenek", "1117 Budapest"):
        assert words in part


# --- one order -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestOrderPage:
    def test_shows_lines_vat_by_rate_totals_addresses_and_history(self, shop: SalesChannel) -> None:
        book = a_line(
            external_id="2",
            name="Könyv",
            external_sku="KONYV",
            quantity=Decimal(1),
            net=Decimal(1000),
            vat=Decimal(50),
            gross=Decimal(1050),
            unit_price_net=Decimal(1000),
            unit_price_gross=Decimal(1050),
            vat_rate=Decimal(5),
        )
        order = keep(shop, "1", lines=(a_line(), book), customer_note="Köszönöm")
        move_order(order.number, "confirm", actor=CLERK)
        answer = browser().get(reverse("orders:detail", args=[order.number]))
        page = text_of(answer)
        assert [(one.rate, one.amount.gross) for one in answer.context["vat_sums"]] == [(27, 2540), (5, 1050)]
        assert answer.context["adds_up"]
        for words in ("Könyv", "BOGRE-01", "Köszönöm", "Fehérvári út 12.", "Confirmed the order", "Kiss Éva"):
            assert words in page
        assert "<del>New</del>" in page

    def test_shows_what_the_shop_says_when_the_lines_say_otherwise(self, shop: SalesChannel) -> None:
        order = keep(shop, "1", total_gross=Decimal(2541), total_vat=Decimal(540))
        answer = browser().get(reverse("orders:detail", args=[order.number]))
        assert not answer.context["adds_up"]
        assert "Not what the lines add up to" in text_of(answer)
        assert "a difference of 1 HUF" in text_of(answer)

    def test_tells_the_buyers_story(self, shop: SalesChannel) -> None:
        buyer = IncomingBuyer(name="Kovács Anna", email="anna@example.com", external_id="5")
        for n in range(3):
            keep(shop, str(n), buyer=buyer, placed_at=NOON + timedelta(days=n))
        second = the_order(shop, "1")
        move_order(the_order(shop, "2").number, "cancel", actor=CLERK)
        answer = browser().get(reverse("orders:detail", args=[second.number]))
        assert answer.context["place"] == 2
        assert [(one["orders"], one["gross"]) for one in answer.context["bought"]] == [(2, 5080)]

    def test_walks_the_filtered_list(self, shop: SalesChannel) -> None:
        other = a_channel("other")
        orders = [keep(shop if n != 1 else other, str(n), placed_at=NOON + timedelta(minutes=n)) for n in range(3)]
        answer = browser().get(f"{reverse('orders:detail', args=[orders[2].number])}?channel=kave")
        assert answer.context["older_url"] == f"/orders/{orders[0].number}/?channel=kave"
        assert answer.context["newer_url"] is None
        assert 'data-key="n"' in text_of(answer)

    def test_hostile_texts_are_text(self, shop: SalesChannel) -> None:
        evil = "<script>alert(1)</script>\u202e‮😀'\"; DROP TABLE orders;--" + "ő" * 9000
        order = keep(
            shop,
            "1",
            buyer=IncomingBuyer(name=evil, email='a"><img src=x>@example.com', phone="<b>"),
            lines=(a_line(name=evil, external_sku="<i>", note=evil),),
            tags=(evil[:200],),
            customer_note=evil,
            internal_note=evil,
            shipping_name=evil,
            external_number="<u>1</u>",
            tracking_numbers=("javascript:alert(1)",),
        )
        client = browser("admin")
        for url in (
            reverse("orders:list"),
            reverse("orders:detail", args=[order.number]),
            reverse("orders:preview", args=[order.number]),
            reverse("orders:match", args=[order.number, 1]),
            reverse("reports:overview"),
        ):
            page = text_of(client.get(url))
            assert "<script>alert" not in page
            assert "<img src=x" not in page
            assert len(page) < 200_000

    def test_its_queries_do_not_grow_with_lines_and_history(self, shop: SalesChannel) -> None:
        client = browser()
        small = keep(shop, "1")
        big = keep(shop, "2", lines=tuple(a_line(external_id=str(n), external_sku=f"S{n}") for n in range(40)))
        for step in ("confirm", "hold", "release", "confirm", "process"):
            move_order(big.number, step, actor=CLERK)
        counts = []
        for order in (small, big):
            client.get(reverse("orders:detail", args=[order.number]))
            with CaptureQueriesContext(connection) as asked:
                client.get(reverse("orders:detail", args=[order.number]))
            counts.append(len(asked))
        assert counts[0] == counts[1] <= 14

    def test_an_unknown_number_is_not_found(self) -> None:
        client = browser()
        assert client.get("/orders/R-2026-999999/").status_code == 404
        assert client.get("/orders/%00/").status_code == 404

    def test_a_long_history_is_shown_in_parts(self, shop: SalesChannel) -> None:
        order = keep(shop, "1")
        for _ in range(20):
            move_order(order.number, "hold", actor=CLERK)
            move_order(order.number, "release", actor=CLERK)
        client, url = browser(), reverse("orders:detail", args=[order.number])
        assert "The whole history" in text_of(client.get(url))
        whole = text_of(client.get(f"{url}?history=all"))
        assert "The whole history" not in whole
        assert "The order arrived" in whole


@pytest.mark.django_db
def test_the_raw_message_is_shown_as_text_to_those_who_may(shop: SalesChannel) -> None:
    told(shop, raw_order(101, customer_note="<script>alert(1)</script> őű"))
    told(shop, raw_order(101, customer_note="later", date_modified_gmt="2026-11-02T09:00:00"))
    order = the_order(shop)
    url = reverse("orders:raw", args=[order.number])
    clerk = browser()
    page = text_of(clerk.get(url))
    assert "&quot;customer_note&quot;: &quot;later&quot;" in page
    earlier = clerk.get(f"{url}?message={order.source_message_id - 1}")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; őű" in text_of(earlier)
    assert clerk.get(f"{url}?message=99999").status_code == 404
    warehouse = browser("warehouse")
    assert warehouse.get(url).status_code == 403
    assert url not in text_of(warehouse.get(reverse("orders:detail", args=[order.number])))


def test_a_raw_message_that_is_no_json_is_shown_as_it_came() -> None:
    assert pretty(b'{"b":[1,"\xc5\x91"]}') == '{\n  "b": [\n    1,\n    "ő"\n  ]\n}'
    assert pretty(b"<html>\xff") == "<html>�"


# --- what people do ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestSteps:
    def test_a_step_is_taken_told_and_kept_with_its_reason(self, shop: SalesChannel) -> None:
        order = keep(shop, "1")
        client = browser()
        answer = client.post(
            f"{reverse('orders:step', args=[order.number, 'cancel'])}?status=new",
            {"reason": "A vevő kérte"},
            follow=True,
        )
        assert answer.redirect_chain == [(f"/orders/{order.number}/?status=new", 302)]
        order.refresh_from_db()
        assert order.status == "cancelled"
        page = text_of(answer)
        assert f"Order {order.number} is cancelled." in page
        assert "Cancelled the order: A vevő kérte" in page
        assert "clerk@example.com" in page

    def test_a_step_that_is_not_allowed_says_why_and_changes_nothing(self, shop: SalesChannel) -> None:
        order = keep(shop, "1")
        client = browser()
        page = text_of(client.post(reverse("orders:step", args=[order.number, "ship"]), follow=True))
        assert "The step “Ship” is not allowed while the order is “New”." in page
        order.refresh_from_db()
        assert order.status == "new"

    def test_an_unknown_step_is_not_found(self, shop: SalesChannel) -> None:
        order = keep(shop, "1")
        assert browser().post(f"/orders/{order.number}/explode").status_code == 404

    @pytest.mark.parametrize("role", ROLES)
    @pytest.mark.parametrize("step", list(STEPS))
    def test_each_step_needs_its_own_right(self, shop: SalesChannel, role: str, step: str) -> None:
        order = keep(shop, "1")
        status = browser(role).post(reverse("orders:step", args=[order.number, step])).status_code
        assert status == (302 if can(role, STEP_ACTIONS[step]) else 403)

    def test_the_page_offers_what_the_person_may_do(self, shop: SalesChannel) -> None:
        order = keep(shop, "1")
        url = reverse("orders:detail", args=[order.number])
        clerk = browser("clerk").get(url).context
        assert clerk["next_step"]["step"] == "confirm"
        assert {step["step"] for step in clerk["other_steps"]} >= {"hold", "process", "cancel"}
        warehouse = browser("warehouse").get(url).context
        assert warehouse["next_step"]["step"] == "process"
        viewer = browser("viewer").get(url)
        assert viewer.context["next_step"] is None
        assert viewer.context["other_steps"] == []
        assert "<textarea" not in text_of(viewer)

    def test_a_get_takes_no_step(self, shop: SalesChannel) -> None:
        order = keep(shop, "1")
        assert browser().get(reverse("orders:step", args=[order.number, "confirm"])).status_code == 405


@pytest.mark.django_db
class TestShopChange:
    @pytest.fixture
    def order(self, shop: SalesChannel) -> Order:
        told(shop, raw_order(101))
        order = the_order(shop)
        move_order(order.number, "process", actor=CLERK)
        more = raw_line(quantity=3, subtotal="3000", subtotal_tax="810", total="3000", total_tax="810")
        moved = raw_order(101)["shipping"] | {"city": "Győr", "postcode": "9021"}
        told(
            shop,
            raw_order(101, line_items=[more], shipping=moved, date_modified_gmt="2026-11-02T09:00:00"),
        )
        return the_order(shop)

    def test_is_shown_field_by_field(self, order: Order) -> None:
        answer = browser().get(reverse("orders:detail", args=[order.number]))
        (problem,) = answer.context["problems"]
        by_label = {one.label: one for one in problem["differences"]}
        assert by_label["shipping address"].before[1] == "1117 Budapest"
        assert by_label["shipping address"].after[1] == "9021 Győr"
        assert by_label["lines"].before == ["2 × Bögre, kék, 2,540\u202fFt"]
        assert by_label["lines"].after == ["3 × Bögre, kék, 3,810\u202fFt"]
        assert "Take it" in text_of(answer)

    def test_is_taken(self, order: Order) -> None:
        page = text_of(browser().post(reverse("orders:take", args=[order.number]), follow=True))
        order.refresh_from_db()
        assert (order.total_gross, order.shipping_address["city"]) == (3810, "Győr")
        assert "Took over what the shop changed" in page
        assert reverse("orders:take", args=[order.number]) not in page

    def test_is_refused(self, order: Order) -> None:
        page = text_of(browser().post(reverse("orders:refuse", args=[order.number]), follow=True))
        order.refresh_from_db()
        assert (order.total_gross, order.open_problems) == (2540, 0)
        assert "Refused what the shop changed" in page

    def test_is_decided_once(self, order: Order) -> None:
        client, url = browser(), reverse("orders:take", args=[order.number])
        client.post(url)
        assert "Somebody has seen to this problem already." in text_of(client.post(url, follow=True))

    def test_is_not_decided_by_who_may_not_edit(self, order: Order) -> None:
        viewer = browser("viewer")
        page = text_of(viewer.get(reverse("orders:detail", args=[order.number])))
        assert reverse("orders:take", args=[order.number]) not in page
        assert viewer.post(reverse("orders:take", args=[order.number])).status_code == 403


@pytest.mark.django_db
def test_a_problem_is_seen_to(shop: SalesChannel) -> None:
    order = keep(shop, "1", problems=(IncomingProblem("bad_tax_number", {"tax_number": "12"}),))
    client = browser()
    assert "The tax number “12” does not pass its check." in text_of(
        client.get(reverse("orders:detail", args=[order.number]))
    )
    client.post(reverse("orders:settle", args=[order.number, "bad_tax_number"]))
    assert Problem.objects.get().resolution == "settled"
    page = text_of(client.get(reverse("orders:detail", args=[order.number])))
    assert "Saw to a problem" in page


@pytest.mark.django_db
class TestNotesAndTags:
    def test_htmx_gets_the_field_back_and_the_history_beside_it(self, shop: SalesChannel) -> None:
        order = keep(shop, "1")
        part = text_of(
            browser().post(reverse("orders:note", args=[order.number]), {"internal_note": "Törékeny\0"}, headers=HTMX)
        )
        assert "Törékeny" in part
        assert 'id="timeline" hx-swap-oob="true"' in part
        assert "Edited the order" in part
        assert "<html" not in part

    def test_work_without_script(self, shop: SalesChannel) -> None:
        order = keep(shop, "1")
        client = browser()
        answer = client.post(
            reverse("orders:tags", args=[order.number]), {"tags": " sürgős ,, vip,sürgős, két  szó "}, follow=True
        )
        order.refresh_from_db()
        assert order.tags == ["sürgős", "vip", "két szó"]
        assert "két szó" in text_of(answer)
        client.post(reverse("orders:tags", args=[order.number]), {"tags": ""})
        order.refresh_from_db()
        assert order.tags == []

    def test_what_is_too_long_comes_back_with_the_reason(self, shop: SalesChannel) -> None:
        order = keep(shop, "1")
        answer = browser().post(
            reverse("orders:note", args=[order.number]), {"internal_note": "x" * 5001}, headers=HTMX
        )
        assert answer.status_code == 422
        assert "field-errors" in text_of(answer)
        order.refresh_from_db()
        assert order.internal_note is None


@pytest.mark.django_db
class TestMatching:
    @pytest.fixture
    def orders(self, shop: SalesChannel) -> list[Order]:
        save_product(actor=SYSTEM, sku="B-1", name="Bögre kék", vat_rate=Decimal(27), price_gross=Decimal(1270))
        return [keep(shop, str(n)) for n in range(3)]

    def test_finds_products_by_what_the_line_says(self, orders: list[Order]) -> None:
        client, url = browser(), reverse("orders:match", args=[orders[0].number, 1])
        page = text_of(client.get(url))
        assert "<html" in page
        assert "B-1" in page
        assert "All 3 alike" in page
        part = text_of(client.get(f"{url}?q=b-1", headers={**HTMX, "HX-Target": "match-results-1"}))
        assert "B-1" in part
        assert "match-search" not in part
        assert "No product has these words" in text_of(client.get(f"{url}?q=zzz%00"))

    @pytest.mark.parametrize(("scope", "matched"), [("line", 1), ("all", 3)])
    def test_matches_one_line_or_all_alike(self, orders: list[Order], scope: str, matched: int) -> None:
        client = browser()
        client.post(reverse("orders:match", args=[orders[0].number, 1]), {"sku": "b-1", "scope": scope})
        assert OrderLine.objects.filter(sku="B-1").count() == matched
        page = text_of(client.get(reverse("orders:detail", args=[orders[0].number])))
        assert "Matched to a product" in page
        assert "No product" not in page

    def test_says_when_the_product_is_gone(self, orders: list[Order]) -> None:
        answer = browser().post(
            reverse("orders:match", args=[orders[0].number, 1]), {"sku": "gone", "scope": "line"}, follow=True
        )
        assert "There is no such product any more." in text_of(answer)

    def test_needs_its_right_and_a_line(self, orders: list[Order]) -> None:
        assert browser("warehouse").get(reverse("orders:match", args=[orders[0].number, 1])).status_code == 403
        assert browser().get(reverse("orders:match", args=[orders[0].number, 9])).status_code == 404


# --- words ---------------------------------------------------------------------------------------------------------


def test_every_step_problem_and_kind_has_its_words() -> None:
    assert set(STEPS) == set(RULES) == set(STEP_ACTIONS)
    assert set(REMEDIES) == set(SENTENCES)
    assert {"product", "shipping", "payment_fee", "discount", "fee", "gift", "deposit", "rounding"} == set(LINE_KINDS)


def test_every_sentence_of_a_problem_is_named_to_be_translated() -> None:
    from pult.orders import phrases

    assert set(phrases._SENTENCES) == set(SENTENCES.values())


def test_refusals_are_said_in_words() -> None:
    with translation.override("en"):
        assert error_sentence(StepRefused(step="ship", status="on_hold")) == (
            "The step “Ship” is not allowed while the order is “On hold”."
        )
        assert error_sentence(OrderNotFound("R-1")) == "There is no order R-1."
        assert error_sentence(BadOrder("It is 100 % wrong.")) == "It is 100 % wrong."


def test_fields_are_named_with_their_line() -> None:
    with translation.override("en"):
        assert field_name("status") == "state"
        assert field_name("line.3.quantity") == "line 3, quantity"
        assert field_name("line.3") == "line 3"
        assert field_name("refund.a.b.gross") == "refund, gross"
        assert field_name("unknown") == "unknown"
        assert set(FIELDS) >= {"status", "lines", "billing_address"}


def test_values_are_read_by_their_field() -> None:
    with translation.override("en"):
        assert value_words("gross", "1234.5", "EUR") == "€1,234.50"
        assert value_words("status", "on_hold", "HUF") == "On hold"
        assert value_words("quantity", 2.0, "HUF") == "2"
        assert value_words("gross", "no number", "HUF") == "no number"
        assert value_words("tags", ["a", "b"], "HUF") == "a, b"
        assert value_words("paid", None, "HUF") == ""
        assert value_words("name", "x" * 5000, "HUF") == "x" * 300 + "…"
        assert problem_sentence("not_known_yet", {"a": 1}) == "not_known_yet"


def test_addresses_are_written_as_the_post_wants_them() -> None:
    home = {"name": "Kovács Anna", "country": "HU", "postcode": "1117", "city": "Budapest", "street": "Fő út 1."}
    assert envelope(home) == ["Kovács Anna", "1117 Budapest", "Fő út 1."]
    abroad = {**home, "country": "AT", "postcode": "1010", "city": "Wien", "street": "Graben 1", "region": None}
    assert envelope(abroad) == ["Kovács Anna", "Graben 1", "1010 Wien", "AT"]
    assert envelope(None) == []


def test_of_changed_lines_only_those_that_differ_are_shown() -> None:
    from pult.orders.rules.documents import to_json

    stays, changes, goes = (a_line(external_id=str(n), name=name) for n, name in enumerate("abc"))
    changed = replace(changes, quantity=Decimal(5))
    with translation.override("en"):
        (shown,) = differences({"lines": [to_json([stays, changes, goes]), to_json([stays, changed])]}, "HUF")
    assert [words.split(" ×")[0] for words in shown.before] == ["2", "2"]
    assert [words.split(",")[0] for words in shown.after] == ["5 × b"]
