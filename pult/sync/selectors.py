"""Questions that need channels, inbox and orders together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import TruncHour
from django.utils.module_loading import import_string

from pult.channels.selectors import runs_of
from pult.inbox.selectors import messages_page
from pult.lib.clock import now
from pult.orders.selectors import OrderFilter, orders_found, orders_page

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel, SyncRun
    from pult.inbox.models import Message
    from pult.orders.models import Order

LATENCY_HOURS = 24


class _Median(Aggregate):
    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"


def orders_today() -> dict[int, int]:
    """How many orders were placed today (the company's day), by channel id."""
    midnight = now().astimezone(ZoneInfo(settings.PULT_TIME_ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = orders_found(OrderFilter(placed_from=midnight)).values("channel_id").annotate(n=Count("pk")).order_by()
    return {row["channel_id"]: row["n"] for row in rows}


def latencies(channel_code: str = "") -> tuple[list[datetime], dict[int, list[float | None]]]:
    """How long orders took to arrive in each of the last 24 hours: the hours, and median seconds by channel id.

    None where no order was placed. Orders from before the channel was added are no measure and are left out.
    """
    this_hour = now().replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=back) for back in range(LATENCY_HOURS - 1, -1, -1)]
    found = orders_found(OrderFilter(channels=[channel_code] if channel_code else (), placed_from=hours[0]))
    rows = (
        found.filter(placed_at__gte=F("channel__created_at"))
        .annotate(
            hour=TruncHour("placed_at"),
            took=ExpressionWrapper(F("received_at") - F("placed_at"), output_field=DurationField()),
        )
        .values("channel_id", "hour")
        .annotate(typical=_Median("took", output_field=DurationField()))
        .order_by()
    )
    places = {hour: index for index, hour in enumerate(hours)}
    series: dict[int, list[float | None]] = {}
    for row in rows:
        values = series.setdefault(row["channel_id"], [None] * LATENCY_HOURS)
        if (place := places.get(row["hour"])) is not None:
            values[place] = max(row["typical"].total_seconds(), 0.0)
    return hours, series


def arrived(channel: SalesChannel, *, limit: int = 8) -> tuple[int, Sequence[Order]]:
    """How many orders a channel has, and the newest of them."""
    filter_ = OrderFilter(channels=[channel.code])
    return orders_found(filter_).count(), orders_page(filter_, limit=limit)


def runs_page(channel_id: int, *, quiet: bool, before: int | None) -> QuerySet[SyncRun]:
    """The log of synchronisations, newest first; polls that brought nothing only if `quiet`."""
    runs = runs_of(channel_id)
    if not quiet:
        runs = runs.exclude(
            Q(trigger="poll", error__isnull=True, created=0, updated=0, failed=0, ended_at__isnull=False)
        )
    return runs.filter(pk__lt=before) if before else runs


def messages_of_order(message: Message) -> QuerySet[Message]:
    """Every message of the same order of the same channel, newest first, without bodies."""
    return messages_page(channel_code=message.channel.code).filter(external_id=message.external_id)


def order_numbers(order_ids: Sequence[int]) -> dict[int, str]:
    """Numbers of orders by id."""
    return dict(orders_found(OrderFilter()).filter(pk__in=order_ids).values_list("pk", "number"))


def sandbox_shops() -> list[dict[str, Any]]:
    """The sandbox shops of this installation: {code, name, currency, settings}. The project says whose."""
    path = settings.PULT_SANDBOX_SHOPS
    shops: list[dict[str, Any]] = import_string(path)(settings.PULT_SANDBOX_URL) if path else []
    return shops
