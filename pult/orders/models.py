"""Orders and what belongs to them. Amounts are kept as sent; constraints carry the business."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from pult.orders.rules.states import FULFILMENT_STATUSES, PAYMENT_STATUSES, STATUSES

LINE_KINDS = ("product", "shipping", "payment_fee", "discount", "fee", "gift", "deposit", "rounding")


def amount_field(**options: Any) -> models.DecimalField[Any, Any]:
    """An amount in the order's currency, exact to six decimals, up to 10^15."""
    return models.DecimalField(max_digits=22, decimal_places=6, **options)


class Order(models.Model):
    """An order of one sales channel, for ever. Buyer and addresses are a snapshot of what the channel said.

    `placed_at` by the channel, `received_at` when Pult kept it, `updated_at` when a row of it last changed (a trigger).
    `source_*` remember what it was last written from: the raw message, its checksum and the channel's own time.
    `moved_by` tells who set `status` last: the channel (which may then move it on) or Pult's people.
    """

    number = models.TextField(_("number"))
    # no index of its own on a relation whose column leads another index: each costs the import, none helps a list
    channel = models.ForeignKey("channels.SalesChannel", db_index=False, on_delete=models.PROTECT, related_name="+")
    external_id = models.TextField(null=True)
    reuse_mark = models.TextField(default="")
    external_number = models.TextField(null=True)
    external_status = models.TextField(null=True)

    status = models.TextField(_("state"))
    payment_status = models.TextField(_("payment"))
    fulfilment_status = models.TextField(_("fulfilment"))
    moved_by = models.TextField(default="channel")

    placed_at = models.DateTimeField(_("placed"))
    received_at = models.DateTimeField(_("received"), db_default=Now())
    updated_at = models.DateTimeField(_("changed"), db_default=Now())

    currency = models.TextField(_("currency"))
    customer = models.ForeignKey(
        "customers.Customer", null=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    buyer_type = models.TextField(default="person")
    buyer_name = models.TextField(null=True)
    buyer_company = models.TextField(null=True)
    buyer_email = models.TextField(null=True)
    buyer_phone = models.TextField(null=True)
    buyer_tax_number = models.TextField(null=True)
    buyer_eu_tax_number = models.TextField(null=True)
    buyer_group = models.TextField(null=True)
    billing_address: models.JSONField[Any, Any] = models.JSONField(null=True)
    shipping_address: models.JSONField[Any, Any] = models.JSONField(null=True)
    pickup_point: models.JSONField[Any, Any] = models.JSONField(null=True)

    payment_method = models.TextField(null=True)
    payment_name = models.TextField(null=True)
    transaction_id = models.TextField(null=True)
    paid = amount_field(default=0)
    paid_at = models.DateTimeField(null=True)
    refunded = amount_field(default=0)
    shipping_method = models.TextField(null=True)
    shipping_name = models.TextField(null=True)
    tracking_numbers = ArrayField(models.TextField(), default=list)

    total_net = amount_field()
    total_vat = amount_field()
    total_gross = amount_field()

    customer_note = models.TextField(null=True)
    internal_note = models.TextField(null=True)
    coupons = ArrayField(models.TextField(), default=list)
    tags = ArrayField(models.TextField(), default=list)

    source_message_id = models.BigIntegerField(null=True)
    source_checksum = models.BinaryField(max_length=16, null=True)
    source_modified_at = models.DateTimeField(null=True)
    open_problems = models.IntegerField(default=0)
    search_text = models.TextField(default="")

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(fields=["number"], name="orders_order_number_key"),
            models.UniqueConstraint(fields=["channel", "external_id", "reuse_mark"], name="orders_order_external_key"),
            models.CheckConstraint(condition=models.Q(status__in=STATUSES), name="orders_order_status"),
            models.CheckConstraint(
                condition=models.Q(payment_status__in=PAYMENT_STATUSES), name="orders_order_payment_status"
            ),
            models.CheckConstraint(
                condition=models.Q(fulfilment_status__in=FULFILMENT_STATUSES), name="orders_order_fulfilment_status"
            ),
            models.CheckConstraint(
                condition=models.Q(total_gross=models.F("total_net") + models.F("total_vat")),
                name="orders_order_total_adds_up",
            ),
        ]
        indexes = [
            models.Index(fields=["-placed_at", "-id"], name="orders_order_newest"),
            models.Index(fields=["channel", "-placed_at", "-id"], name="orders_order_channel"),
            models.Index(fields=["status", "-placed_at", "-id"], name="orders_order_by_status"),
            models.Index(fields=["updated_at", "id"], name="orders_order_changed"),
            models.Index(fields=["customer", "-placed_at", "-id"], name="orders_order_customer"),
            models.Index(
                fields=["-placed_at", "-id"], condition=models.Q(open_problems__gt=0), name="orders_order_problems"
            ),
            models.Index(
                # what is in none of these states is found soon enough by walking the newest
                fields=["payment_status", "-placed_at", "-id"],
                condition=models.Q(payment_status__in=["partly_paid", "refunded", "partly_refunded"]),
                name="orders_order_payment",
            ),
            GinIndex(OpClass("search_text", name="gin_trgm_ops"), name="orders_order_search"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """One line of an order; `product` is set once it is matched, `external_sku` is always what the channel sent."""

    order = models.ForeignKey("orders.Order", db_index=False, on_delete=models.CASCADE, related_name="lines")
    position = models.IntegerField()
    external_id = models.TextField(null=True)
    kind = models.TextField()
    product = models.ForeignKey(
        "catalogue.Product", null=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    sku = models.TextField(null=True)
    external_sku = models.TextField(null=True)
    barcode = models.TextField(null=True)
    name = models.TextField()
    note = models.TextField(null=True)
    quantity = amount_field()
    unit = models.TextField(default="db")
    unit_price_net = amount_field()
    unit_price_gross = amount_field()
    discount_gross = amount_field(default=0)
    vat_rate = models.DecimalField(max_digits=9, decimal_places=4, null=True)
    vat_code = models.TextField(null=True)
    net = amount_field()
    vat = amount_field()
    gross = amount_field()

    class Meta:
        verbose_name = _("order line")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "position"], name="orders_line_position", deferrable=models.Deferrable.IMMEDIATE
            ),
            models.CheckConstraint(condition=models.Q(kind__in=LINE_KINDS), name="orders_line_kind"),
            models.CheckConstraint(
                condition=models.Q(gross=models.F("net") + models.F("vat")), name="orders_line_adds_up"
            ),
        ]
        indexes = [
            models.Index(
                # not by the code: a channel may send one longer than an index can hold
                fields=["order"],
                condition=models.Q(kind="product", product__isnull=True),
                name="orders_line_unmatched",
            ),
            models.Index(fields=["product"], condition=models.Q(product__isnull=False), name="orders_line_product"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.position} {self.name}"


class Refund(models.Model):
    """Money given back on an order, positive, on its day: turnover takes it off that day, not the order's."""

    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="refunds")
    external_id = models.TextField()
    gross = amount_field()
    net = amount_field()
    vat = amount_field()
    refunded_at = models.DateTimeField()
    reason = models.TextField(null=True)

    class Meta:
        verbose_name = _("refund")
        constraints = [
            models.UniqueConstraint(fields=["order", "external_id"], name="orders_refund_key"),
            models.CheckConstraint(
                condition=models.Q(gross=models.F("net") + models.F("vat")), name="orders_refund_adds_up"
            ),
        ]
        indexes = [models.Index(fields=["refunded_at"], name="orders_refund_day")]

    def __str__(self) -> str:
        return f"{self.order_id} {self.external_id}"


class Problem(models.Model):
    """Something a person should look at. `params` fill the sentence of `code`; `message_id` is the raw cause if any."""

    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="problems")
    code = models.TextField()
    params: models.JSONField[Any, Any] = models.JSONField(default=dict)
    message_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True)
    resolution = models.TextField(null=True)

    class Meta:
        verbose_name = _("problem")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "code"], condition=models.Q(resolved_at__isnull=True), name="orders_problem_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.code}"


class SkuMatch(models.Model):
    """A person's word that this channel's code means that product: remembered for every later order."""

    channel = models.ForeignKey("channels.SalesChannel", on_delete=models.CASCADE, related_name="+")
    external_sku = models.TextField()
    product = models.ForeignKey("catalogue.Product", on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("SKU match")
        constraints = [models.UniqueConstraint(fields=["channel", "external_sku"], name="orders_skumatch_key")]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.external_sku}"
