"""Made-up wc/v3 orders: as large and as various as those of a real shop, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import orjson

from pult.connectors.protocol import RawMessage

FAMILY = ("Kovács", "Nagy", "Tóth", "Szabó", "Horváth", "Varga", "Kiss", "Molnár", "Németh", "Farkas", "Őri", "Szűcs")
GIVEN = ("Anna", "Péter", "Éva", "László", "Zsófia", "Gábor", "Katalin", "Tamás", "Júlia", "Ádám", "Bence", "Réka")
TOWNS = (("1117", "Budapest"), ("6720", "Szeged"), ("4024", "Debrecen"), ("7621", "Pécs"), ("9021", "Győr"))
STREETS = ("Fehérvári út", "Kossuth Lajos utca", "Petőfi tér", "Ady Endre utca", "Rákóczi út")
PRODUCTS = tuple((f"SKU-{n:05d}", f"Termék {n}", 790 + 130 * (n % 97)) for n in range(2_000))
"""(SKU, name, gross price) of the benchmark's catalogue."""


def raw_orders(count: int, *, lines: int, seed: int = 1, first_id: int = 1000) -> Iterator[RawMessage]:
    """`count` orders of `lines` product lines and shipping, one every twenty seconds, ids from `first_id`."""
    rng = random.Random(seed)  # noqa: S311 made-up data
    start = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
    for index in range(count):
        at = start + timedelta(seconds=20 * index)
        yield RawMessage(str(first_id + index), orjson.dumps(_order(rng, first_id + index, at, lines)), at)


def _order(rng: random.Random, order_id: int, at: datetime, lines: int) -> dict[str, object]:
    family, given = rng.choice(FAMILY), rng.choice(GIVEN)
    postcode, town = rng.choice(TOWNS)
    person = {
        "first_name": given,
        "last_name": family,
        "company": "",
        "address_1": f"{rng.choice(STREETS)} {rng.randint(1, 180)}.",
        "address_2": "",
        "city": town,
        "state": "",
        "postcode": postcode,
        "country": "HU",
        "phone": f"+3630{rng.randint(1_000_000, 9_999_999)}",
    }
    gmt = at.strftime("%Y-%m-%dT%H:%M:%S")
    items = [_item(rng, order_id * 10 + n) for n in range(lines)]
    shipping_tax = 319
    tax = sum(int(str(item["total_tax"])) for item in items)
    net = sum(int(str(item["total"])) for item in items)
    return {
        "id": order_id,
        "parent_id": 0,
        "status": "processing",
        "currency": "HUF",
        "version": "11.0.1",
        "prices_include_tax": True,
        "date_created": gmt,
        "date_modified": gmt,
        "date_created_gmt": gmt,
        "date_modified_gmt": gmt,
        "discount_total": "0",
        "discount_tax": "0",
        "shipping_total": "1181",
        "shipping_tax": str(shipping_tax),
        "cart_tax": str(tax),
        "total": str(net + tax + 1181 + shipping_tax),
        "total_tax": str(tax + shipping_tax),
        "customer_id": rng.randint(1, 8_000) if rng.random() < 0.5 else 0,
        "order_key": f"wc_order_{order_id:013x}",
        "billing": {**person, "email": f"vevo{rng.randint(1, 8_000)}@example.test"},
        "shipping": person,
        "payment_method": "cod",
        "payment_method_title": "Utánvét",
        "transaction_id": "",
        "customer_ip_address": "192.0.2.7",
        "customer_user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140",
        "created_via": "checkout",
        "customer_note": "",
        "date_completed": None,
        "date_paid": None,
        "date_completed_gmt": None,
        "date_paid_gmt": None,
        "cart_hash": "d41d8cd98f00b204e9800998ecf8427e",
        "number": str(order_id),
        "meta_data": [{"id": order_id, "key": "_wc_order_attribution_source_type", "value": "organic"}],
        "line_items": items,
        "tax_lines": [
            {
                "id": order_id + 5,
                "rate_code": "HU-ÁFA 27%-1",
                "rate_id": 1,
                "label": "ÁFA 27%",
                "compound": False,
                "tax_total": str(tax),
                "shipping_tax_total": str(shipping_tax),
                "rate_percent": 27,
                "meta_data": [],
            }
        ],
        "shipping_lines": [
            {
                "id": order_id + 6,
                "method_title": "GLS futár",
                "method_id": "flat_rate",
                "instance_id": "3",
                "total": "1181",
                "total_tax": str(shipping_tax),
                "taxes": [{"id": 1, "total": str(shipping_tax), "subtotal": ""}],
                "meta_data": [],
            }
        ],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
        "payment_url": f"https://shop.example/checkout/order-pay/{order_id}/",
        "is_editable": False,
        "needs_payment": False,
        "needs_processing": True,
        "currency_symbol": "Ft",
    }


def _item(rng: random.Random, line_id: int) -> dict[str, object]:
    sku, name, price = rng.choice(PRODUCTS)
    quantity = rng.randint(1, 4)
    gross = price * quantity
    tax = round(gross * 27 / 127)
    return {
        "id": line_id,
        "name": name,
        "product_id": line_id % 5_000,
        "variation_id": 0,
        "quantity": quantity,
        "tax_class": "",
        "subtotal": str(gross - tax),
        "subtotal_tax": str(tax),
        "total": str(gross - tax),
        "total_tax": str(tax),
        "taxes": [{"id": 1, "total": str(tax), "subtotal": str(tax)}],
        "meta_data": [],
        "sku": sku,
        "global_unique_id": "",
        "price": (gross - tax) / quantity,
        "image": {"id": "", "src": ""},
        "parent_name": None,
    }
