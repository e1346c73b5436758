"""Keeping products."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.db import IntegrityError, transaction

from pult.catalogue.errors import DuplicateCode
from pult.catalogue.models import Barcode, Product
from pult.history.services import acting
from pult.history.types import Actor
from pult.lib.identifiers import normalise_gtin, normalise_sku
from pult.lib.jobs import defer
from pult.lib.search import search_text


def save_product(
    *,
    actor: Actor,
    sku: str,
    name: str,
    unit: str = "db",
    vat_rate: Decimal | None = None,
    price_gross: Decimal | None = None,
    currency: str = "HUF",
    is_active: bool = True,
    barcodes: Iterable[str] | None = None,
    product_id: int | None = None,
) -> Product:
    """Make a product, or change the one with `product_id`; `barcodes` given replace its barcodes.

    Raises DuplicateCode if the SKU or a barcode belongs to another product.
    """
    codes = None if barcodes is None else list(dict.fromkeys(code for code in map(normalise_gtin, barcodes) if code))
    values = {
        "sku": normalise_sku(sku) or "",
        "name": name.strip(),
        "unit": unit.strip() or "db",
        "vat_rate": vat_rate,
        "price_gross": price_gross,
        "currency": currency,
        "is_active": is_active,
    }
    try:
        with acting(actor, "edited" if product_id else "created"), transaction.atomic():
            if product_id:
                product = Product.objects.select_for_update().get(pk=product_id)
                for field, value in values.items():
                    setattr(product, field, value)
                product.save(update_fields=list(values))
            else:
                product = Product.objects.create(**values)
            if codes is not None:
                product.barcodes.exclude(code__in=codes).delete()
                known = set(product.barcodes.values_list("code", flat=True))
                Barcode.objects.bulk_create(Barcode(code=code, product=product) for code in codes if code not in known)
            words = (sku, name, *product.barcodes.values_list("code", flat=True))
            Product.objects.filter(pk=product.pk).update(search_text=search_text(words, phone=None, codes=()))
            # lines that wait for this product are orders' matter, a floor above: the job is committed with the product
            defer("orders.match_waiting_lines", product_id=product.pk, actor=[actor.kind, actor.id, actor.name])
    except IntegrityError as error:
        raise DuplicateCode(sku) from error
    return product
