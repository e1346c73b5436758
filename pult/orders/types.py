"""The shape of the one door: what a connector, a clerk or a program says of an order.

Frozen, without Django: made by pure functions (`connectors.*.parse_order`), taken in by `receive_orders`.
Amounts are `Decimal` in the order's currency, as the channel sent them; times are aware and in UTC; absent is None.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address as an envelope would have it; `name` is who the letter goes to (Hungarian: surname first)."""

    name: str | None = None
    company: str | None = None
    country: str | None = None
    region: str | None = None
    postcode: str | None = None
    city: str | None = None
    street: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class PickupPoint:
    """A parcel locker or shop; `provider` in lower case (foxpost, gls_locker…), `code` as the provider knows it."""

    provider: str | None
    code: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class IncomingBuyer:
    """Who buys. `external_id` is the channel's own customer id (None for a guest); `type` is `person` or `company`."""

    type: str = "person"
    name: str | None = None
    company: str | None = None
    email: str | None = None
    phone: str | None = None
    tax_number: str | None = None
    eu_tax_number: str | None = None
    group: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class IncomingLine:
    """One line; net + vat == gross. `external_id` is the channel's own id of the line, if it has one.

    `kind`: product, shipping, payment_fee, discount (negative), fee, gift, deposit, rounding.
    `vat_rate` is percent (27 = 27 %), None if the channel does not say; `discount_gross` is already inside the amounts.
    """

    kind: str
    name: str
    quantity: Decimal
    net: Decimal
    vat: Decimal
    gross: Decimal
    unit_price_net: Decimal
    unit_price_gross: Decimal
    vat_rate: Decimal | None = None
    vat_code: str | None = None
    external_sku: str | None = None
    barcode: str | None = None
    unit: str = "db"
    external_id: str | None = None
    discount_gross: Decimal = ZERO
    note: str | None = None


@dataclass(frozen=True, slots=True)
class IncomingRefund:
    """Money given back. `gross`, `net` and `vat` are positive; `external_id` is the channel's own id of the refund."""

    external_id: str
    gross: Decimal
    net: Decimal
    vat: Decimal
    refunded_at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class IncomingProblem:
    """Something a person should see; `params` fill the sentence that belongs to `code` (orders/rules/problems.py)."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IncomingOrder:
    """An order as its channel tells it now.

    `reuse_mark` tells two orders apart that got the same `external_id` (a platform may give a deleted key again).
    `status` is the Pult state that the channel's own state maps to by the platform's table.
    `modified_at` is the channel's own time of the last change: an older one never overwrites a newer one.
    `total_gross` is what the buyer pays, before refunds; `total_vat` what the channel says of it, None if it does not.
    """

    external_id: str | None
    status: str
    placed_at: datetime
    currency: str
    total_gross: Decimal
    buyer: IncomingBuyer
    lines: tuple[IncomingLine, ...]
    external_number: str | None = None
    reuse_mark: str = ""
    external_status: str | None = None
    modified_at: datetime | None = None
    total_vat: Decimal | None = None
    billing_address: Address | None = None
    shipping_address: Address | None = None
    pickup_point: PickupPoint | None = None
    payment_method: str | None = None
    payment_name: str | None = None
    transaction_id: str | None = None
    paid: Decimal = ZERO
    paid_at: datetime | None = None
    refunds: tuple[IncomingRefund, ...] = ()
    shipping_method: str | None = None
    shipping_name: str | None = None
    tracking_numbers: tuple[str, ...] = ()
    customer_note: str | None = None
    internal_note: str | None = None
    coupons: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    problems: tuple[IncomingProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class AskedLine:
    """A line as a clerk or a program asks for it; None is left to Pult. At most one of the two unit prices is given.

    Prices are before the discount; `discount_percent` is taken off the line.
    """

    quantity: Decimal
    kind: str = "product"
    sku: str | None = None
    name: str | None = None
    barcode: str | None = None
    unit: str | None = None
    unit_price_net: Decimal | None = None
    unit_price_gross: Decimal | None = None
    vat_rate: Decimal | None = None
    vat_code: str | None = None
    discount_percent: Decimal = ZERO
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What the catalogue says of a product that is asked for: `price_gross` in `currency`, None if it has none."""

    sku: str
    name: str
    unit: str
    vat_rate: Decimal | None
    price_gross: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class AskedOrder:
    """An order as a clerk or a program asks for it, into a channel of the kind `custom`."""

    lines: tuple[AskedLine, ...]
    buyer: IncomingBuyer
    currency: str | None = None
    placed_at: datetime | None = None
    external_id: str | None = None
    external_number: str | None = None
    billing_address: Address | None = None
    shipping_address: Address | None = None
    pickup_point: PickupPoint | None = None
    payment_method: str | None = None
    payment_name: str | None = None
    transaction_id: str | None = None
    shipping_method: str | None = None
    shipping_name: str | None = None
    tracking_numbers: tuple[str, ...] = ()
    customer_note: str | None = None
    internal_note: str | None = None
    tags: tuple[str, ...] = ()
