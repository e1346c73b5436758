"""The form of an order outside Pult: API, export, webhooks (docs: the outside contract)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from pult.lib.money import format_amount, format_quantity
from pult.lib.shapes import (
    Country,
    Currency,
    Cursor,
    Document,
    Input,
    MaybeText,
    MaybeTime,
    MaybeUntil,
    MaybeWord,
    Number,
    PageQuery,
    Percent,
    Positive,
    Search,
    Time,
    Word,
)
from pult.lib.times import time_text
from pult.orders.models import Order, OrderLine, Problem
from pult.orders.rules.problems import sentence
from pult.orders.selectors import lines_of, open_problems_of
from pult.orders.types import ZERO, Address, AskedLine, AskedOrder, IncomingBuyer, PickupPoint

if TYPE_CHECKING:
    from pult.history.models import Entry

Status = Literal["new", "confirmed", "on_hold", "processing", "ready", "shipped", "completed", "cancelled", "returned"]
PaymentStatus = Literal["unpaid", "partly_paid", "paid", "partly_refunded", "refunded"]
FulfilmentStatus = Literal["unfulfilled", "partly_fulfilled", "fulfilled", "returned"]
ChannelKind = Literal["webshop", "store", "edi", "custom"]
LineKind = Literal["product", "shipping", "payment_fee", "discount", "fee", "gift", "deposit", "rounding"]


def order_documents(orders: Sequence[Order]) -> list[dict[str, Any]]:
    """Orders (with `channel` loaded) in the form of the contract; two queries for all of them."""
    ids = [order.pk for order in orders]
    lines, problems = lines_of(ids), open_problems_of(ids)
    return [order_document(order, lines=lines[order.pk], problems=problems[order.pk]) for order in orders]


def order_document(order: Order, *, lines: Sequence[OrderLine], problems: Sequence[Problem]) -> dict[str, Any]:
    """One order in the form of the contract."""
    currency = order.currency

    def amount(value: Decimal) -> str:
        return format_amount(Decimal(value), currency)

    channel = order.channel
    return {
        "number": order.number,
        "channel": {"code": channel.code, "kind": channel.kind, "platform": channel.platform, "name": channel.name},
        "external_id": order.external_id,
        "external_number": order.external_number,
        "external_status": order.external_status,
        "status": order.status,
        "payment_status": order.payment_status,
        "fulfilment_status": order.fulfilment_status,
        "placed_at": time_text(order.placed_at),
        "received_at": time_text(order.received_at),
        "updated_at": time_text(order.updated_at),
        "currency": currency,
        "customer": {
            "type": order.buyer_type,
            "name": order.buyer_name,
            "company": order.buyer_company,
            "email": order.buyer_email,
            "phone": order.buyer_phone,
            "tax_number": order.buyer_tax_number,
            "eu_tax_number": order.buyer_eu_tax_number,
            "group": order.buyer_group,
        },
        "billing_address": _address(order.billing_address),
        "shipping_address": _address(order.shipping_address),
        "pickup_point": order.pickup_point,
        "payment": {
            "method": order.payment_method,
            "name": order.payment_name,
            "paid": amount(order.paid),
            "refunded": amount(order.refunded),
            "transaction_id": order.transaction_id,
        },
        "shipping": {
            "method": order.shipping_method,
            "name": order.shipping_name,
            "tracking_numbers": order.tracking_numbers,
        },
        "lines": [_line(line, amount) for line in lines],
        "totals": {
            "net": amount(order.total_net),
            "vat": amount(order.total_vat),
            "gross": amount(order.total_gross),
        },
        "customer_note": order.customer_note,
        "internal_note": order.internal_note,
        "coupons": order.coupons,
        "tags": order.tags,
        "quote": None,
        "problems": [{"code": p.code, "message": sentence(p.code, p.params)} for p in problems],
        "edi": None,
    }


def _line(line: OrderLine, amount: Any) -> dict[str, Any]:
    return {
        "position": line.position,
        "kind": line.kind,
        "sku": line.sku,
        "external_sku": line.external_sku,
        "barcode": line.barcode,
        "name": line.name,
        "note": line.note,
        "quantity": format_quantity(Decimal(line.quantity)),
        "unit": line.unit,
        "unit_price_net": amount(line.unit_price_net),
        "unit_price_gross": amount(line.unit_price_gross),
        "discount_gross": amount(line.discount_gross),
        "vat_rate": None if line.vat_rate is None else format_quantity(Decimal(line.vat_rate)),
        "vat_code": line.vat_code,
        "net": amount(line.net),
        "vat": amount(line.vat),
        "gross": amount(line.gross),
    }


def _address(address: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if address is None else dict(address)


def history_document(entry: Entry) -> dict[str, Any]:
    """One change of an order: who, what, from what to what, when."""
    return {
        "at": time_text(entry.at),
        "action": entry.action,
        "actor": {"kind": entry.actor_kind, "id": entry.actor_id, "name": entry.actor_name},
        "changes": entry.changes or {},
        "data": entry.data,
    }


class ChannelPart(Document):
    code: str
    kind: ChannelKind
    platform: str | None
    name: str


class CustomerPart(Document):
    type: str
    name: str | None
    company: str | None
    email: str | None
    phone: str | None
    tax_number: str | None
    eu_tax_number: str | None
    group: str | None


class AddressPart(Document):
    name: str | None = None
    company: str | None = None
    country: str | None = None
    region: str | None = None
    postcode: str | None = None
    city: str | None = None
    street: str | None = None
    phone: str | None = None


class PickupPointPart(Document):
    provider: str | None
    code: str
    name: str | None


class PaymentPart(Document):
    method: str | None
    name: str | None
    paid: str
    refunded: str
    transaction_id: str | None


class ShippingPart(Document):
    method: str | None
    name: str | None
    tracking_numbers: list[str]


class LinePart(Document):
    position: int
    kind: LineKind
    sku: str | None
    external_sku: str | None
    barcode: str | None
    name: str
    note: str | None
    quantity: str
    unit: str
    unit_price_net: str
    unit_price_gross: str
    discount_gross: str
    vat_rate: str | None
    vat_code: str | None
    net: str
    vat: str
    gross: str


class TotalsPart(Document):
    net: str
    vat: str
    gross: str


class ProblemPart(Document):
    code: str
    message: str


class OrderShape(Document):
    """An order. Amounts are decimal strings in its currency, times are UTC, absent is null."""

    number: str
    channel: ChannelPart
    external_id: str | None
    external_number: str | None
    external_status: str | None
    status: Status
    payment_status: PaymentStatus
    fulfilment_status: FulfilmentStatus
    placed_at: str
    received_at: str
    updated_at: str
    currency: str
    customer: CustomerPart
    billing_address: AddressPart | None
    shipping_address: AddressPart | None
    pickup_point: PickupPointPart | None
    payment: PaymentPart
    shipping: ShippingPart
    lines: list[LinePart]
    totals: TotalsPart
    customer_note: str | None
    internal_note: str | None
    coupons: list[str]
    tags: list[str]
    quote: dict[str, Any] | None
    problems: list[ProblemPart]
    edi: dict[str, Any] | None


class OrderPage(Document):
    """`next`: newest first, null at the end; with `updated_from`, null only on an empty page (keep the last cursor)."""

    items: list[OrderShape]
    next: str | None


class ActorPart(Document):
    kind: str
    id: str | None
    name: str | None


class HistoryEntryShape(Document):
    """`changes`: {field: [before, after]}; `data`: what the step says beside the fields, such as its reason."""

    at: str
    action: str
    actor: ActorPart
    changes: dict[str, Any]
    data: dict[str, Any] | None


class HistoryPage(Document):
    items: list[HistoryEntryShape]
    next: str | None


class MatchedShape(Document):
    """`matched`: how many lines were matched, in this order and (with `all`) in others of the channel."""

    matched: int


class OrdersQuery(PageQuery):
    """Several values of one filter stand between commas: `status=new,confirmed`."""

    channel: Search = Field("", description="Codes of channels.")
    kind: Search = Field("", description="Kinds of channels: webshop, store, edi, custom.")
    status: Search = Field("", description="States of orders.")
    payment_status: Search = Field("", description="States of payment.")
    placed_from: MaybeTime = Field(None, description="Placed then or later.")
    placed_to: MaybeUntil = Field(None, description="Placed before then; a day alone is included.")
    updated_from: MaybeTime = Field(
        None, description="Changed then or later; the list is then in the order of the changes, oldest first."
    )
    problems: bool = Field(False, description="Only orders with open problems.")
    q: Search = Field("", description="Words in numbers, names, e-mail, phone or SKU.")
    cursor: Cursor | None = Field(None, description="The `next` of the page before.")


class AddressInput(Input):
    name: MaybeWord = None
    company: MaybeWord = None
    country: Country | None = None
    region: MaybeWord = None
    postcode: MaybeWord = None
    city: MaybeWord = None
    street: MaybeWord = None
    phone: MaybeWord = None

    def as_address(self) -> Address:
        return Address(**self.model_dump())


class PickupPointInput(Input):
    provider: MaybeWord = None
    code: Word
    name: MaybeWord = None

    def as_point(self) -> PickupPoint:
        return PickupPoint(**self.model_dump())


class CustomerInput(Input):
    type: Literal["person", "company"] | None = Field(None, description="By default a company if it has a tax number.")
    name: MaybeWord = None
    company: MaybeWord = None
    email: MaybeWord = None
    phone: MaybeWord = None
    tax_number: MaybeWord = None
    eu_tax_number: MaybeWord = None
    group: MaybeWord = None

    def as_buyer(self) -> IncomingBuyer:
        is_company = self.company or self.tax_number or self.eu_tax_number
        return IncomingBuyer(**{**self.model_dump(), "type": self.type or ("company" if is_company else "person")})


class PaymentInput(Input):
    method: MaybeWord = None
    name: MaybeWord = None
    transaction_id: MaybeWord = None


class ShippingInput(Input):
    method: MaybeWord = None
    name: MaybeWord = None
    tracking_numbers: list[Word] = Field(default_factory=list, max_length=100)


class LineInput(Input):
    """`sku` (a product of the catalogue) or `name`; one of the two unit prices, or none: the product's."""

    kind: LineKind = "product"
    sku: MaybeWord = None
    name: MaybeWord = None
    barcode: MaybeWord = None
    quantity: Positive
    unit: MaybeWord = None
    unit_price_net: Number | None = None
    unit_price_gross: Number | None = None
    vat_rate: Percent | None = Field(None, description="By default the product's.")
    vat_code: MaybeWord = None
    discount_percent: Percent = Field(ZERO, description="Taken off the line.")
    note: MaybeText = None

    def as_line(self) -> AskedLine:
        return AskedLine(**self.model_dump())


class OrderInput(Input):
    """An order with what the caller knows; Pult completes the rest."""

    channel: Word = Field(description="The code of a channel of the kind custom.")
    lines: list[LineInput] = Field(min_length=1, max_length=1000)
    customer: CustomerInput | None = None
    billing_address: AddressInput | None = None
    shipping_address: AddressInput | None = None
    pickup_point: PickupPointInput | None = None
    payment: PaymentInput | None = None
    shipping: ShippingInput | None = None
    currency: Currency | None = Field(None, description="By default the channel's.")
    placed_at: Time | None = Field(None, description="By default now.")
    external_id: MaybeWord = Field(None, description="The caller's own id of the order; one order a channel has it.")
    external_number: MaybeWord = None
    customer_note: MaybeText = None
    internal_note: MaybeText = None
    tags: list[Word] = Field(default_factory=list, max_length=100)

    def as_order(self) -> AskedOrder:
        payment = self.payment or PaymentInput()
        shipping = self.shipping or ShippingInput()
        return AskedOrder(
            lines=tuple(line.as_line() for line in self.lines),
            buyer=self.customer.as_buyer() if self.customer else IncomingBuyer(),
            currency=self.currency,
            placed_at=self.placed_at,
            external_id=self.external_id,
            external_number=self.external_number,
            billing_address=self.billing_address.as_address() if self.billing_address else None,
            shipping_address=self.shipping_address.as_address() if self.shipping_address else None,
            pickup_point=self.pickup_point.as_point() if self.pickup_point else None,
            payment_method=payment.method,
            payment_name=payment.name,
            transaction_id=payment.transaction_id,
            shipping_method=shipping.method,
            shipping_name=shipping.name,
            tracking_numbers=tuple(shipping.tracking_numbers),
            customer_note=self.customer_note,
            internal_note=self.internal_note,
            tags=tuple(dict.fromkeys(self.tags)),
        )


class PaymentChange(Input):
    name: MaybeWord = None


class ShippingChange(Input):
    name: MaybeWord = None
    tracking_numbers: list[Word] = Field(default_factory=list, max_length=100)


class OrderChange(Input):
    """What is left out stays; null empties. A finished order keeps all but `internal_note` and `tags`."""

    internal_note: MaybeText = None
    customer_note: MaybeText = None
    tags: list[Word] = Field(default_factory=list, max_length=100)
    billing_address: AddressInput | None = None
    shipping_address: AddressInput | None = None
    pickup_point: PickupPointInput | None = None
    payment: PaymentChange = Field(default_factory=PaymentChange)
    shipping: ShippingChange = Field(default_factory=ShippingChange)

    def as_values(self) -> dict[str, Any]:
        """What was given, as fields of an order."""
        given = self.model_fields_set
        values: dict[str, Any] = {
            name: getattr(self, name) for name in ("internal_note", "customer_note") if name in given
        }
        if "tags" in given:
            values["tags"] = tuple(dict.fromkeys(self.tags))
        for name in ("billing_address", "shipping_address"):
            if name in given:
                address: AddressInput | None = getattr(self, name)
                values[name] = address and address.as_address()
        if "pickup_point" in given:
            values["pickup_point"] = self.pickup_point and self.pickup_point.as_point()
        if "payment" in given and "name" in self.payment.model_fields_set:
            values["payment_name"] = self.payment.name
        if "shipping" in given:
            if "name" in self.shipping.model_fields_set:
                values["shipping_name"] = self.shipping.name
            if "tracking_numbers" in self.shipping.model_fields_set:
                values["tracking_numbers"] = tuple(dict.fromkeys(self.shipping.tracking_numbers))
        return values


class StepInput(Input):
    reason: MaybeText = Field(None, description="Kept in the history.")


class MatchInput(Input):
    sku: Word
    all: bool = Field(False, description="Every unmatched line of the channel with the same code, and later ones too.")
