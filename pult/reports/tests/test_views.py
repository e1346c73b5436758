"""The overview by role, and the turnover page: its parts add up to the whole."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pult.accounts.rules.permissions import ROLES, can
from pult.accounts.services import create_user
from pult.channels.models import SalesChannel
from pult.history.types import SYSTEM
from pult.lib.clock import now
from pult.orders.services.arrivals import Arrival
from pult.orders.services.receiving import receive_orders
from pult.orders.types import IncomingProblem, IncomingRefund
from pult.reports.charts import distinct, stacked_days
from pult.reports.selectors import turnover
from pult.reports.types import TurnoverRow
from pult.testing.builders import a_channel, a_line, an_order, told


def browser(role: str = "manager", language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    user = create_user(actor=SYSTEM, email=f"{role}@example.com", role=role)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.cookies["django_language"] = language
    return client


def text_of(answer: Any) -> str:
    return answer.content.decode()


def euros(gross: str) -> dict[str, Any]:
    amount = Decimal(gross)
    line = a_line(net=amount, vat=Decimal(0), gross=amount, vat_rate=Decimal(0))
    return {"currency": "EUR", "lines": (line,)}


@pytest.fixture
def shops() -> tuple[SalesChannel, SalesChannel]:
    """Two shops: four orders in November, one of them cancelled and one in euro, and a refund."""
    coffee, books = a_channel("coffee"), a_channel("books")
    orders = [an_order("1"), an_order("2", status="cancelled"), an_order("3", **euros("10.50"))]
    receive_orders(coffee, [Arrival(order) for order in orders])
    refund = IncomingRefund("r", Decimal(1270), Decimal(1000), Decimal(270), an_order().placed_at + timedelta(days=2))
    receive_orders(books, [Arrival(an_order("1", refunds=(refund,), paid=Decimal(2540)))])
    return coffee, books


@pytest.mark.django_db
class TestOverview:
    @pytest.mark.parametrize("role", ROLES)
    def test_money_is_shown_to_those_who_may_see_reports(self, role: str) -> None:
        shop = a_channel("shop")
        receive_orders(shop, [Arrival(an_order("1", placed_at=now()))])
        answer = browser(role).get(reverse("reports:overview"))
        page = text_of(answer)
        assert answer.status_code == 200
        assert ("2,540" in page) == can(role, "reports.view")
        assert ("Turnover today" in page) == can(role, "reports.view")
        assert ("In step" in page or "Not synchronised" in page) == can(role, "channels.view")
        assert "Orders today" in page

    def test_lists_what_needs_a_person(self) -> None:
        shop = a_channel("shop")
        problem = IncomingProblem("bad_tax_number", {"tax_number": "1"})
        receive_orders(shop, [Arrival(an_order("1", problems=(problem,))), Arrival(an_order("2", status="on_hold"))])
        told(shop, b'{"id": 77, "status": []}')
        answer = browser().get(reverse("reports:overview"))
        waiting = answer.context["waiting"]
        assert [order.external_id for order in waiting["problems"]] == ["1"]
        assert [order.external_id for order in waiting["on_hold"]] == ["2"]
        assert [message.external_id for message in waiting["messages"]] == ["77"]
        assert "Orders on hold" in text_of(answer)

    def test_says_when_nothing_waits(self) -> None:
        a_channel("shop")
        assert "Nothing waits for anyone." in text_of(browser().get(reverse("reports:overview")))

    def test_says_what_to_do_first(self) -> None:
        assert "Connect your first webshop" in text_of(browser().get(reverse("reports:overview")))

    def test_compares_with_the_same_weekday_by_this_time(self) -> None:
        shop = a_channel("shop")
        week = timedelta(days=7)
        ages = [timedelta(0), timedelta(0), week, week - timedelta(seconds=1)]
        orders = [an_order(str(n), placed_at=now() - age) for n, age in enumerate(ages)]
        receive_orders(shop, [Arrival(order) for order in orders])
        figure = browser().get(reverse("reports:overview")).context["orders"]
        # one of the earlier ones was placed later in the day than it is now
        assert (figure["this"], figure["that"], figure["percent"]) == (2, 1, 100)

    def test_its_queries_do_not_grow_with_channels_and_orders(self) -> None:
        client = browser()
        receive_orders(a_channel("a"), [Arrival(an_order("1"))])
        client.get(reverse("reports:overview"))
        with CaptureQueriesContext(connection) as few:
            client.get(reverse("reports:overview"))
        for code in "bcdef":
            receive_orders(a_channel(code), [Arrival(an_order(str(n), status="on_hold")) for n in range(10)])
        with CaptureQueriesContext(connection) as many:
            client.get(reverse("reports:overview"))
        assert len(few) == len(many) <= 20


@pytest.mark.django_db
class TestTurnoverPage:
    QUERY = "from=2026-11-01&to=2026-11-30"

    @pytest.mark.parametrize("by", ["channel", "day", "channel,day"])
    def test_the_rows_add_up_to_the_total_and_the_whole(
        self, shops: tuple[SalesChannel, SalesChannel], by: str
    ) -> None:
        answer = browser().get(f"{reverse('reports:turnover')}?{self.QUERY}&by={by}")
        whole = {row.currency: row for row in turnover(first=date(2026, 11, 1), last=date(2026, 11, 30))}
        shown = {one["currency"]: one for one in answer.context["currencies"]}
        assert shown.keys() == whole.keys() == {"HUF", "EUR"}
        for currency, one in shown.items():
            total = one["total"]
            assert (total.orders, total.net, total.vat, total.gross) == (
                whole[currency].orders,
                whole[currency].net,
                whole[currency].vat,
                whole[currency].gross,
            )
            assert sum(line["sum"].gross for line in one["lines"]) == total.gross
            assert sum(sum(series["values"]) for series in one["series"]) == total.gross
        assert shown["HUF"]["total"].gross == 2 * 2540 - 1270

    def test_opens_with_this_month(self, shops: tuple[SalesChannel, SalesChannel]) -> None:
        form = browser().get(reverse("reports:turnover")).context["form"]
        assert form.cleaned_data["from"] == form.cleaned_data["to"].replace(day=1)

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("from=2026-11-30&to=2026-11-01", "The first day is after the last one."),
            ("from=yesterday", "field-errors"),
            ("to=2026-02-30", "field-errors"),
            ("from=1000-01-01&to=2026-01-01", "A report covers at most ten years."),
        ],
    )
    def test_days_that_make_no_period_are_refused_in_words(self, query: str, words: str) -> None:
        client = browser()
        answer = client.get(f"{reverse('reports:turnover')}?{query}")
        assert answer.status_code == 400
        assert words in text_of(answer)
        assert client.get(f"{reverse('reports:turnover_csv')}?{query}").status_code == 302

    def test_the_file_has_the_same_rows(self, shops: tuple[SalesChannel, SalesChannel]) -> None:
        url = f"{reverse('reports:turnover_csv')}?{self.QUERY}&by=channel"
        answer = browser(language="en").get(url)
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert {(row["Channel"], row["Currency"], row["Gross"]) for row in rows} == {
            ("coffee", "HUF", "2540.00"),
            ("coffee", "EUR", "10.50"),
            ("books", "HUF", "1270.00"),
        }
        assert 'filename="turnover-2026-11-01-2026-11-30.csv"' in answer["Content-Disposition"]

    def test_the_file_opens_in_a_hungarian_spreadsheet(self, shops: tuple[SalesChannel, SalesChannel]) -> None:
        SalesChannel.objects.filter(code="coffee").update(name="=cmd|' /C calc'!A0")
        url = f"{reverse('reports:turnover_csv')}?{self.QUERY}&by=channel"
        text = browser(language="hu").get(url).content.decode("utf-8-sig")
        assert ";10,50" in text
        assert ";'=cmd" in text

    @pytest.mark.parametrize("role", ROLES)
    def test_is_for_those_who_may_see_reports(self, role: str) -> None:
        client = browser(role)
        for name in ("reports:turnover", "reports:turnover_csv"):
            assert client.get(reverse(name)).status_code == (200 if can(role, "reports.view") else 403)


def test_a_long_period_is_drawn_by_months() -> None:
    amount = Decimal(10)
    rows = [
        TurnoverRow("a", day, "HUF", 1, amount, Decimal(0), amount)
        for day in (date(2026, 1, 1), date(2026, 1, 31), date(2026, 6, 1))
    ]
    labels, series = stacked_days(rows, first=date(2026, 1, 1), last=date(2026, 6, 30), names={"a": "Shop"})
    assert len(labels) == 6
    assert series[0]["values"] == [20, 0, 0, 0, 0, 10]
    labels, series = stacked_days(rows, first=date(2026, 1, 1), last=date(2026, 1, 31), names={})
    assert len(labels) == 31


def test_a_channel_is_drawn_in_its_own_colour() -> None:
    rows = [TurnoverRow("a", date(2026, 1, 1), "HUF", 1, Decimal(10), Decimal(0), Decimal(10))]
    _labels, series = stacked_days(rows, first=date(2026, 1, 1), last=date(2026, 1, 2), names={}, colours={"a": 7})
    assert series[0]["colour"] == 7


def test_no_two_series_share_a_colour_while_there_are_others() -> None:
    series = distinct([{"colour": 3} for _ in range(10)])
    assert {one["colour"] for one in series[:8]} == set(range(1, 9))
