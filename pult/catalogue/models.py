"""Products and the codes that name them."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _


class Product(models.Model):
    """A thing that is sold, by its SKU (matched without regard to case)."""

    sku = models.TextField(_("SKU"))
    name = models.TextField(_("name"))
    unit = models.TextField(_("unit"), default="db")
    vat_rate = models.DecimalField(_("VAT rate"), max_digits=6, decimal_places=3, null=True, blank=True)
    price_gross = models.DecimalField(_("gross price"), max_digits=18, decimal_places=4, null=True, blank=True)
    currency = models.TextField(_("currency"), default="HUF")
    is_active = models.BooleanField(_("active"), default=True)
    search_text = models.TextField(default="")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.UniqueConstraint(Upper("sku"), name="catalogue_product_sku_key"),
            models.CheckConstraint(condition=~models.Q(sku=""), name="catalogue_product_sku_given"),
            models.CheckConstraint(
                condition=models.Q(vat_rate__isnull=True) | models.Q(vat_rate__gte=0), name="catalogue_product_vat_rate"
            ),
        ]
        indexes = [
            GinIndex(OpClass("search_text", name="gin_trgm_ops"), name="catalogue_product_search"),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"


class Barcode(models.Model):
    """A code on the goods (GTIN or the merchant's own); it names one product."""

    code = models.TextField(_("barcode"), unique=True)
    product = models.ForeignKey("catalogue.Product", on_delete=models.CASCADE, related_name="barcodes")

    class Meta:
        verbose_name = _("barcode")

    def __str__(self) -> str:
        return self.code
