"""Pages of products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from pult.accounts.access import actor_of, allowed_to
from pult.catalogue.errors import DuplicateCode
from pult.catalogue.forms import ProductForm
from pult.catalogue.selectors import barcodes_of, product_by_id, products_found
from pult.catalogue.services import save_product
from pult.history.selectors import entries_of
from pult.history.timeline import timeline
from pult.lib.paging import BadCursor, decode_cursor, encode_cursor

if TYPE_CHECKING:
    from pult.catalogue.models import Product

PAGE = 50
FIELDS = {
    "sku": _("SKU"),
    "name": _("Name"),
    "unit": _("Unit"),
    "vat_rate": _("VAT rate, %"),
    "price_gross": _("Gross price"),
    "currency": _("Currency"),
    "is_active": _("Active"),
}


def product_tabs(request: HttpRequest, *, waiting: bool) -> list[dict[str, Any]]:
    """Products and the codes that wait for one, for those who may match them."""
    tabs = [{"label": gettext("Products"), "url": reverse("catalogue:list"), "active": not waiting, "count": None}]
    try:
        address = reverse("catalogue:waiting_codes")
    except NoReverseMatch:
        return tabs
    if request.user.can("orders.match"):
        tabs.append({"label": gettext("Waiting codes"), "url": address, "active": waiting, "count": None})
    return tabs


@allowed_to("catalogue.view")
@require_GET
def product_list(request: HttpRequest) -> HttpResponse:
    """Products by SKU, searched by SKU, name or barcode."""
    query = request.GET.get("q", "").replace("\x00", "")[:200]
    inactive = request.GET.get("show") == "all"
    found = products_found(query, active_only=not inactive).prefetch_related("barcodes")
    cursor = request.GET.get("after", "")
    if cursor:
        try:
            sku, pk = decode_cursor(cursor, [str, int])
        except BadCursor:
            return redirect("catalogue:list")
        found = found.filter(Q(sku__gt=sku) | Q(sku=sku, pk__gt=pk))
    rows = list(found[: PAGE + 1])

    def address(**changes: str) -> str:
        values = {"q": query, "show": "all" if inactive else "", **changes}
        return f"{reverse('catalogue:list')}?{urlencode({k: v for k, v in values.items() if v})}"

    last = rows[PAGE - 1] if len(rows) > PAGE else None
    context = {
        "products": rows[:PAGE],
        "query": query,
        "inactive": inactive,
        "tabs": product_tabs(request, waiting=False),
        "toggle_url": address(show="" if inactive else "all"),
        "newer_url": address() if cursor else None,
        "older_url": address(after=encode_cursor([last.sku, last.pk])) if last else None,
    }
    template = "catalogue/product_list.html#rows" if request.htmx else "catalogue/product_list.html"
    return render(request, template, context)


@allowed_to("catalogue.view")
@require_GET
def product_detail(request: HttpRequest, pk: int) -> HttpResponse:
    product = _find(pk)
    context = {
        "product": product,
        "barcodes": barcodes_of(pk),
        "history": timeline(entries_of("product", pk)[:20], labels=FIELDS),
    }
    return render(request, "catalogue/product_detail.html", context)


@allowed_to("catalogue.edit")
def product_add(request: HttpRequest) -> HttpResponse:
    """A new product; the lines of orders that were waiting for it are matched right after."""
    given = {name: request.GET[name] for name in ("sku", "name", "barcodes") if request.GET.get(name)}
    return _form(request, ProductForm(request.POST or None, initial=given), None)


@allowed_to("catalogue.edit")
def product_edit(request: HttpRequest, pk: int) -> HttpResponse:
    product = _find(pk)
    initial = {name: getattr(product, name) for name in FIELDS}
    for name in ("vat_rate", "price_gross"):
        if initial[name] is not None:
            initial[name] = f"{initial[name].normalize():f}"
    initial["barcodes"] = "\n".join(barcodes_of(pk))
    return _form(request, ProductForm(request.POST or None, initial=initial), product)


def _form(request: HttpRequest, form: ProductForm, product: Product | None) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            kept = save_product(actor=actor_of(request), product_id=product and product.pk, **form.values())
        except DuplicateCode as refused:
            form.add_error("sku", gettext(refused.template) % refused.params)
        else:
            messages.success(request, gettext("%(product)s is saved.") % {"product": kept.name})
            return redirect("catalogue:detail", pk=kept.pk)
    context = {"form": form, "product": product}
    return render(request, "catalogue/product_form.html", context, status=422 if form.errors else 200)


def _find(pk: int) -> Product:
    product = product_by_id(pk)
    if product is None:
        raise Http404
    return product
