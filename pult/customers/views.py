"""Pages of customers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from pult.accounts.access import actor_of, allowed_to
from pult.customers.forms import CustomerForm
from pult.customers.selectors import customer_by_id, customers_found
from pult.customers.services import edit_customer
from pult.history.selectors import entries_of
from pult.history.timeline import timeline

if TYPE_CHECKING:
    from pult.customers.models import Customer

PAGE = 50
FIELDS = {
    "type": _("Type"),
    "name": _("Name"),
    "company": _("Company"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "tax_number": _("Tax number"),
    "eu_tax_number": _("EU tax number"),
    "group": _("Group"),
    "note": _("Note"),
}


@allowed_to("customers.view")
@require_GET
def customer_list(request: HttpRequest) -> HttpResponse:
    """Customers, newest first, searched by name, company, e-mail, phone or tax number."""
    query = request.GET.get("q", "").replace("\x00", "")[:200]
    before = request.GET.get("before", "")
    found = customers_found(query)
    if before.isdigit():
        found = found.filter(pk__lt=int(before))
    rows = list(found[: PAGE + 1])

    def address(**changes: object) -> str:
        values = {"q": query, **changes}
        return f"{reverse('customers:list')}?{urlencode({k: v for k, v in values.items() if v})}"

    context = {
        "customers": rows[:PAGE],
        "query": query,
        "newer_url": address() if before else None,
        "older_url": address(before=rows[PAGE - 1].pk) if len(rows) > PAGE else None,
    }
    template = "customers/customer_list.html#rows" if request.htmx else "customers/customer_list.html"
    return render(request, template, context)


@allowed_to("customers.view")
@require_GET
def customer_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Who it is; what was bought is fetched into the page, for orders live a floor higher."""
    customer = _find(pk)
    history = timeline(entries_of("customer", pk)[:20], labels=FIELDS)
    return render(request, "customers/customer_detail.html", {"customer": customer, "history": history})


@allowed_to("customers.edit")
def customer_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Mend what is known; orders keep what they said."""
    customer = _find(pk)
    form = CustomerForm(request.POST or None, initial={name: getattr(customer, name) for name in FIELDS})
    if request.method == "POST" and form.is_valid():
        edit_customer(pk, actor=actor_of(request), **form.cleaned_data)
        messages.success(request, gettext("The customer is saved."))
        return redirect("customers:detail", pk=pk)
    context = {"form": form, "customer": customer}
    return render(request, "customers/customer_form.html", context, status=422 if form.errors else 200)


def _find(pk: int) -> Customer:
    customer = customer_by_id(pk)
    if customer is None:
        raise Http404
    return customer
