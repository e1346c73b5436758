"""Products over HTTP."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from pult.accounts.access import actor_of
from pult.accounts.api import reads, writes
from pult.catalogue.errors import ProductNotFound
from pult.catalogue.models import Product
from pult.catalogue.schemas import (
    ProductChange,
    ProductInput,
    ProductPage,
    ProductShape,
    ProductsQuery,
    product_document,
)
from pult.catalogue.selectors import product_by_sku, products_page
from pult.catalogue.services import save_product
from pult.lib.paging import decode_cursor, encode_cursor
from pult.lib.shapes import Word

router = Router(tags=["products"])


@reads(router, "/products", action="catalogue.view", answer=ProductPage)
def list_products(request: HttpRequest, query: Query[ProductsQuery]) -> dict[str, Any]:
    """Products, newest first."""
    (after,) = decode_cursor(query.cursor, [int]) if query.cursor else (None,)
    assert after is None or isinstance(after, int)
    found = products_page(query=query.q, active=query.active, after=after, limit=query.limit + 1)
    page = found[: query.limit]
    return {
        "items": [product_document(product) for product in page],
        "next": encode_cursor([page[-1].pk]) if len(found) > len(page) else None,
    }


@writes(router, "POST", "/products", action="catalogue.edit", answer=ProductShape, status=201)
def create_product(request: HttpRequest, body: ProductInput) -> dict[str, Any]:
    """Make a product; 409 if the SKU or a barcode names another one."""
    product = save_product(
        actor=actor_of(request),
        sku=body.sku,
        name=body.name,
        unit=body.unit,
        vat_rate=body.vat_rate,
        price_gross=body.price_gross,
        currency=body.currency,
        is_active=body.active,
        barcodes=body.barcodes,
    )
    product.refresh_from_db()
    return product_document(product)


@reads(router, "/products/{path:sku}", action="catalogue.view", answer=ProductShape)
def get_product(request: HttpRequest, sku: Word) -> dict[str, Any]:
    """One product."""
    return product_document(_product(sku))


@writes(router, "PATCH", "/products/{path:sku}", action="catalogue.edit", answer=ProductShape)
def change_product(request: HttpRequest, sku: Word, body: ProductChange) -> dict[str, Any]:
    """Change a product; lines matched to it keep what they say."""
    product = _product(sku)
    given = body.model_dump(exclude_unset=True)
    before: dict[str, Any] = {
        "sku": product.sku,
        "name": product.name,
        "unit": product.unit,
        "vat_rate": product.vat_rate,
        "price_gross": product.price_gross,
        "currency": product.currency,
        "active": product.is_active,
    }
    # null empties what may be empty; elsewhere it means: as it was
    values = {
        name: given[name] if given.get(name) is not None or (name in given and name in EMPTIABLE) else value
        for name, value in before.items()
    }
    active = values.pop("active")
    product = save_product(
        actor=actor_of(request), product_id=product.pk, is_active=active, barcodes=body.barcodes, **values
    )
    return product_document(_product(product.sku))


EMPTIABLE = frozenset({"vat_rate", "price_gross"})


def _product(sku: str) -> Product:
    product = product_by_sku(sku)
    if product is None:
        raise ProductNotFound(sku)
    return product
