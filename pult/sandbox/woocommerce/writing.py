"""What a JSON body does to an order: `PUT /orders/{id}`, `POST /orders` and the refunds."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from pult.sandbox.woocommerce.amounts import Record, set_amounts
from pult.sandbox.woocommerce.answers import error, invalid_params
from pult.sandbox.woocommerce.catalogue import ITEMS, RATE_OF_CLASS
from pult.sandbox.woocommerce.orders import Wish, charge_row, line_row, meta_row
from pult.sandbox.woocommerce.shop import ShopError

if TYPE_CHECKING:
    from pult.sandbox.woocommerce.shop import SandboxShop

_PLAIN_FIELDS = ("currency", "transaction_id", "payment_method", "payment_method_title", "customer_id", "customer_note")
_ADDRESS = [
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
    "email",
    "phone",
]
Refusal = tuple[int, Record]


def update_order(shop: SandboxShop, order: Record, body: Record) -> Refusal | None:
    """Apply the body; the refusal leaves the order as it was. The shop's lock is held."""
    refusal = _check(shop, body)
    if refusal:
        return refusal
    before, note_before = order["status"], order["customer_note"]
    for name in _PLAIN_FIELDS:
        if name in body:
            order[name] = body[name]
    for kind in ("billing", "shipping"):
        if isinstance(body.get(kind), dict):
            order[kind] = order[kind] | {key: str(value) for key, value in body[kind].items() if key in _ADDRESS}
    _write_meta(shop, order, body.get("meta_data") or [])
    rows_change = _write_rows(shop, order, body)
    if rows_change or "currency" in body:
        shop.reckon(order)
    status = body.get("status")
    if body.get("set_paid") is True and order["paid"] is None:
        order["paid"] = shop.clock()
        if status is None and before in ("pending", "on-hold", "failed"):
            status = "processing"
    if status is not None:
        shop.enter_status(order, status)
    moves = order["status"] != before or order["customer_note"] != note_before
    # Seen: a status PUT on a binned order brings it back, and on HPOS tells nobody.
    shop.saved(order, moves_on_posts=moves, tell=not (before == "trash" and status is not None and shop.is_new))
    return None


def create_order(shop: SandboxShop, body: Record) -> Record | Refusal:
    """A new order from the body alone: nothing is left to chance. The shop's lock is held."""
    refusal = _check(shop, body)
    if refusal:
        return refusal
    lines = [(_sku_of(row), int(row.get("quantity", 1))) for row in body.get("line_items") or []]
    blank = dict.fromkeys(_ADDRESS, "")
    wish = Wish(
        lines=lines,
        status=body.get("status", "pending"),
        currency=body.get("currency"),
        payment_method=body.get("payment_method", ""),
        company=False,
        locker=False,
        coupon="",
        cod_fee=0,
        discount_fee=0,
        shipping=(),
        billing=blank | (body.get("billing") or {}),
        shipping_address={key: "" for key in _ADDRESS if key != "email"} | (body.get("shipping") or {}),
        customer_id=int(body.get("customer_id") or 0),
        customer_note=body.get("customer_note", ""),
        created_via="rest-api",
    )
    order = shop.orders[shop.place_order(wish)]
    rest: Record = {
        key: body[key]
        for key in ("meta_data", "shipping_lines", "fee_lines", "set_paid", "transaction_id")
        if key in body
    }
    if rest:
        update_order(shop, order, rest)
    return order


def create_refund(shop: SandboxShop, order: Record, body: Record) -> Record | Refusal:
    """A refund from the body. Too much is HTTP 500, and its `data` is a number. The shop's lock is held."""
    try:
        rows = [_refund_row(shop, order, given) for given in body.get("line_items") or []]
        sums = -sum((Decimal(row["total"]) + Decimal(row["total_tax"]) for row in rows), Decimal(0))
        amount = Decimal(str(body["amount"])) if body.get("amount") not in (None, "") else sums
        refund_id = shop.make_refund(order, amount, rows, str(body.get("reason") or ""))
    except (ShopError, InvalidOperation) as failure:
        message = str(failure) if isinstance(failure, ShopError) else "Invalid refund amount."
        return 500, {"code": "woocommerce_rest_cannot_create_order_refund", "message": message, "data": 500}
    return shop.refunds[refund_id]


def _check(shop: SandboxShop, body: Record) -> Refusal | None:
    status = body.get("status")
    if status is not None and status not in (*shop.statuses(), "auto-draft"):
        return invalid_params(status=f"status is not one of {', '.join(('auto-draft', *shop.statuses()))}.")
    for kind in ("line_items", "shipping_lines", "fee_lines", "meta_data"):
        if kind in body and not isinstance(body[kind], list):
            return invalid_params(**{kind: f"{kind} is not of type array."})
    for row in body.get("line_items") or []:
        if "id" not in row and _sku_of(row) is None:
            return error(400, "woocommerce_rest_required_product_reference", "Product ID or SKU is required.")
    return None


def _sku_of(row: Record) -> Any:
    wanted = row.get("variation_id") or row.get("product_id")
    for item in ITEMS:
        if item.sku == row.get("sku") or (wanted and item.own_id == wanted):
            return item.sku
    return None


def _write_meta(shop: SandboxShop, order: Record, rows: list[Record]) -> None:
    for given in rows:
        key, value = given.get("key"), given.get("value")
        known = [
            row
            for row in order["meta_data"]
            if row["id"] == given.get("id") or ("id" not in given and row["key"] == key)
        ]
        if value is None:
            order["meta_data"] = [row for row in order["meta_data"] if row not in known]
        elif known:
            fresh = meta_row(shop.workshop, known[0]["key"], value)
            known[0]["value"] = fresh["value"]
        elif key:
            order["meta_data"].append(meta_row(shop.workshop, key, value))


def _write_rows(shop: SandboxShop, order: Record, body: Record) -> bool:
    for given in body.get("line_items") or []:
        row = next((row for row in order["line_items"] if row["id"] == given.get("id")), None)
        if row is None:
            if "id" not in given:
                item = shop.item_by_sku(_sku_of(given))
                order["line_items"].append(
                    line_row(shop.workshop, item, int(given.get("quantity", 1)), order["currency"])
                )
            continue
        if given.get("quantity") == 0:
            order["line_items"].remove(row)
            continue
        # A new quantity alone leaves the totals as they were.
        row["quantity"] = given.get("quantity", row["quantity"])
        row["name"] = given.get("name", row["name"])
        for kind in ("subtotal", "total"):
            if kind in given:
                net = Decimal(str(given[kind]))
                tax = net * RATE_OF_CLASS[row["tax_class"]][1] / 100
                set_amounts(row, kind, net=net, tax=tax, decimals=shop.decimals)
    for kind, defaults in (
        ("shipping_lines", {"method_title": "", "method_id": "", "instance_id": ""}),
        ("fee_lines", {"name": "", "tax_class": ""}),
    ):
        for given in body.get(kind) or []:
            _write_charge(shop, order[kind], given, defaults)
    return any(kind in body for kind in ("line_items", "shipping_lines", "fee_lines"))


def _write_charge(shop: SandboxShop, rows: list[Record], given: Record, defaults: dict[str, str]) -> None:
    row = next((row for row in rows if row["id"] == given.get("id")), None)
    title = given.get("method_id", given.get("name", ""))
    if row is not None and title is None:  # the id or name null removes the line
        rows.remove(row)
        return
    if row is None:
        row = charge_row(shop.workshop, Decimal(0), **defaults)
        rows.append(row)
    row.update({name: given[name] for name in defaults if name in given})
    if "total" in given:
        net = Decimal(str(given["total"]))
        set_amounts(row, "total", net=net, tax=net * Decimal("0.27"), decimals=shop.decimals)


def _refund_row(shop: SandboxShop, order: Record, given: Record) -> Record:
    row = next((row for row in order["line_items"] if row["id"] == given.get("id")), None)
    if row is None:
        raise ShopError(f"order {order['id']} has no line {given.get('id')}")
    tax = sum((Decimal(str(part.get("refund_total", 0))) for part in given.get("refund_tax") or []), Decimal(0))
    net = Decimal(str(given.get("refund_total", 0)))
    return shop.refund_line(row, quantity=int(given.get("quantity", 0)), net=net, tax=tax)
