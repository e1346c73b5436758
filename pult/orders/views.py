"""Pages of orders: the list, one order, and what people do to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pult.accounts.access import actor_of, allowed_to
from pult.catalogue.selectors import product_by_sku, products_found
from pult.channels.selectors import all_channels
from pult.history.selectors import entries_of
from pult.inbox.phrases import SOURCES
from pult.inbox.selectors import message_by_id, messages_page
from pult.lib.failures import PultError
from pult.lib.paging import encode_cursor
from pult.lib.vat import TaxedAmount, total_of, vat_breakdown
from pult.orders import forms
from pult.orders.errors import BadOrder, OrderNotFound
from pult.orders.models import Order, OrderLine
from pult.orders.phrases import LINE_KINDS, REMEDIES, STEPS, error_sentence, problem_sentence
from pult.orders.readable import differences, envelope
from pult.orders.rules.matching import MATCHED_KINDS
from pult.orders.rules.rights import STEP_ACTIONS
from pult.orders.rules.states import NEXT_STEP, steps_from
from pult.orders.selectors import (
    alike_lines,
    arrived_since,
    customer_summary,
    lines_of,
    neighbours_of,
    newest_order_id,
    open_problems_of,
    order_by_number,
    orders_page,
    place_among_customers_orders,
    refunds_of,
)
from pult.orders.services.deciding import refuse_difference, settle_problem, take_difference
from pult.orders.services.editing import edit_order
from pult.orders.services.lifecycle import move_order
from pult.orders.services.matching import match_code_to_product, match_line_to_product
from pult.orders.timeline import told

PAGE = 50
HISTORY = 30
PRODUCTS = 12
MESSAGES = 50
DIFFERENCE = "changed_in_shop"


# --- the list ------------------------------------------------------------------------------------------------------


@allowed_to("orders.view")
@require_GET
def order_list(request: HttpRequest) -> HttpResponse:
    """Orders, newest first; everything the page shows is in its address."""
    base = reverse("orders:list")
    address = forms.ListAddress.read(request.GET)
    # Asked before the page is read: what comes in between is told by the bar, never lost.
    newest = newest_order_id()
    context: dict[str, Any] = {
        "orders": [],
        "address": address,
        "list_query": address.query(),
        "carried": address.pairs_but("from", "to"),
        "arrived_url": address.url(reverse("orders:arrived"), since=str(newest)),
    }
    channels = list(all_channels())
    names = {channel.code: channel.name for channel in channels}
    context["chips"] = forms.chips(address, base, names)
    context["menus"] = forms.menus(address, base, channels)
    context["day_ranges"] = forms.day_ranges(address, base)
    context["toggles"] = [
        {
            "label": label,
            "icon": icon,
            "url": address.toggled(key, "1").url(base),
            "active": key in address.values,
        }
        for key, label, icon in (
            ("problems", gettext("Problems"), "alert-triangle"),
            ("unmatched", gettext("Unmatched"), "link"),
        )
    ]
    context |= _page_of_orders(address, request, base)
    context["first_time"] = not channels and newest == 0
    whole = not request.htmx or request.htmx.history_restore_request
    response = render(request, "orders/order_list.html" if whole else "orders/order_list.html#rows", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _page_of_orders(address: forms.ListAddress, request: HttpRequest, base: str) -> dict[str, Any]:
    after = forms.read_place(request.GET.get("after"))
    before = None if after else forms.read_place(request.GET.get("before"))
    found = orders_page(address.filter(), limit=PAGE + 1, after=after, before=before)
    more = len(found) > PAGE
    orders = found[1:] if before and more else found[:PAGE]
    has_newer = more if before else after is not None
    has_older = more if not before else True

    def url(key: str, order: Order) -> str:
        return address.url(base, **{key: encode_cursor((order.placed_at, order.pk))})

    return {
        "orders": orders,
        "newer_url": (url("before", orders[0]) if orders else address.url(base)) if has_newer else None,
        "older_url": url("after", orders[-1]) if has_older and orders else None,
        "clear_url": base if address.is_filtered else None,
        "first_url": address.url(base),
    }


@allowed_to("orders.view")
@require_GET
def arrived(request: HttpRequest) -> HttpResponse:
    """How many orders of the list came in since it was shown: asked every few seconds, so it answers with little."""
    since = request.GET.get("since", "")
    if not (since.isascii() and since.isdigit() and len(since) < 18):
        return HttpResponse(status=400)
    address = forms.ListAddress.read(request.GET)
    count = arrived_since(address.filter(), int(since))
    return render(request, "orders/arrived.html", {"count": count, "url": address.url(reverse("orders:list"))})


@allowed_to("orders.view")
@require_GET
def preview(request: HttpRequest, number: str) -> HttpResponse:
    """The order at the side of the list."""
    order = _order(number)
    address = forms.ListAddress.read(request.GET)
    return render(
        request,
        "orders/preview.html",
        {
            "order": order,
            "lines": [_line_view(line) for line in lines_of([order.pk])[order.pk]],
            "problems": [_problem_view(problem, order) for problem in open_problems_of([order.pk])[order.pk]],
            "ship_to": envelope(order.shipping_address or order.billing_address),
            "url": address.url(reverse("orders:detail", args=[order.number])),
        },
    )


# --- one order -----------------------------------------------------------------------------------------------------


@allowed_to("orders.view")
@require_GET
def order_detail(request: HttpRequest, number: str) -> HttpResponse:
    """One order: what it is, what is wrong with it, what happened to it, and the steps the person may take."""
    order = _order(number)
    address = forms.ListAddress.read(request.GET)
    newer, older = neighbours_of(address.filter(), order)
    lines = lines_of([order.pk])[order.pk]
    taxed = [(line.vat_rate, TaxedAmount(line.net, line.vat, line.gross)) for line in lines]
    added = total_of(amount for _, amount in taxed)
    context = {
        "order": order,
        "list_query": address.query(),
        "list_url": address.url(reverse("orders:list")),
        "newer_url": address.url(reverse("orders:detail", args=[newer])) if newer else None,
        "older_url": address.url(reverse("orders:detail", args=[older])) if older else None,
        "lines": [_line_view(line) for line in lines],
        "vat_sums": vat_breakdown(taxed),
        "vat_total": added,
        "adds_up": added.gross == order.total_gross,
        "problems": [_problem_view(problem, order) for problem in open_problems_of([order.pk])[order.pk]],
        "refunds": refunds_of(order.pk) if order.refunded else [],
        "billing": envelope(order.billing_address),
        "shipping": envelope(order.shipping_address),
        **_steps_view(request, order),
        **_buyer_view(order),
        **_timeline_view(request, order),
        **_notes_view(request, order),
    }
    return render(request, "orders/order_detail.html", context)


def _order(number: str) -> Order:
    if "\0" in number:
        raise Http404
    try:
        return order_by_number(number)
    except OrderNotFound as error:
        raise Http404 from error


def _may(request: HttpRequest, action: str) -> bool:
    return bool(request.user.can(action))


def _steps_view(request: HttpRequest, order: Order) -> dict[str, Any]:
    """The one next step and the others, those that the person may take."""
    allowed = [step for step in steps_from(order.status) if _may(request, STEP_ACTIONS[step])]
    views: dict[str, dict[str, Any]] = {
        step: {
            "step": step,
            "words": STEPS[step],
            "url": _with_query(request, reverse("orders:step", args=[order.number, step])),
        }
        for step in allowed
    }
    first = NEXT_STEP.get(order.status)
    if first not in views:
        first = next((step for step, view in views.items() if not view["words"].warning), None)
    return {
        "next_step": views.pop(first) if first else None,
        "other_steps": list(views.values()),
    }


def _buyer_view(order: Order) -> dict[str, Any]:
    if order.customer_id is None:
        return {"bought": [], "place": None}
    bought = customer_summary(order.customer_id)
    return {
        "bought": bought,
        "place": place_among_customers_orders(order) if order.status != "cancelled" else None,
        "customer_orders_url": forms.ListAddress({"customer": (str(order.customer_id),)}).url(reverse("orders:list")),
    }


def _timeline_view(request: HttpRequest, order: Order) -> dict[str, Any]:
    whole = request.GET.get("history") == "all"
    entries = entries_of("order", order.pk)
    rows = list(entries[:2000] if whole else entries[: HISTORY + 1])
    raw_url = reverse("orders:raw", args=[order.number]) if _may(request, "inbox.view") and order.external_id else ""
    more = not whole and len(rows) > HISTORY
    return {
        "order": order,
        "timeline": told(rows[:HISTORY] if more else rows, currency=order.currency, raw_url=raw_url),
        "raw_url": raw_url,
        "whole_history_url": f"{_detail_url(request, order.number, history='all')}#history" if more else None,
    }


def _notes_view(request: HttpRequest, order: Order) -> dict[str, Any]:
    return {
        "order": order,
        "may_edit": _may(request, "orders.edit"),
        "may_match": _may(request, "orders.match"),
        "note_form": forms.NoteForm(initial={"internal_note": order.internal_note or ""}),
        "tags_form": forms.TagsForm(initial={"tags": ", ".join(order.tags)}),
    }


def _line_view(line: OrderLine) -> dict[str, Any]:
    label, icon = LINE_KINDS.get(line.kind, (line.kind, "box"))
    return {
        "line": line,
        "kind": label,
        "icon": icon,
        "unmatched": line.kind == "product" and line.product_id is None,
        "sku_differs": bool(line.sku and line.external_sku and line.sku != line.external_sku),
        "unit_price": line.unit_price_gross,
    }


def _problem_view(problem: Any, order: Order) -> dict[str, Any]:
    decides = problem.code == DIFFERENCE
    return {
        "code": problem.code,
        "sentence": problem_sentence(problem.code, problem.params),
        "remedy": REMEDIES.get(problem.code, ""),
        "at": problem.created_at,
        "decides": decides,
        "differences": differences(problem.params.get("changes") or {}, order.currency) if decides else [],
        "message_id": problem.message_id,
    }


# --- what was sent -------------------------------------------------------------------------------------------------


@allowed_to("inbox.view")
@require_GET
def raw(request: HttpRequest, number: str) -> HttpResponse:
    """What the channel sent of an order, as it came: every message kept, one of them open."""
    order = _order(number)
    found = list(messages_page().filter(channel_id=order.channel_id, external_id=order.external_id)[:MESSAGES])
    wanted = request.GET.get("message", "")
    known = {message.pk for message in found}
    if wanted:
        if not (wanted.isascii() and wanted.isdigit() and int(wanted) in known):
            raise Http404
        chosen = int(wanted)
    else:
        chosen = order.source_message_id if order.source_message_id in known else (found[0].pk if found else 0)
    message = message_by_id(chosen) if chosen else None
    return render(
        request,
        "orders/raw.html",
        {
            "order": order,
            "found": [{"message": one, "source": SOURCES.get(one.source, one.source)} for one in found],
            "message": message,
            "body": pretty(bytes(message.body)) if message else "",
            "back_url": _detail_url(request, order.number),
        },
    )


def pretty(body: bytes) -> str:
    """A raw message as people read it: JSON with indents, anything else as text."""
    try:
        return json.dumps(orjson.loads(body), indent=2, ensure_ascii=False)
    except (orjson.JSONDecodeError, ValueError):
        return body.decode("utf-8", errors="replace")


# --- what people do ------------------------------------------------------------------------------------------------


def _with_query(request: HttpRequest, url: str) -> str:
    """The address with the list's filter carried along."""
    return forms.ListAddress.read(request.GET).url(url)


def _detail_url(request: HttpRequest, number: str, **more: str) -> str:
    return forms.ListAddress.read(request.GET).url(reverse("orders:detail", args=[number]), **more)


def _do(request: HttpRequest, number: str, verb: Callable[[], Any], done: str) -> HttpResponseBase:
    """Call one verb and go back to the order: what was done, or why not, is said there."""
    order = _order(number)
    try:
        verb()
    except PultError as error:
        messages.error(request, error_sentence(error))
    else:
        messages.success(request, done % {"number": order.number})
    return redirect(_detail_url(request, order.number))


@allowed_to("orders.fulfil")
@require_POST
def take_step(request: HttpRequest, number: str, step: str) -> HttpResponseBase:
    """One step of the order's life; each step has a right of its own."""
    if step not in STEPS:
        raise Http404
    if not _may(request, STEP_ACTIONS[step]):
        raise PermissionDenied
    form = forms.StepForm(request.POST)
    reason = form.cleaned_data["reason"].strip() if form.is_valid() else ""
    actor = actor_of(request)
    number = _order(number).number
    return _do(
        request,
        number,
        lambda: move_order(number, step, actor=actor, reason=reason or None),
        str(STEPS[step].done),
    )


@allowed_to("orders.edit")
@require_POST
def settle(request: HttpRequest, number: str, code: str) -> HttpResponseBase:
    """Note that a person has seen to a problem."""
    return _do(
        request,
        number,
        lambda: settle_problem(_order(number).number, code, actor=actor_of(request)),
        gettext("The problem is put aside."),
    )


@allowed_to("orders.edit")
@require_POST
def take_change(request: HttpRequest, number: str) -> HttpResponseBase:
    """Make the order what the shop says now."""
    return _do(
        request,
        number,
        lambda: take_difference(_order(number).number, actor=actor_of(request)),
        gettext("Order %(number)s is now what the shop says."),
    )


@allowed_to("orders.edit")
@require_POST
def refuse_change(request: HttpRequest, number: str) -> HttpResponseBase:
    """Keep the order as it is here."""
    return _do(
        request,
        number,
        lambda: refuse_difference(_order(number).number, actor=actor_of(request)),
        gettext("Order %(number)s stays as it is."),
    )


@allowed_to("orders.edit")
@require_POST
def edit_note(request: HttpRequest, number: str) -> HttpResponseBase:
    """Write the internal note."""
    return _edit(request, number, forms.NoteForm(request.POST), "note_form", "orders/order_detail.html#note")


@allowed_to("orders.edit")
@require_POST
def edit_tags(request: HttpRequest, number: str) -> HttpResponseBase:
    """Write the tags."""
    return _edit(request, number, forms.TagsForm(request.POST), "tags_form", "orders/order_detail.html#tags")


def _edit(request: HttpRequest, number: str, form: Any, form_name: str, template: str) -> HttpResponseBase:
    """Save one field of an order; htmx gets the field back, and the timeline beside it."""
    order = _order(number)
    refused = ""
    if form.is_valid():
        values = {
            name: value if value or isinstance(value, list) else None for name, value in form.cleaned_data.items()
        }
        try:
            edit_order(order.number, actor=actor_of(request), values=values)
        except PultError as error:
            refused = error_sentence(error)
    else:
        refused = " ".join(message for errors in form.errors.values() for message in errors)
    if not request.htmx:
        if refused:
            messages.error(request, refused)
        return redirect(_detail_url(request, order.number))
    order = _order(order.number)
    context = {**_notes_view(request, order), **_timeline_view(request, order), "aside": True, "refused": refused}
    if refused:
        context |= {form_name: form, "stays_open": True}
    return render(request, template, context, status=422 if refused else 200)


@allowed_to("orders.match")
@require_http_methods(["GET", "HEAD", "POST"])
def match_line(request: HttpRequest, number: str, position: int) -> HttpResponseBase:
    """Find the product that a line means, and say so."""
    order = _order(number)
    line = next((line for line in lines_of([order.pk])[order.pk] if line.position == position), None)
    if line is None or line.kind not in MATCHED_KINDS:
        raise Http404
    if request.method == "POST":
        return _match(request, order, line)
    q, products = _products_for(line, request.GET.get("q"))
    context = {
        "order": order,
        "line": line,
        "q": q,
        "products": products,
        "alike": alike_lines(order.channel_id, line.external_sku) if line.external_sku else 0,
        "match_url": _with_query(request, reverse("orders:match", args=[order.number, position])),
        "back_url": _detail_url(request, order.number),
    }
    part = request.headers.get("HX-Target", "") if request.htmx else ""
    template = "orders/match.html"
    if part.startswith("match-results"):
        template += "#results"
    elif part:
        template += "#panel"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _products_for(line: OrderLine, asked: str | None) -> tuple[str, list[Any]]:
    """Products for the words asked for; at first for what the line itself says, its code before its name."""
    if asked is None:
        words = (line.name or "").split()
        for attempt in (line.external_sku or "", " ".join(words[:3]), " ".join(words[:1])):
            if attempt and (found := list(products_found(attempt)[:PRODUCTS])):
                return attempt, found
        return "", list(products_found("")[:PRODUCTS])
    q = asked.replace("\0", "").strip()[:200]
    return q, list(products_found(q)[:PRODUCTS])


def _match(request: HttpRequest, order: Order, line: OrderLine) -> HttpResponseBase:
    form = forms.MatchForm(request.POST)
    product = product_by_sku(form.cleaned_data["sku"]) if form.is_valid() else None
    if product is None:
        messages.error(request, gettext("There is no such product any more. Search again."))
        return redirect(_detail_url(request, order.number))
    actor, chosen = actor_of(request), (product.pk, product.sku)
    try:
        if form.cleaned_data["scope"] == "all":
            count = _match_all(order, line, chosen, actor)
        else:
            match_line_to_product(order.number, line.position, product=chosen, actor=actor)
            count = 1
    except PultError as error:
        messages.error(request, error_sentence(error))
    else:
        words = ngettext("%(count)s line is now %(sku)s.", "%(count)s lines are now %(sku)s.", count)
        messages.success(request, words % {"count": count, "sku": product.sku})
    return redirect(_detail_url(request, order.number))


def _match_all(order: Order, line: OrderLine, product: tuple[int, str], actor: Any) -> int:
    if not line.external_sku:
        raise BadOrder("The line has no code to remember; match it alone.", code="no_code")
    return match_code_to_product(order.channel, line.external_sku, product=product, actor=actor)
