"""Turnover and the figures of the overview, over everything; one query each.

Turnover of a day: the totals of the orders placed on it that are not cancelled, less what was refunded on it of such
orders, whenever those were placed. Amounts of different currencies never meet.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from pult.channels.selectors import all_channels, health
from pult.lib.clock import now
from pult.reports.rules.periods import day_bounds
from pult.reports.types import ChannelHealth, DailyTurnover, DayFigures, Overview, Series, TurnoverRow

# Both halves are found by an index on their time alone (orders_order_newest, orders_refund_day).
_FACTS = """
    SELECT channel_id, placed_at AS at, currency, 1 AS orders,
           total_net AS net, total_vat AS vat, total_gross AS gross
    FROM orders_order
    WHERE placed_at >= %(start)s AND placed_at < %(end)s AND status <> 'cancelled'
    UNION ALL
    SELECT o.channel_id, r.refunded_at, o.currency, 0, -r.net, -r.vat, -r.gross
    FROM orders_refund r JOIN orders_order o ON o.id = r.order_id
    WHERE r.refunded_at >= %(start)s AND r.refunded_at < %(end)s AND o.status <> 'cancelled'
"""


def turnover(*, first: date, last: date, by: Collection[str] = ()) -> list[TurnoverRow]:
    """Turnover of the company's days `first` to `last`, both included, by currency and by what is in `by`.

    `by`: channel, day, both or none. The parts add up to the whole. Raises BadReport.
    """
    zone = settings.PULT_TIME_ZONE
    start, end = day_bounds(first, last, zone)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT c.code, facts.day, facts.currency, facts.orders, facts.net, facts.vat, facts.gross
            FROM (
              SELECT {"channel_id" if "channel" in by else "NULL::bigint AS channel_id"},
                     {"(at AT TIME ZONE %(zone)s)::date" if "day" in by else "NULL::date"} AS day,
                     currency, sum(orders)::bigint AS orders, sum(net) AS net, sum(vat) AS vat, sum(gross) AS gross
              FROM ({_FACTS}) AS fact GROUP BY 1, 2, 3
            ) AS facts
            LEFT JOIN channels_saleschannel c ON c.id = facts.channel_id
            ORDER BY facts.day NULLS FIRST, c.code NULLS FIRST, facts.currency
            """,  # noqa: S608 the parts are constants; every value is a parameter
            {"start": start, "end": end, "zone": zone},
        )
        return [TurnoverRow(*row) for row in cursor.fetchall()]


def overview_numbers() -> Overview:
    """Today's orders and turnover so far, and those of the same weekday last week, so far and whole."""
    at = now()
    zone = ZoneInfo(settings.PULT_TIME_ZONE)
    local = at.astimezone(zone)
    week_ago = local.date() - timedelta(days=7)
    same_time = datetime.combine(week_ago, local.time(), zone).astimezone(UTC)
    return Overview(
        day=local.date(),
        today=_figures(*day_bounds(local.date(), local.date(), settings.PULT_TIME_ZONE)),
        last_week_so_far=_figures(datetime.combine(week_ago, time(), zone).astimezone(UTC), same_time),
        last_week=_figures(*day_bounds(week_ago, week_ago, settings.PULT_TIME_ZONE)),
    )


def _figures(start: datetime, end: datetime) -> list[DayFigures]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT currency, sum(orders)::bigint, sum(gross) FROM ({_FACTS}) AS fact"  # noqa: S608 constants
            " GROUP BY currency ORDER BY 2 DESC, currency",
            {"start": start, "end": end},
        )
        return [DayFigures(*row) for row in cursor.fetchall()]


def daily_turnover_by_channel(*, days: int = 30, last: date | None = None) -> list[DailyTurnover]:
    """The last `days` days up to `last` (today), a series a channel: one chart for each currency, the busiest first.

    Days without a sale are 0, so every series has `days` amounts.
    """
    last = last or now().astimezone(ZoneInfo(settings.PULT_TIME_ZONE)).date()
    axis = [last - timedelta(days=back) for back in range(days - 1, -1, -1)]
    rows = turnover(first=axis[0], last=last, by=("channel", "day"))
    names = {channel.code: channel for channel in all_channels(archived=True)}
    busy: dict[str, int] = {}
    cells: dict[str, dict[str, dict[date, TurnoverRow]]] = {}
    for row in rows:
        assert row.channel is not None and row.day is not None
        busy[row.currency] = busy.get(row.currency, 0) + row.orders
        cells.setdefault(row.currency, {}).setdefault(row.channel, {})[row.day] = row
    charts = []
    for currency in sorted(cells, key=lambda code: (-busy[code], code)):
        series = [
            Series(
                channel=code,
                name=names[code].name,
                color=names[code].color,
                gross=[found[day].gross if day in found else Decimal(0) for day in axis],
                orders=[found[day].orders if day in found else 0 for day in axis],
            )
            for code, found in cells[currency].items()
        ]
        charts.append(DailyTurnover(currency, axis, sorted(series, key=lambda one: -sum(one.gross))))
    return charts


def channels_health() -> list[ChannelHealth]:
    """Every channel in use and how it stands, the worst first."""
    at = now()
    rows = []
    for channel in all_channels():
        state = health(channel, at)
        rows.append(
            ChannelHealth(
                code=channel.code,
                name=channel.name,
                kind=channel.kind,
                platform=channel.platform,
                color=channel.color,
                state=state.state,
                since=state.since,
                failure_code=channel.failure_code,
                failure=channel.failure_detail,
                last_order_at=channel.last_order_at,
                webhooks_working=channel.hooks.get("working"),
            )
        )
    worst_first = ("out_of_step", "failing", "waiting", "paused", "in_step", "idle")
    return sorted(rows, key=lambda row: (worst_first.index(row.state), row.name))
