"""Orders, channels and shops for tests: what a test does not name has a believable value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import orjson

from pult.channels.models import SalesChannel
from pult.channels.services import add_channel
from pult.connectors.protocol import Page, RawMessage
from pult.history.types import SYSTEM, Actor
from pult.orders.models import Order
from pult.orders.types import Address, IncomingBuyer, IncomingLine, IncomingOrder
from pult.sandbox.woocommerce import SandboxServer, SandboxShop
from pult.sync.services.connecting import checked_settings
from pult.sync.services.understanding import Tally, take_page

_numbers = count(1)
CLERK = Actor("user", "7", "Kiss Éva")


def a_channel(code: str | None = None, *, kind: str = "webshop", **settings: str) -> SalesChannel:
    """A sales channel; a webshop is a WooCommerce shop at an address where nobody lives unless `url` is given."""
    code = code or f"shop-{next(_numbers)}"
    platform = "woocommerce" if kind == "webshop" else None
    given = (
        {"url": "http://127.0.0.1:9", "consumer_key": "ck_" + "0" * 40, "consumer_secret": "cs_" + "0" * 40}
        if platform
        else {}
    )
    parts = checked_settings(kind=kind, platform=platform, given=given | settings)
    return add_channel(
        actor=SYSTEM,
        code=code,
        kind=kind,
        platform=platform,
        name=code.title(),
        currency=parts.currency,
        open_settings=parts.open,
        secret_settings=parts.secret,
    )


def a_line(**values: Any) -> IncomingLine:
    """A line of one mug for 2000 + 540 = 2540 Ft."""
    plain: dict[str, Any] = {
        "kind": "product",
        "name": "Bögre, kék",
        "quantity": Decimal(2),
        "net": Decimal(2000),
        "vat": Decimal(540),
        "gross": Decimal(2540),
        "unit_price_net": Decimal(1000),
        "unit_price_gross": Decimal(1270),
        "vat_rate": Decimal(27),
        "external_sku": "BOGRE-01",
        "external_id": "1",
    }
    return IncomingLine(**(plain | values))


def an_order(external_id: str | None = "101", **values: Any) -> IncomingOrder:
    """An incoming order of one line; its total is that of its lines unless it is given."""
    lines = values.get("lines", (a_line(),))
    address = Address(name="Kovács Anna", country="HU", postcode="1117", city="Budapest", street="Fehérvári út 12.")
    plain: dict[str, Any] = {
        "external_id": external_id,
        "external_number": external_id,
        "external_status": "processing",
        "status": "new",
        "placed_at": datetime(2026, 11, 2, 8, 15, tzinfo=UTC),
        "modified_at": datetime(2026, 11, 2, 8, 15, tzinfo=UTC),
        "currency": "HUF",
        "total_gross": sum((line.gross for line in lines), Decimal(0)),
        "total_vat": sum((line.vat for line in lines), Decimal(0)),
        "buyer": IncomingBuyer(name="Kovács Anna", email="anna@example.com", phone="+36301234567"),
        "billing_address": address,
        "shipping_address": address,
        "lines": lines,
    }
    return IncomingOrder(**(plain | values))


def raw_line(line_id: int = 1, **values: Any) -> dict[str, Any]:
    """A line as wc/v3 sends it: two mugs for 2540 Ft."""
    return {
        "id": line_id,
        "name": "Bögre, kék",
        "sku": "BOGRE-01",
        "quantity": 2,
        "subtotal": "2000",
        "subtotal_tax": "540",
        "total": "2000",
        "total_tax": "540",
        "taxes": [{"id": 1, "total": "540", "subtotal": "540"}],
        "meta_data": [],
    } | values


def raw_order(order_id: int = 101, **values: Any) -> dict[str, Any]:
    """An order as wc/v3 sends it. Its total is that of the lines unless it is given."""
    lines = values.get("line_items", [raw_line()])
    person = {
        "first_name": "Anna",
        "last_name": "Kovács",
        "company": "",
        "address_1": "Fehérvári út 12.",
        "address_2": "",
        "city": "Budapest",
        "postcode": "1117",
        "country": "HU",
        "state": "",
        "phone": "+36301234567",
    }
    vat = sum((Decimal(row["total_tax"]) for row in lines), Decimal(0))
    net = sum((Decimal(row["total"]) for row in lines), Decimal(0))
    return {
        "id": order_id,
        "number": str(order_id),
        "status": "processing",
        "currency": "HUF",
        "date_created_gmt": "2026-11-02T08:15:00",
        "date_modified_gmt": "2026-11-02T08:15:00",
        "total": str(net + vat),
        "total_tax": str(vat),
        "customer_id": 0,
        "billing": person | {"email": f"vevo{order_id}@example.com"},
        "shipping": person,
        "payment_method": "cod",
        "payment_method_title": "Utánvét",
        "transaction_id": "",
        "date_paid_gmt": None,
        "customer_note": "",
        "line_items": lines,
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "tax_lines": [{"rate_id": 1, "rate_percent": 27, "tax_total": str(vat), "label": "ÁFA", "compound": False}],
        "refunds": [],
        "meta_data": [],
    } | values


def told(channel: SalesChannel, *orders: dict[str, Any] | bytes, source: str = "poll") -> Tally:
    """The shop tells these raw orders on one page, and they are taken in."""
    messages = [
        RawMessage(_id_in(order), order if isinstance(order, bytes) else orjson.dumps(order)) for order in orders
    ]
    return take_page(channel, Page(messages, dict(channel.cursor)), source=source)


def _id_in(order: dict[str, Any] | bytes) -> str:
    return str((order if isinstance(order, dict) else json.loads(order))["id"])


def the_order(channel: SalesChannel, external_id: str | int = 101) -> Order:
    """The one order that a channel knows by this id, as it stands in the database."""
    return Order.objects.get(channel=channel, external_id=str(external_id))


@dataclass
class ShopAndChannel:
    """A sandbox shop that is being served, and the channel that leads to it."""

    shop: SandboxShop
    server: SandboxServer
    channel: SalesChannel


@contextmanager
def a_shop(code: str = "bolt", **settings: Any) -> Iterator[ShopAndChannel]:
    """A sandbox shop on a free port, its webhooks delivered only when a test says so, and its channel."""
    shop = SandboxShop("Próbabolt", **({"behind_tls": True} | settings))
    shop.hooks.mode = "manual"
    with SandboxServer({code: shop}) as server:
        channel = a_channel(
            code,
            url=server.url_of(code),
            consumer_key=shop.consumer_key,
            consumer_secret=shop.consumer_secret,
        )
        yield ShopAndChannel(shop, server, channel)
