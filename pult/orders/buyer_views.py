"""What a customer has bought over all channels: a part of the customer's page."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from pult.accounts.access import allowed_to
from pult.lib.paging import BadCursor, decode_cursor, encode_cursor
from pult.orders.selectors import OrderFilter, customer_summary, orders_page

PAGE = 20


@allowed_to("orders.view")
@require_GET
def customer_orders(request: HttpRequest, pk: int) -> HttpResponse:
    """The sums by currency and the orders, newest first."""
    after: tuple[datetime, int] | None = None
    cursor = request.GET.get("after", "")
    if cursor:
        try:
            placed_at, order_id = decode_cursor(cursor, [datetime, int])
        except BadCursor:
            pass
        else:
            assert isinstance(placed_at, datetime) and isinstance(order_id, int)
            after = (placed_at, order_id)
    rows = orders_page(OrderFilter(customer_id=pk), limit=PAGE + 1, after=after)
    here = reverse("customers:orders", args=[pk])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    context = {
        "orders": rows[:PAGE],
        "sums": customer_summary(pk),
        "newer_url": here if after else None,
        "older_url": f"{here}?after={encode_cursor([last.placed_at, last.pk])}" if last else None,
    }
    return render(request, "orders/customer_orders.html", context)
