"""Makes orders: what the buyer wished (or chance did) becomes the row a WooCommerce shop would keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from pult.sandbox.woocommerce import people
from pult.sandbox.woocommerce.amounts import Record, recalculate, rounded, set_amounts, split
from pult.sandbox.woocommerce.catalogue import ITEMS, RATE_OF_CLASS, CatalogueItem

HUF_PER_EUR = Decimal(400)
PAYMENT_METHODS = {
    "barion": "Bankkártya (Barion)",
    "simplepay": "OTP SimplePay",
    "cod": "Utánvét",
    "bacs": "Banki átutalás",
    "": "",
}
# Code → WooCommerce coupon id, type, amount (percent, or HUF gross).
COUPONS: dict[str, tuple[int, str, int]] = {"ezer": (21, "fixed_cart", 1000), "osz10": (22, "percent", 10)}
SHIPPING_METHODS = (
    ("flat_rate", "MPL futár", Decimal(1750)),
    ("flat_rate", "GLS futár", Decimal(1990)),
    ("free_shipping", "Ingyenes szállítás", Decimal(0)),
    ("vp_pont", "Csomagpont", Decimal(1290)),
)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What an order shall be like; what is None is left to (seeded) chance. Money is gross, in the order's currency."""

    lines: Sequence[tuple[str, int]] | None = None
    status: str | None = None
    currency: str | None = None
    payment_method: str | None = None
    company: bool | None = None
    locker: bool | None = None
    coupon: str | None = None
    """A code of `COUPONS`; "" for none."""
    cod_fee: Decimal | int | None = None
    discount_fee: Decimal | int | None = None
    """A negative fee line: give the amount below zero, or 0 for none."""
    shipping: Sequence[tuple[str, str, Decimal]] | None = None
    """Shipping lines of (method id, title, gross); empty for none."""
    billing: Mapping[str, str] | None = None
    shipping_address: Mapping[str, str] | None = None
    customer_id: int = 0
    customer_note: str | None = None
    meta: Mapping[str, Any] | None = None
    created_via: str | None = None


@dataclass(frozen=True)
class Workshop:
    """What the order maker must know of the shop."""

    currency: str
    decimals: int
    prices_include_tax: bool
    new_item_id: Callable[[], int]
    new_meta_id: Callable[[], int]
    item_by_sku: Callable[[str], CatalogueItem]


def price_in(item: CatalogueItem, currency: str, *, decimals: int, include_tax: bool) -> Decimal:
    """The price the merchant entered for the item: gross or net, in the currency, with the shop's decimals."""
    gross = item.price_huf if currency == "HUF" else item.price_huf / HUF_PER_EUR
    entered = gross if include_tax else gross / (1 + Decimal(item.vat_rate) / 100)
    return rounded(entered, decimals if currency == "HUF" else max(decimals, 2))


def meta_row(workshop: Workshop, key: str, value: Any) -> Record:
    """A row of meta data with a new id. Numbers come back as text, as from WordPress."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"id": workshop.new_meta_id(), "key": key, "value": str(value) if is_number else value}


def line_row(workshop: Workshop, item: CatalogueItem, quantity: int, currency: str) -> Record:
    """A line of goods before any coupon."""
    unit = price_in(item, currency, decimals=workshop.decimals, include_tax=workshop.prices_include_tax)
    net, tax = split(unit * quantity, percent=item.vat_rate, price_is_gross=workshop.prices_include_tax)
    row: Record = {
        "id": workshop.new_item_id(),
        "name": item.name,
        "product_id": item.product_id,
        "variation_id": item.variation_id,
        "sku": item.sku,
        "gtin": item.barcode,
        "parent_name": item.parent_name,
        "quantity": quantity,
        "tax_class": item.tax_class,
        "rate_id": RATE_OF_CLASS[item.tax_class][0],
        "tax_raw": {},
        "meta_data": [
            {**meta_row(workshop, slug, value), "display_key": name} for slug, name, value in item.attributes
        ],
    }
    for kind in ("subtotal", "total"):
        set_amounts(row, kind, net=net, tax=tax, decimals=workshop.decimals)
    return row


def charge_row(workshop: Workshop, gross: Decimal, **named: Any) -> Record:
    """A shipping or fee line at 27 %, from its gross amount."""
    net, tax = split(gross, percent=27, price_is_gross=True)
    row: Record = {"id": workshop.new_item_id(), "rate_id": 1, "tax_raw": {}, "meta_data": [], **named}
    set_amounts(row, "total", net=net, tax=tax, decimals=workshop.decimals)
    return row


def make_order(workshop: Workshop, wish: Wish, rng: Random, *, order_id: int, number: str, created: int) -> Record:
    """A new order as the shop keeps it, sums included. `created` is seconds since 1970."""
    currency = wish.currency or workshop.currency
    company = wish.company if wish.company is not None else rng.random() < 0.25
    billing, tax_number = people.buyer(rng, company=company)
    billing.update(wish.billing or {})
    by_locker = wish.locker if wish.locker is not None else rng.random() < 0.3
    method = wish.payment_method
    if method is None:
        method = rng.choices(("barion", "simplepay", "cod", "bacs"), (40, 20, 25, 15))[0]
    meta: list[tuple[str, Any]] = [("_billing_wc_szamlazz_adoszam", tax_number)] if tax_number else []
    shipping_address = {key: value for key, value in billing.items() if key != "email"}
    if by_locker:
        shipping_address, point = people.locker(rng, billing)
        meta += point
    shipping_address.update(wish.shipping_address or {})
    meta += list((wish.meta or {}).items())
    note = wish.customer_note if wish.customer_note is not None else rng.choice(("",) * 6 + people.NOTES)
    order: Record = {
        "id": order_id,
        "number": number,
        "status": wish.status or {"cod": "processing", "bacs": "on-hold", "": "pending"}.get(method, "processing"),
        "currency": currency,
        "created": created,
        "modified": created,
        "completed": None,
        "paid": None,
        "customer_id": wish.customer_id,
        "order_key": "wc_order_"
        + "".join(rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", k=13)),
        "billing": billing,
        "shipping": shipping_address,
        "payment_method": method,
        "payment_method_title": PAYMENT_METHODS.get(method, method),
        "transaction_id": "",
        "created_via": wish.created_via or "checkout",
        "customer_note": note,
        "meta_data": [meta_row(workshop, key, value) for key, value in meta],
        "line_items": [],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "tax_lines": [],
        "refunds": [],
        "notes": [],
        "stock_reduced": False,
    }
    for sku, quantity in wish.lines if wish.lines is not None else _chance_lines(rng):
        order["line_items"].append(line_row(workshop, workshop.item_by_sku(sku), quantity, currency))
    _add_coupon(workshop, order, wish.coupon if wish.coupon is not None else rng.choice(("",) * 7 + tuple(COUPONS)))
    _add_charges(workshop, order, wish, rng, by_locker=by_locker)
    recalculate(order, decimals=workshop.decimals, new_item_id=workshop.new_item_id)
    return order


def _chance_lines(rng: Random) -> list[tuple[str, int]]:
    chosen = rng.sample(ITEMS, rng.choices((1, 2, 3, 4, 6), (40, 30, 15, 10, 5))[0])
    return [(item.sku, rng.choices((1, 2, 3, 5), (65, 20, 10, 5))[0]) for item in chosen]


def _add_coupon(workshop: Workshop, order: Record, code: str) -> None:
    if not code or not order["line_items"]:
        return
    coupon_id, kind, amount = COUPONS[code]
    precision = max(workshop.decimals, 2) if order["currency"] != "HUF" else workshop.decimals
    paid = [_entered(row, workshop.prices_include_tax) for row in order["line_items"]]
    in_currency = Decimal(amount) if order["currency"] == "HUF" or kind == "percent" else Decimal(amount) / HUF_PER_EUR
    wanted = sum(paid) * in_currency / 100 if kind == "percent" else min(in_currency, Decimal(sum(paid)))
    left = rounded(Decimal(wanted), precision)
    left_base = Decimal(sum(paid))
    for row, entered in zip(order["line_items"], paid, strict=True):
        # Each line takes its share of what is left, so the shares add up to the whole.
        part = rounded(left * entered / left_base, precision) if left_base else Decimal(0)
        left, left_base = left - part, left_base - entered
        percent = RATE_OF_CLASS[row["tax_class"]][1]
        net, tax = split(entered - part, percent=percent, price_is_gross=workshop.prices_include_tax)
        set_amounts(row, "total", net=net, tax=tax, decimals=workshop.decimals)
    rows = order["line_items"]
    order["coupon_lines"].append(
        {
            "id": workshop.new_item_id(),
            "meta_id": workshop.new_meta_id(),
            "coupon_id": coupon_id,
            "code": code,
            "type": kind,
            # JSON has no Decimal; the real server sends a number here too.
            "amount": int(in_currency) if in_currency == int(in_currency) else float(in_currency),
            "discount": str(sum(Decimal(row["subtotal"]) - Decimal(row["total"]) for row in rows)),
            "discount_tax": str(sum(Decimal(row["subtotal_tax"]) - Decimal(row["total_tax"]) for row in rows)),
        }
    )


def _entered(row: Record, include_tax: bool) -> Decimal:
    net = Decimal(row["subtotal"])
    entered = net + Decimal(row["tax_raw"]["subtotal"]) if include_tax else net
    return rounded(entered, 2)


def _add_charges(workshop: Workshop, order: Record, wish: Wish, rng: Random, *, by_locker: bool) -> None:
    currency = order["currency"]

    def money(huf: Decimal | int) -> Decimal:
        return Decimal(huf) if currency == "HUF" else rounded(Decimal(huf) / HUF_PER_EUR, 2)

    shipping = wish.shipping
    if shipping is None:
        method_id, title, huf = SHIPPING_METHODS[3] if by_locker else rng.choice(SHIPPING_METHODS[:3])
        shipping = ((method_id, title, money(huf)),)
    for method_id, title, gross in shipping:
        order["shipping_lines"].append(
            charge_row(workshop, Decimal(gross), method_title=title, method_id=method_id, instance_id="")
        )
    cod = Decimal(wish.cod_fee) if wish.cod_fee is not None else money(400 if order["payment_method"] == "cod" else 0)
    discount = wish.discount_fee
    if discount is None:
        discount = money(-500 if rng.random() < 0.08 and order["line_items"] else 0)
    for name, gross in (("Utánvét díja", cod), ("Törzsvásárlói kedvezmény", Decimal(discount))):
        if gross:
            order["fee_lines"].append(charge_row(workshop, gross, name=name, tax_class=""))
