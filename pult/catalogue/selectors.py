"""Questions about products."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet
from django.db.models.functions import Upper

from pult.catalogue.models import Barcode, Product
from pult.lib.database import holding
from pult.lib.identifiers import normalise_gtin, sku_key
from pult.lib.search import search_terms


def products_by_codes(
    *, skus: Collection[str], barcodes: Collection[str]
) -> tuple[dict[str, tuple[int, str]], dict[str, tuple[int, str]]]:
    """Products by normalised SKU and by barcode: two maps to (id, SKU). A code among `skus` may be a barcode too.

    Two queries, whatever the number of codes; inactive products match as well (old orders name them).
    """
    by_sku: dict[str, tuple[int, str]] = {}
    by_barcode: dict[str, tuple[int, str]] = {}
    if skus:
        rows = Product.objects.annotate(key=Upper("sku")).filter(key__any=skus).values_list("pk", "sku")
        by_sku = {key: (pk, sku) for pk, sku in rows if (key := sku_key(sku))}
    # a shop may put the barcode into its SKU field: digits alone are looked up as both
    wanted = set(barcodes) | {code for code in map(normalise_gtin, skus) if code and code.isdigit()}
    if wanted:
        pairs = Barcode.objects.filter(code__any=wanted).values_list("code", "product_id", "product__sku")
        by_barcode = {code: (pk, sku) for code, pk, sku in pairs}
    return by_sku, by_barcode


def products_found(query: str = "", *, active_only: bool = False) -> QuerySet[Product]:
    """Products whose SKU, name or barcode holds every word of `query`, by SKU."""
    found = Product.objects.order_by("sku", "pk")
    if active_only:
        found = found.filter(is_active=True)
    for word in search_terms(query):
        found = holding(found, word)
    return found


def product_by_sku(sku: str) -> Product | None:
    return Product.objects.filter(sku__iexact=sku.strip()).first()


def products_by_sku(skus: Collection[str]) -> dict[str, Product]:
    """Products by their SKU for matching (`sku_key`); one query."""
    keys = {key for key in map(sku_key, skus) if key}
    found = Product.objects.annotate(key=Upper("sku")).filter(key__in=keys) if keys else ()
    return {key: product for product in found if (key := sku_key(product.sku))}


def products_page(
    *, query: str = "", active: bool | None = None, after: int | None = None, limit: int
) -> list[Product]:
    """A page of products with their barcodes, newest first, those older than the id `after`; two queries."""
    found = products_found(query).order_by("-pk")
    if active is not None:
        found = found.filter(is_active=active)
    if after is not None:
        found = found.filter(pk__lt=after)
    return list(found.prefetch_related("barcodes")[:limit])


def product_by_id(product_id: int) -> Product | None:
    return Product.objects.filter(pk=product_id).first()


def barcodes_of(product_id: int) -> list[str]:
    """The barcodes of a product, in order."""
    return list(Barcode.objects.filter(product_id=product_id).order_by("code").values_list("code", flat=True))
