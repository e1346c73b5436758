"""Turnover: what counts, on which day, and that the parts are the whole."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pult.channels.models import SalesChannel
from pult.history.types import SYSTEM
from pult.lib.clock import moved
from pult.orders.models import Order
from pult.orders.services.arrivals import Arrival
from pult.orders.services.lifecycle import move_order
from pult.orders.services.receiving import receive_order
from pult.orders.types import IncomingBuyer, IncomingLine, IncomingOrder, IncomingRefund
from pult.reports.cli import report_group
from pult.reports.errors import BadReport
from pult.reports.schemas import TurnoverShape
from pult.reports.selectors import channels_health, daily_turnover_by_channel, overview_numbers, turnover
from pult.testing.api import ApiClient, custom_channel

pytestmark = pytest.mark.django_db

NOVEMBER = {"first": date(2026, 11, 1), "last": date(2026, 11, 30)}


def sold(
    channel: SalesChannel,
    placed_at: str | datetime,
    gross: int | Decimal = 1270,
    *,
    currency: str = "HUF",
    refunds: tuple[tuple[str | datetime, int | Decimal], ...] = (),
    status: str = "new",
) -> str:
    """An order of one line with 27 % VAT, and what was given back of it; its number."""
    gross = Decimal(gross)
    net, vat = gross - gross * 27 / 127, gross * 27 / 127
    net, vat = round(net, 2), gross - round(net, 2)
    line = IncomingLine(
        kind="product",
        name="x",
        quantity=Decimal(1),
        net=net,
        vat=vat,
        gross=gross,
        unit_price_net=net,
        unit_price_gross=gross,
        vat_rate=Decimal(27),
    )
    order = IncomingOrder(
        external_id=None,
        status=status,
        placed_at=_time(placed_at),
        currency=currency,
        total_gross=gross,
        total_vat=vat,
        buyer=IncomingBuyer(),
        lines=(line,),
        paid=gross,
        refunds=tuple(
            IncomingRefund(str(index), Decimal(back), Decimal(back), Decimal(0), _time(at))
            for index, (at, back) in enumerate(refunds)
        ),
    )
    return receive_order(channel, Arrival(order), actor=SYSTEM).number


def _time(at: str | datetime) -> datetime:
    return at if isinstance(at, datetime) else datetime.fromisoformat(at).astimezone(UTC)


def rows(**more: Any) -> list[tuple[Any, ...]]:
    return [
        (row.channel, row.day and row.day.isoformat(), row.currency, row.orders, row.gross)
        for row in turnover(**{**NOVEMBER, **more})
    ]


def test_the_day_is_the_companys_and_both_ends_are_included():
    shop = custom_channel("bolt")
    sold(shop, "2026-10-31T22:59:59Z", 1)  # 23:59:59 on 31 October in Budapest
    sold(shop, "2026-10-31T23:00:00Z", 10)
    sold(shop, "2026-11-30T22:59:59Z", 100)
    sold(shop, "2026-11-30T23:00:00Z", 1000)
    assert rows() == [(None, None, "HUF", 2, 110)]
    assert rows(by=["day"]) == [(None, "2026-11-01", "HUF", 1, 10), (None, "2026-11-30", "HUF", 1, 100)]


def test_the_hour_that_comes_twice_belongs_to_its_day():
    shop = custom_channel("bolt")
    for at in ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T22:59:00Z"):
        sold(shop, at, 10)
    sold(shop, "2026-10-25T23:00:00Z", 1)
    day = date(2026, 10, 25)
    assert rows(first=day, last=day, by=["day"]) == [(None, "2026-10-25", "HUF", 3, 30)]


def test_channels_and_currencies_stand_apart():
    one, two = custom_channel("egy"), custom_channel("ketto")
    sold(one, "2026-11-02T08:00:00Z", 100)
    sold(one, "2026-11-03T08:00:00Z", 200)
    sold(two, "2026-11-02T08:00:00Z", 400)
    sold(two, "2026-11-02T09:00:00Z", 5, currency="EUR")
    assert rows() == [(None, None, "EUR", 1, 5), (None, None, "HUF", 3, 700)]
    assert rows(by=["channel"]) == [
        ("egy", None, "HUF", 2, 300),
        ("ketto", None, "EUR", 1, 5),
        ("ketto", None, "HUF", 1, 400),
    ]
    assert rows(by=["channel", "day"]) == [
        ("egy", "2026-11-02", "HUF", 1, 100),
        ("ketto", "2026-11-02", "EUR", 1, 5),
        ("ketto", "2026-11-02", "HUF", 1, 400),
        ("egy", "2026-11-03", "HUF", 1, 200),
    ]


def test_a_refund_is_negative_on_the_day_it_happened():
    shop = custom_channel("bolt")
    sold(shop, "2026-11-02T08:00:00Z", 1270, refunds=(("2026-11-05T08:00:00Z", 270), ("2026-12-01T08:00:00Z", 1000)))
    sold(shop, "2026-10-02T08:00:00Z", 1270, refunds=(("2026-11-05T09:00:00Z", 30),))
    assert rows(by=["day"]) == [(None, "2026-11-02", "HUF", 1, 1270), (None, "2026-11-05", "HUF", 0, -300)]


def test_a_cancelled_order_is_out_with_its_refunds():
    shop = custom_channel("bolt")
    number = sold(shop, "2026-11-02T08:00:00Z", 1270, refunds=(("2026-11-05T08:00:00Z", 270),))
    move_order(number, "cancel", actor=SYSTEM)
    sold(shop, "2026-11-02T08:00:00Z", 10, status="cancelled")
    assert rows() == []


MOMENTS = st.datetimes(datetime(2026, 10, 20), datetime(2026, 12, 5)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
AMOUNTS = st.integers(1, 10_000_000).map(Decimal)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["egy", "ketto"]),
            MOMENTS,
            AMOUNTS,
            st.sampled_from(["HUF", "EUR"]),
            st.lists(st.tuples(MOMENTS, AMOUNTS), max_size=2),
            st.sampled_from(["new", "completed", "cancelled"]),
        ),
        max_size=12,
    )
)
def test_the_parts_equal_the_whole(orders: list[Any]):
    with transaction.atomic():
        _check_parts(orders)
        transaction.set_rollback(True)  # the next example starts from nothing


def _check_parts(orders: list[Any]) -> None:
    shops = {code: custom_channel(code) for code in ("egy", "ketto")}
    expected: dict[str, Decimal] = defaultdict(Decimal)
    start, end = datetime(2026, 10, 31, 23, tzinfo=UTC), datetime(2026, 11, 30, 23, tzinfo=UTC)
    for code, at, gross, currency, refunds, status in orders:
        sold(shops[code], at, gross, currency=currency, refunds=tuple(refunds), status=status)
        if status != "cancelled":
            expected[currency] += gross if start <= at < end else 0
            expected[currency] -= sum(back for when, back in refunds if start <= when < end)
    whole = {row.currency: (row.orders, row.net, row.vat, row.gross) for row in turnover(**NOVEMBER)}
    assert {currency: gross for currency, (*_, gross) in whole.items() if gross} == {
        currency: gross for currency, gross in expected.items() if gross
    }
    for by in (["channel"], ["day"], ["channel", "day"]):
        parts: dict[str, tuple[Decimal, ...]] = {}
        for row in turnover(**NOVEMBER, by=by):
            before = parts.get(row.currency, (Decimal(0),) * 4)
            amounts = (row.orders, row.net, row.vat, row.gross)
            parts[row.currency] = tuple(a + b for a, b in zip(before, amounts, strict=True))
            assert row.net + row.vat == row.gross
        assert parts == whole


def test_it_is_one_query_that_needs_no_walk_through_all_orders():
    shop = custom_channel("bolt")
    sold(shop, "2026-11-02T08:00:00Z")
    with CaptureQueriesContext(connection) as queries:
        turnover(**NOVEMBER, by=["channel", "day"])
    assert len(queries) == 1
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + queries[0]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "orders_order_newest" in plan
    assert "orders_refund_day" in plan


def test_a_report_that_cannot_be_is_refused():
    with pytest.raises(BadReport):
        turnover(first=date(2026, 11, 2), last=date(2026, 11, 1))
    with pytest.raises(BadReport):
        turnover(first=date(1900, 1, 1), last=date(2900, 1, 1))


# --- API and command line


def test_the_api_gives_the_same_as_the_command_line():
    shop = custom_channel("bolt")
    sold(shop, "2026-11-02T08:00:00Z", 1270)
    answer = ApiClient("viewer").get(
        "/reports/turnover", **{"from": "2026-11-01", "to": "2026-11-30", "by": "channel,day"}
    )
    assert answer.json == {
        "items": [
            {
                "channel": "bolt",
                "day": "2026-11-02",
                "currency": "HUF",
                "orders": 1,
                "net": "1000.00",
                "vat": "270.00",
                "gross": "1270.00",
            }
        ]
    }
    TurnoverShape.model_validate(answer.json)
    printed = CliRunner().invoke(
        report_group, ["turnover", "--from", "2026-11-01", "--to", "2026-11-30", "--by", "channel,day", "--json"]
    )
    assert orjson.loads(printed.stdout) == answer.json
    by_default = CliRunner().invoke(report_group, ["turnover", "--from", "2026-11-01", "--to", "2026-11-30", "--json"])
    assert orjson.loads(by_default.stdout) == answer.json
    people = CliRunner().invoke(report_group, ["turnover", "--from", "2026-11-01", "--to", "2026-11-30", "--by", ""])
    assert people.stdout.split() == ["1", "1000.00", "270.00", "1270.00", "HUF"]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"to": "2026-11-30"}, "from"),
        ({"from": "2026-11-01"}, "to"),
        ({"from": "2026-11-31", "to": "2026-11-30"}, "from"),
        ({"from": "2026-11-30", "to": "2026-11-01"}, "from"),
        ({"from": "0001-01-01", "to": "2026-11-01"}, "from"),
        ({"from": "2026-11-01", "to": "9999-12-31"}, "to"),
        ({"from": "2026-11-01", "to": "2026-11-30", "by": "week"}, "by"),
    ],
    ids=str,
)
def test_a_bad_period_is_named(parameters: dict[str, str], field: str):
    answer = ApiClient("viewer").get("/reports/turnover", **parameters)
    assert (answer.status, answer.fields) == (422, [field])


# --- the overview


def test_today_stands_beside_the_same_weekday_last_week():
    shop = custom_channel("bolt")
    for at, gross in (
        ("2026-11-18T07:00:00Z", 100),
        ("2026-11-18T19:00:00Z", 900),
        ("2026-11-24T07:00:00Z", 5000),
        ("2026-11-25T07:00:00Z", 300),
    ):
        sold(shop, at, gross)
    with moved(datetime(2026, 11, 25, 12, tzinfo=UTC), stopped=True):
        numbers = overview_numbers()
    assert numbers.day == date(2026, 11, 25)
    assert [(one.currency, one.orders, one.gross) for one in numbers.today] == [("HUF", 1, 300)]
    assert [(one.orders, one.gross) for one in numbers.last_week_so_far] == [(1, 100)]
    assert [(one.orders, one.gross) for one in numbers.last_week] == [(2, 1000)]


def test_thirty_days_have_an_amount_each_and_add_up_to_the_turnover():
    one, two = custom_channel("egy"), custom_channel("ketto")
    sold(one, "2026-11-25T08:00:00Z", 100)
    sold(two, "2026-11-02T08:00:00Z", 400)
    sold(two, "2026-11-02T08:00:00Z", 5, currency="EUR")
    with moved(datetime(2026, 11, 25, 12, tzinfo=UTC), stopped=True):
        charts = daily_turnover_by_channel(days=30)
    assert [chart.currency for chart in charts] == ["HUF", "EUR"]
    assert (charts[0].days[0], charts[0].days[-1]) == (date(2026, 10, 27), date(2026, 11, 25))
    assert [(series.channel, sum(series.gross), len(series.gross)) for series in charts[0].series] == [
        ("ketto", 400, 30),
        ("egy", 100, 30),
    ]


def test_the_worst_channel_comes_first():
    custom_channel("telefon")
    late = SalesChannel.objects.create(
        code="bolt", name="Bolt", kind="webshop", platform="woocommerce", failure_detail="The shop refuses the key."
    )
    SalesChannel.objects.filter(pk=late.pk).update(created_at=datetime.now(UTC) - timedelta(hours=1))
    assert [(one.code, one.state) for one in channels_health()] == [("bolt", "out_of_step"), ("telefon", "idle")]
    assert Order.objects.count() == 0
