"""Tags and filters of the shell: `{% load pult_ui %}`."""

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput, RadioSelect, Select
from django.forms.widgets import CheckboxSelectMultiple
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext

from pult.ui.formats import NARROW_SPACE, format_money, format_number, relative_time
from pult.ui.statuses import look_of

register = template.Library()

_CHIP_COLOURS = 8
_DASH = SafeString('<span class="text-secondary">–</span>')
_PLATFORM_ICONS = {"woocommerce": "shopping-bag", "unas": "shopping-bag", "shoprenter": "shopping-bag"}
_KIND_ICONS = {"webshop": "shopping-bag", "store": "building-store", "edi": "transfer", "custom": "adjustments"}


def _language() -> str:
    return (get_language() or "hu").split("-")[0]


def _company_zone() -> ZoneInfo:
    return ZoneInfo(getattr(settings, "PULT_TIME_ZONE", "Europe/Budapest"))


# --- icons, money, numbers -------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite. Without `label` it is decoration, hidden from screen readers."""
    href = f"{static('vendor/icons/icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', href)


@register.simple_tag
def money(amount: Decimal | int | str | None, currency: str) -> SafeString:
    """An amount in its currency; a dash where there is none."""
    value = _decimal(amount)
    if value is None:
        return _DASH
    tone = " money-negative" if value < 0 else ""
    text = format_money(value, currency or "", language=_language())
    figure, space, unit = text.rpartition(NARROW_SPACE)
    if not unit or unit[-1].isdigit():
        return format_html('<span class="money{}">{}</span>', tone, text)
    return format_html('<span class="money{}">{}<span class="money-unit">{}{}</span></span>', tone, figure, space, unit)


@register.filter
def number(value: Decimal | int | str | None) -> str:
    """A number with grouped thousands: quantities, counts, rates."""
    amount = _decimal(value)
    return "–" if amount is None else format_number(amount, language=_language())


@register.filter
def percent(value: Decimal | int | str | None) -> str:
    """`27 %` in Hungarian, `27%` in English; the value is already percent."""
    amount = _decimal(value)
    if amount is None:
        return "–"
    return format_number(amount, language=_language()) + ("%" if _language() == "en" else f"{NARROW_SPACE}%")


def _decimal(value: Decimal | int | str | None) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        return Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        return None


# --- time ------------------------------------------------------------------------------------------------------


@register.simple_tag
def when(moment: datetime | None) -> SafeString:
    """A moment in words ("3 minutes ago"), exact on hover, kept fresh by `live_time.js`."""
    if moment is None:
        return _DASH
    return _time_element(moment, _relative_words(moment), live=True)


@register.simple_tag
def exact_time(moment: datetime | None) -> SafeString:
    """A moment to the second in the company's zone."""
    if moment is None:
        return _DASH
    return _time_element(moment, exact_words(moment), live=False)


@register.filter
def day(value: date | None) -> str:
    """A day in words: `2026. november 2.`, `2 November 2026`. A moment is read in the company's zone."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        value = timezone.localtime(value, _company_zone()).date()
    return date_format(value, "j F Y" if _language() == "en" else "Y. F j.", use_l10n=False)


def exact_words(moment: datetime) -> str:
    """`2026. november 2. 09:15:09`, `2 November 2026, 09:15:09`."""
    form = "j F Y, H:i:s" if _language() == "en" else "Y. F j. H:i:s"
    return date_format(timezone.localtime(moment, _company_zone()), form, use_l10n=False)


def _time_element(moment: datetime, words: str, *, live: bool) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}"{}>{}</time>',
        moment.isoformat(timespec="seconds"),
        exact_words(moment),
        SafeString(" data-live-time") if live else "",
        words,
    )


def _relative_words(moment: datetime) -> str:
    now = timezone.now()
    unit, count = relative_time(moment, now=now)
    if unit == "now":
        return gettext("now")
    if unit == "minute" and count < 0:
        return ngettext("%(n)s minute ago", "%(n)s minutes ago", -count) % {"n": -count}
    if unit == "minute":
        return ngettext("in %(n)s minute", "in %(n)s minutes", count) % {"n": count}
    if unit == "hour" and count < 0:
        return ngettext("%(n)s hour ago", "%(n)s hours ago", -count) % {"n": -count}
    if unit == "hour":
        return ngettext("in %(n)s hour", "in %(n)s hours", count) % {"n": count}
    local, zone = timezone.localtime(moment, _company_zone()), _company_zone()
    same_year = local.year == timezone.localtime(now, zone).year
    if _language() == "en":
        return date_format(local, "j M, H:i" if same_year else "j M Y", use_l10n=False)
    return date_format(local, "N j. H:i" if same_year else "Y. N j.", use_l10n=False)


# --- states, channels ------------------------------------------------------------------------------------------


@register.simple_tag
def status(kind: str, code: str, label: str = "") -> SafeString:
    """A state as icon, word and colour. `kind`: order, payment, fulfilment, channel, message. `label` renames it."""
    look = look_of(kind, code)
    return format_html(
        '<span class="state state-{}">{}<span>{}</span></span>', look.tone, icon(look.icon), label or look.label
    )


@register.simple_tag
def badge(text: str, tone: str = "neutral", icon_name: str = "") -> SafeString:
    """A small mark with words: a tag, a count, a warning. Tones are those of `statuses.Look`."""
    picture = icon(icon_name) if icon_name else ""
    return format_html('<span class="state state-{}">{}<span>{}</span></span>', tone, picture, text)


@register.simple_tag
def channel_chip(channel: Any) -> SafeString:
    """A channel as icon, colour and name. Takes anything with code, name, kind, platform and perhaps colour (1–8)."""
    code = _part(channel, "code")
    kind = _part(channel, "kind")
    picture = _PLATFORM_ICONS.get(_part(channel, "platform")) or _KIND_ICONS.get(kind, "plug-connected")
    return format_html(
        '<span class="chip chip-{}" title="{}">{}<span class="chip-name">{}</span></span>',
        _part(channel, "colour") or colour_of(code),
        code,
        icon(picture),
        _part(channel, "name") or code,
    )


def colour_of(code: str) -> int:
    """One of the eight series colours, always the same for a code: the same in chips and in charts."""
    return zlib.crc32(code.encode()) % _CHIP_COLOURS + 1


def _part(thing: Any, name: str) -> str:
    value = thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)
    return str(value) if value else ""


# --- forms -----------------------------------------------------------------------------------------------------


@register.inclusion_tag("ui/field.html")
def field(
    bound: BoundField,
    label: str = "",
    help: str = "",
    placeholder: str = "",
    autofocus: bool = False,
) -> dict[str, Any]:
    """A form field with label, help and errors, wired for screen readers.

    The form's own placeholders are dropped: they mostly repeat the label, and grey words look like a value.
    """
    widget = bound.field.widget
    is_check = isinstance(widget, CheckboxInput)
    is_group = isinstance(widget, RadioSelect | CheckboxSelectMultiple)
    base = "form-select" if isinstance(widget, Select) else "form-control"
    if is_check or is_group:
        base = "form-check-input"
    own = str(widget.attrs.get("class", ""))
    attrs: dict[str, Any] = {"class": " ".join(filter(None, [base, own, "is-invalid" if bound.errors else ""]))}
    attrs["placeholder"] = placeholder or False
    if autofocus:
        attrs["autofocus"] = True
    return {
        "bound": bound,
        "control": bound.as_widget(attrs=attrs),
        "label": label or bound.label,
        "help": help or bound.help_text,
        "is_check": is_check,
        "is_group": is_group,
        "is_hidden": bound.is_hidden,
    }


# --- lists -----------------------------------------------------------------------------------------------------


@register.inclusion_tag("ui/skeleton_rows.html")
def skeleton_rows(rows: int = 8, columns: int = 5) -> dict[str, Any]:
    """Grey table rows of the final height, shown while the real ones are on their way."""
    return {"rows": range(rows), "columns": range(columns)}


@register.simple_tag
def copy_button(text: str, label: str = "") -> SafeString:
    """A button that copies `text`; it says so when done."""
    return format_html(
        '<button type="button" class="btn btn-icon btn-ghost copy"'
        ' data-copy="{}" data-copied="{}" aria-label="{}" title="{}">{}</button>',
        text,
        gettext("Copied"),
        label or gettext("Copy"),
        label or gettext("Copy"),
        icon("copy"),
    )


# --- figures ---------------------------------------------------------------------------------------------------


@register.inclusion_tag("ui/chart.html")
def chart(
    chart_id: str,
    title: str,
    labels: Sequence[str],
    series: Sequence[Mapping[str, Any]],
    kind: str = "bar",
    stacked: bool = False,
    currency: str = "",
    table: bool = True,
) -> dict[str, Any]:
    """A chart with a table of the same numbers under it.

    `series` are mappings of `name`, `values` (as many as `labels`) and perhaps `colour` (1–8). `kind`: bar or line.
    Set `table` to False where the page shows its own table of the same numbers.
    """
    shown: list[dict[str, Any]] = [
        {"name": str(one["name"]), "values": list(one["values"]), "colour": int(one.get("colour") or position)}
        for position, one in enumerate(series, start=1)
    ]
    lines = [
        {"label": label, "cells": [_cell(one["values"][index], currency) for one in shown]}
        for index, label in enumerate(labels)
    ]
    data = {
        "kind": kind,
        "stacked": stacked,
        "currency": currency,
        "labels": [str(label) for label in labels],
        "series": [{**one, "values": [None if v is None else float(v) for v in one["values"]]} for one in shown],
    }
    return {"chart_id": chart_id, "title": title, "data": data, "series": shown, "lines": lines, "table": table}


def _cell(value: Decimal | int | None, currency: str) -> str:
    amount = _decimal(value)
    if amount is None:
        return "–"
    if currency:
        return format_money(amount, currency, language=_language())
    return format_number(amount, language=_language())


@register.simple_tag
def sparkline(values: Sequence[float | None], label: str) -> SafeString:
    """A small line of numbers without axes; `label` says in words what it shows. Gaps (None) break the line."""
    width, height = 120, 28
    known = [value for value in values if value is not None]
    top = max(known, default=0) or 1
    step = width / max(len(values) - 1, 1)
    runs: list[list[str]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{index * step:.1f},{height - 2 - float(value) / float(top) * (height - 4):.1f}")
    lines = format_html_join("", '<polyline points="{}"/>', ((" ".join(run),) for run in runs if run))
    return format_html(
        '<svg class="sparkline" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        width,
        height,
        label,
        lines,
    )


@register.filter
def htmx_headers(token: str) -> str:
    """The value of `hx-headers` that lets htmx requests pass the forgery check."""
    return json.dumps({"X-CSRFToken": str(token)})
