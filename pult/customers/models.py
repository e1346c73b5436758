"""Buyers, known across channels."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Customer(models.Model):
    """A person or a company that buys. What an order says of its buyer stays on the order; this is who it is."""

    type = models.TextField(_("type"), choices=[("person", _("Person")), ("company", _("Company"))])
    name = models.TextField(_("name"), null=True, blank=True)
    company = models.TextField(_("company"), null=True, blank=True)
    email = models.TextField(_("e-mail"), null=True, blank=True)
    phone = models.TextField(_("phone"), null=True, blank=True)
    tax_number = models.TextField(_("tax number"), null=True, blank=True)
    eu_tax_number = models.TextField(_("EU tax number"), null=True, blank=True)
    group = models.TextField(_("group"), null=True, blank=True)
    note = models.TextField(_("note"), null=True, blank=True)
    search_text = models.TextField(default="")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            models.CheckConstraint(condition=models.Q(type__in=["person", "company"]), name="customers_customer_type"),
        ]
        indexes = [
            GinIndex(OpClass("search_text", name="gin_trgm_ops"), name="customers_customer_search"),
        ]

    def __str__(self) -> str:
        return self.company or self.name or self.email or "–"


class Identity(models.Model):
    """A sign by which a customer is recognised: `kind` is `channel:<id>`, `tax` or `email`. One sign, one customer."""

    kind = models.TextField()
    value = models.TextField()
    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="identities")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "value"], name="customers_identity_key")]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
