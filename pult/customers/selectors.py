"""Questions about customers."""

from __future__ import annotations

from django.db.models import QuerySet

from pult.customers.models import Customer
from pult.lib.database import holding
from pult.lib.search import is_indexed, search_terms

LOOKED_THROUGH = 20_000
"""Among how many of the newest customers words too short for the index are looked for."""


def customers_found(query: str = "") -> QuerySet[Customer]:
    """Customers whose name, company, e-mail, phone or tax number holds every word of `query`, newest first.

    Words of one or two letters alone are looked for among the newest LOOKED_THROUGH.
    """
    found = Customer.objects.order_by("-id")
    words = search_terms(query)
    for word in words:
        found = holding(found, word)
    if words and not any(is_indexed(word) for word in words):
        newest = Customer.objects.order_by("-id").values_list("id", flat=True).first() or 0
        found = found.filter(id__gt=newest - LOOKED_THROUGH)
    return found


def customer_by_id(customer_id: int) -> Customer | None:
    return Customer.objects.filter(pk=customer_id).first()


def customers_page(*, query: str = "", after: int | None = None, limit: int) -> list[Customer]:
    """A page of customers, newest first: those older than the id `after`."""
    found = customers_found(query)
    return list((found if after is None else found.filter(pk__lt=after))[:limit])
