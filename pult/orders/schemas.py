"""The form of an order outside Pult: API, export, webhooks (docs: the outside contract)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pult.lib.money import format_amount, format_quantity
from pult.lib.times import time_text
from pult.orders.models import Order, OrderLine, Problem
from pult.orders.rules.problems import sentence
from pult.orders.selectors import lines_of, open_problems_of


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
