"""The codes that no product is known for: what they mean is said once, and all their lines are matched alike."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_POST

from pult.accounts.access import actor_of, allowed_to
from pult.catalogue.selectors import product_by_sku, products_found
from pult.catalogue.views import product_tabs
from pult.channels.errors import ChannelNotFound
from pult.channels.selectors import channel_by_code
from pult.channels.types import COLORS
from pult.orders.errors import BadOrder
from pult.orders.selectors import unmatched_codes
from pult.orders.services.matching import match_code_to_product

LONGEST_LIST = 200
SUGGESTIONS = 12


@allowed_to("orders.match")
@require_GET
def waiting_codes(request: HttpRequest) -> HttpResponse:
    """The codes that wait, the most frequent first."""
    rows = unmatched_codes(LONGEST_LIST)
    codes = [
        {
            "channel": {
                "code": row["order__channel__code"],
                "name": row["order__channel__name"],
                "kind": "webshop",
                "colour": COLORS.get(row["order__channel__color"]),
            },
            **row,
        }
        for row in rows
    ]
    context = {"codes": codes, "tabs": product_tabs(request, waiting=True), "cut": len(rows) == LONGEST_LIST}
    return render(request, "orders/waiting_codes.html", context)


@allowed_to("orders.match")
@require_GET
def find_product(request: HttpRequest) -> HttpResponse:
    """Products to choose from while the person types, as options."""
    query = request.GET.get("sku", "").replace("\x00", "")[:200]
    found = products_found(query)[:SUGGESTIONS] if query.strip() else []
    return render(request, "orders/product_options.html", {"products": found})


@allowed_to("orders.match")
@require_POST
def match_code(request: HttpRequest) -> HttpResponse:
    """Say which product a channel's code means: every line that waits with it, and every later order."""
    code = request.POST.get("external_sku", "")
    product = product_by_sku(request.POST.get("sku", ""))
    try:
        channel = channel_by_code(request.POST.get("channel", ""))
    except ChannelNotFound as refused:
        messages.error(request, gettext(refused.template) % refused.params)
        return redirect("catalogue:waiting_codes")
    if product is None:
        text = gettext("There is no product with the SKU %(sku)s; choose one of the list, or add it first.")
        messages.error(request, text % {"sku": request.POST.get("sku", "")[:100] or "–"})
        return redirect("catalogue:waiting_codes")
    try:
        count = match_code_to_product(channel, code, product=(product.pk, product.sku), actor=actor_of(request))
    except BadOrder as refused:
        messages.error(request, gettext(refused.template))
    else:
        text = ngettext(
            "%(code)s means %(product)s from now on; %(n)s line is matched.",
            "%(code)s means %(product)s from now on; %(n)s lines are matched.",
            count,
        )
        messages.success(request, text % {"code": code, "product": product.name, "n": count})
    return redirect("catalogue:waiting_codes")
