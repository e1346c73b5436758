"""The form of a product outside Pult."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import Field

from pult.catalogue.models import Product
from pult.lib.money import format_amount, format_quantity
from pult.lib.shapes import Currency, Document, Input, PageQuery, Percent, Price, Search, Word
from pult.lib.times import time_text


def product_document(product: Product) -> dict[str, Any]:
    """A product; amounts and rates are decimal strings, absent is null."""
    return {
        "sku": product.sku,
        "name": product.name,
        "unit": product.unit,
        "vat_rate": None if product.vat_rate is None else format_quantity(Decimal(product.vat_rate)),
        "price_gross": (
            None if product.price_gross is None else format_amount(Decimal(product.price_gross), product.currency)
        ),
        "currency": product.currency,
        "active": product.is_active,
        "barcodes": sorted(barcode.code for barcode in product.barcodes.all()),
        "created_at": time_text(product.created_at),
    }


class ProductShape(Document):
    sku: str
    name: str
    unit: str
    vat_rate: str | None
    price_gross: str | None
    currency: str
    active: bool
    barcodes: list[str]
    created_at: str


class ProductPage(Document):
    items: list[ProductShape]
    next: str | None


class ProductsQuery(PageQuery):
    q: Search = Field("", description="Words in SKU, name or barcode.")
    active: bool | None = None


class ProductChange(Input):
    """What is left out stays; `barcodes` given replace the product's."""

    sku: Word | None = None
    name: Word | None = None
    unit: Word | None = None
    vat_rate: Percent | None = None
    price_gross: Price | None = None
    currency: Currency | None = None
    active: bool | None = None
    barcodes: list[Word] | None = Field(None, max_length=100)


class ProductInput(Input):
    sku: Word
    name: Word
    unit: Word = "db"
    vat_rate: Percent | None = None
    price_gross: Price | None = None
    currency: Currency = "HUF"
    active: bool = True
    barcodes: list[Word] = Field(default_factory=list, max_length=100)
