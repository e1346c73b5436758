"""Questions about customers."""

from __future__ import annotations

from django.db.models import QuerySet

from pult.customers.models import Customer
from pult.lib.search import search_terms


def customers_found(query: str = "") -> QuerySet[Customer]:
    """Customers whose name, company, e-mail, phone or tax number holds every word of `query`, newest first."""
    found = Customer.objects.order_by("-id")
    for word in search_terms(query):
        found = found.filter(search_text__contains=word)
    return found


def customer_by_id(customer_id: int) -> Customer | None:
    return Customer.objects.filter(pk=customer_id).first()


def customers_page(*, query: str = "", after: int | None = None, limit: int) -> list[Customer]:
    """A page of customers, newest first: those older than the id `after`."""
    found = customers_found(query)
    return list((found if after is None else found.filter(pk__lt=after))[:limit])
