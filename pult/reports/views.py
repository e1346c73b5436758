"""Pages of reports: the overview, and turnover by channel and day."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from pult.accounts.access import allowed_to
from pult.channels.selectors import all_channels
from pult.channels.types import COLORS
from pult.inbox.selectors import messages_page
from pult.lib.clock import now
from pult.lib.money import format_amount
from pult.orders.selectors import OrderFilter, desk_counts, orders_page
from pult.reports.charts import distinct, grouped, short_day, stacked_days, sum_of
from pult.reports.forms import SPLITS, TurnoverForm, presets
from pult.reports.selectors import daily_turnover_by_channel, overview_numbers, turnover
from pult.reports.types import DayFigures, TurnoverRow
from pult.sync.phrases import standing
from pult.sync.selectors import latencies
from pult.ui.templatetags.pult_ui import colour_of

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel

WAITING = 6
_HEADS: Final = (
    _("Day"),
    _("Channel"),
    _("Channel's name"),
    _("Currency"),
    _("Orders"),
    _("Net"),
    pgettext_lazy("column", "VAT"),
    _("Gross"),
)

# The worst first.
_STATES: Final = ("out_of_step", "failing", "waiting", "paused", "in_step", "idle")


def _may(request: HttpRequest, action: str) -> bool:
    return bool(request.user.can(action))


def _today() -> date:
    return now().astimezone(ZoneInfo(settings.PULT_TIME_ZONE)).date()


@allowed_to("orders.view")
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """How the day goes and what needs a person; money only for roles that may see reports."""
    money, channels = _may(request, "reports.view"), _may(request, "channels.view")
    states = _standings() if channels else []
    counts = desk_counts()
    numbers = overview_numbers()
    context: dict[str, Any] = {
        "counts": counts,
        "money": money,
        "orders": _compared(
            sum(one.orders for one in numbers.today), sum(one.orders for one in numbers.last_week_so_far)
        ),
        "turnover": _turnover_view(numbers.today, numbers.last_week_so_far) if money else [],
        "charts": _charts() if money else [],
        "channels": states,
        "may_see_channels": channels,
        "first_time": channels and not states,
        "waiting": _waiting(request, states),
    }
    return render(request, "reports/overview.html", context)


def _compared(this: Decimal | int, that: Decimal | int) -> dict[str, Any]:
    """A figure beside an earlier one: `percent` is the change, None where the earlier one was nothing."""
    change = round((this - that) * 100 / that) if that > 0 else None
    return {"this": this, "that": that, "percent": change, "more": this > that, "less": this < that}


def _turnover_view(today: list[DayFigures], before: list[DayFigures]) -> list[dict[str, Any]]:
    earlier = {one.currency: one.gross for one in before}
    rows = [{"currency": one.currency, **_compared(one.gross, earlier.pop(one.currency, Decimal(0)))} for one in today]
    rows += [{"currency": currency, **_compared(Decimal(0), gross)} for currency, gross in earlier.items()]
    return rows


def _charts() -> list[dict[str, Any]]:
    return [
        {
            "id": f"turnover-{chart.currency}",
            "title": gettext("Gross turnover of 30 days, %(currency)s") % {"currency": chart.currency},
            "currency": chart.currency,
            "labels": [short_day(of) for of in chart.days],
            "series": distinct(
                [
                    {"name": one.name, "values": one.gross, "colour": COLORS.get(one.color) or colour_of(one.channel)}
                    for one in chart.series
                ]
            ),
        }
        for chart in daily_turnover_by_channel(days=30)
    ]


def _standings() -> list[dict[str, Any]]:
    """Every channel in use and how it stands, the worst first."""
    _hours, series = latencies()
    found = []
    for channel in all_channels():
        values = series.get(channel.pk, [])
        known = sorted(value for value in values if value is not None)
        found.append(
            {
                "channel": channel,
                "standing": standing(channel),
                "latency": values if len(known) > 1 else [],
                "typical_s": round(known[len(known) // 2]) if known else None,
            }
        )
    return sorted(found, key=lambda one: (_STATES.index(one["standing"].state), one["channel"].name))


def _waiting(request: HttpRequest, channels: list[dict[str, Any]]) -> dict[str, Any]:
    """What needs a person, each kind with its first few."""
    found: dict[str, Any] = {
        "channels": [one for one in channels if one["standing"].state == "out_of_step"],
        "problems": orders_page(OrderFilter(problems=True), limit=WAITING),
        "on_hold": orders_page(OrderFilter(statuses=("on_hold",)), limit=WAITING),
        "messages": list(messages_page(state="failed")[:WAITING]) if _may(request, "inbox.view") else [],
    }
    found["nothing"] = not any(found.values())
    return found


# --- turnover ------------------------------------------------------------------------------------------------------


@allowed_to("reports.view")
@require_GET
def turnover_report(request: HttpRequest) -> HttpResponse:
    """Turnover between two days, a chart and a table for each currency; the rows add up to the total."""
    asked = _asked(request)
    form = TurnoverForm(asked)
    context: dict[str, Any] = {"form": form, "by": asked["by"], "tabs": _tabs(asked)}
    context["presets"] = [
        {**one, "active": one["first"] == asked["from"] and one["last"] == asked["to"]}
        for one in presets(_today(), asked["by"])
    ]
    if not form.is_valid():
        return render(request, "reports/turnover.html", context, status=400)
    first, last = form.cleaned_data["from"], form.cleaned_data["to"]
    channels = list(all_channels(archived=True))
    rows = turnover(first=first, last=last, by=("channel", "day"))
    context["currencies"] = [
        _currency_view(currency, own, asked["by"], first, last, channels)
        for currency, own in sorted(
            grouped(rows, lambda row: row.currency).items(), key=lambda item: -sum(row.orders for row in item[1])
        )
    ]
    context["csv_url"] = f"{reverse('reports:turnover_csv')}?{urlencode(asked)}"
    return render(request, "reports/turnover.html", context)


def _asked(request: HttpRequest) -> dict[str, str]:
    today = _today()
    by = request.GET.get("by", "")
    return {
        "from": request.GET.get("from", "").strip() or today.replace(day=1).isoformat(),
        "to": request.GET.get("to", "").strip() or today.isoformat(),
        "by": by if by in SPLITS else "channel",
    }


def _tabs(asked: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "url": f"{reverse('reports:turnover')}?{urlencode({**asked, 'by': code})}",
            "active": code == asked["by"],
            "count": None,
        }
        for code, label in SPLITS.items()
    ]


def _currency_view(
    currency: str, rows: list[TurnoverRow], by: str, first: date, last: date, channels: list[SalesChannel]
) -> dict[str, Any]:
    names = {channel.code: channel.name for channel in channels}
    colours = {channel.code: channel.colour for channel in channels}
    labels, series = stacked_days(rows, first=first, last=last, names=names, colours=colours)
    return {
        "currency": currency,
        "chart_id": f"turnover-{currency}",
        "title": gettext("Gross turnover, %(currency)s") % {"currency": currency},
        "labels": labels,
        "series": series,
        "lines": _lines(rows, by, names),
        "total": sum_of(rows),
    }


def _lines(rows: list[TurnoverRow], by: str, names: dict[str, str]) -> list[dict[str, Any]]:
    """The rows of the table: what the report is split by, and the sums."""
    with_channel, with_day = "channel" in by, "day" in by
    groups = grouped(rows, lambda row: (row.day if with_day else None, row.channel if with_channel else None))
    return [
        {"day": of, "code": code, "channel": names.get(code or "", code), "sum": sum_of(own)}
        for (of, code), own in groups.items()
    ]


@allowed_to("reports.view")
@require_GET
def turnover_csv(request: HttpRequest) -> HttpResponse:
    """The same rows as a file that a spreadsheet in the reader's language opens at once."""
    asked = _asked(request)
    form = TurnoverForm(asked)
    if not form.is_valid():
        return redirect(f"{reverse('reports:turnover')}?{urlencode(asked)}")
    split = tuple(asked["by"].split(","))
    rows = turnover(first=form.cleaned_data["from"], last=form.cleaned_data["to"], by=split)
    names = {channel.code: channel.name for channel in all_channels(archived=True)}
    # A Hungarian spreadsheet takes a semicolon between cells and a comma in numbers.
    english = (get_language() or "hu").startswith("en")
    file = io.StringIO()
    writer = csv.writer(file, delimiter="," if english else ";", lineterminator="\r\n")
    writer.writerow([str(head) for head in _HEADS])
    for row in rows:
        amounts = [format_amount(amount, row.currency) for amount in (row.net, row.vat, row.gross)]
        writer.writerow(
            [row.day.isoformat() if row.day else "", row.channel or "", _harmless(names.get(row.channel or "", ""))]
            + [row.currency, row.orders]
            + (amounts if english else [amount.replace(".", ",") for amount in amounts])
        )
    response = HttpResponse("\ufeff" + file.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"turnover-{asked['from']}-{asked['to']}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _harmless(text: str) -> str:
    """A cell that a spreadsheet must not take for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
