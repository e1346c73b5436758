"""The JSON of wc/v3: what the shop keeps, in the shape and field order a real server sends it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pult.sandbox.woocommerce.amounts import Record, as_text
from pult.sandbox.woocommerce.catalogue import CatalogueItem
from pult.sandbox.woocommerce.orders import price_in

if TYPE_CHECKING:
    from pult.sandbox.woocommerce.shop import SandboxShop

_SYMBOLS = {"HUF": "Ft", "EUR": "€"}
_EDITABLE = {"pending", "on-hold", "auto-draft"}
_DEFAULT_ALLOW = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def php_json(value: Any) -> bytes:
    """JSON as PHP's json_encode writes it: non-ASCII letters and slashes escaped, whole floats without a point."""
    text = json.dumps(_php_numbers(value), ensure_ascii=True, separators=(",", ":"))
    return text.replace("/", "\\/").encode("ascii")


def _php_numbers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _php_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_php_numbers(inner) for inner in value]
    return value


def wall_clock(shop: SandboxShop, moment: int | None) -> str | None:
    """Seconds since 1970 as the shop's local time, without a zone."""
    return None if moment is None else datetime.fromtimestamp(moment, shop.zone).strftime("%Y-%m-%dT%H:%M:%S")


def utc_clock(moment: int | None) -> str | None:
    """Seconds since 1970 as UTC, without a `Z`."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def error(status: int, code: str, message: str, *, params: dict[str, str] | None = None) -> tuple[int, Record]:
    """An error as WordPress answers it."""
    data: Record = {"status": status}
    if params is not None:
        details = {name: {"code": "rest_invalid_param", "message": text, "data": None} for name, text in params.items()}
        data |= {"params": params, "details": details}
    return status, {"code": code, "message": message, "data": data}


def invalid_params(**params: str) -> tuple[int, Record]:
    """400 rest_invalid_param with the reason of each parameter."""
    return error(400, "rest_invalid_param", f"Invalid parameter(s): {', '.join(params)}", params=params)


def invalid_id(status: int) -> tuple[int, Record]:
    """The order does not exist: 404 on reading, 400 on writing."""
    return error(status, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")


def _links(shop: SandboxShop, path: str, collection: str, allow: list[str] | None = None, **more: Any) -> Record:
    own: Record = {"href": f"{shop.home_url}/wp-json/wc/v3/{path}"}
    if shop.is_new:
        own["targetHints"] = {"allow": allow or _DEFAULT_ALLOW}
    return {"self": [own], "collection": [{"href": f"{shop.home_url}/wp-json/wc/v3/{collection}"}], **more}


def _meta_rows(shop: SandboxShop, rows: list[Record]) -> list[Record]:
    ordered = sorted(rows, key=lambda row: row["key"]) if shop.is_new else sorted(rows, key=lambda row: row["id"])
    return [{"id": row["id"], "key": row["key"], "value": row["value"]} for row in ordered]


def _item_meta(rows: list[Record]) -> list[Record]:
    return [
        {
            "id": row["id"],
            "key": row["key"],
            "value": row["value"],
            "display_key": row.get("display_key", row["key"]),
            "display_value": row["value"],
        }
        for row in rows
    ]


def _taxes(shop: SandboxShop, row: Record, dp: int, *, with_subtotal: bool) -> list[Record]:
    if not row["rate_id"]:
        return []

    def amount(kind: str) -> str:
        raw = Decimal(row["tax_raw"][kind])
        return as_text(raw, dp) if shop.is_new else str(row["tax_raw"][kind])

    return [{"id": row["rate_id"], "total": amount("total"), "subtotal": amount("subtotal") if with_subtotal else ""}]


def line_answer(shop: SandboxShop, row: Record, dp: int) -> Record:
    """A line of goods, of an order or of a refund."""
    gone = shop.is_product_gone(row["product_id"], row["variation_id"])
    quantity = Decimal(str(row["quantity"]))
    answer: Record = {
        "id": row["id"],
        "name": row["name"],
        "product_id": 0 if gone else row["product_id"],
        "variation_id": 0 if gone else row["variation_id"],
        "quantity": row["quantity"],
        "tax_class": row["tax_class"],
        "subtotal": as_text(row["subtotal"], dp),
        "subtotal_tax": as_text(row["subtotal_tax"], dp),
        "total": as_text(row["total"], dp),
        "total_tax": as_text(row["total_tax"], dp),
        "taxes": _taxes(shop, row, dp, with_subtotal=True),
        "meta_data": _item_meta(row["meta_data"]),
        "sku": None if gone else row["sku"],
    }
    if shop.is_new:
        answer["global_unique_id"] = "" if gone else row["gtin"]
    # A float on purpose: the real servers divide floats here, which is why nobody should reckon with it.
    answer["price"] = float(row["total"]) / float(quantity) if quantity else 0
    answer["image"] = {"id": 0 if row["variation_id"] else "", "src": ""}
    answer["parent_name"] = row["parent_name"]
    return answer


def _shipping_answer(shop: SandboxShop, row: Record, dp: int) -> Record:
    answer = {key: row[key] for key in ("id", "method_title", "method_id", "instance_id")} | {
        "total": as_text(row["total"], dp),
        "total_tax": as_text(row["total_tax"], dp),
        "taxes": _taxes(shop, row, dp, with_subtotal=False),
    }
    if shop.is_new:
        answer["tax_status"] = "taxable"
    return answer | {"meta_data": _item_meta(row["meta_data"])}


def _fee_answer(shop: SandboxShop, row: Record, dp: int) -> Record:
    return {
        "id": row["id"],
        "name": row["name"],
        "tax_class": row["tax_class"],
        "tax_status": "taxable",
        "amount": "",
        "total": as_text(row["total"], dp),
        "total_tax": as_text(row["total_tax"], dp),
        "taxes": _taxes(shop, row, dp, with_subtotal=False),
        "meta_data": _item_meta(row["meta_data"]),
    }


def _tax_answer(row: Record, dp: int) -> Record:
    amounts = {key: as_text(row[key], dp) for key in ("tax_total", "shipping_tax_total")}
    return row | amounts | {"rate_percent": row["rate_percent"], "meta_data": []}


def _coupon_answer(shop: SandboxShop, row: Record, dp: int) -> Record:
    if shop.is_new:
        value: Any = json.dumps([row["coupon_id"], row["code"], row["type"], row["amount"]], separators=(",", ":"))
        if row["type"] == "fixed_cart":
            value = json.dumps([row["coupon_id"], row["code"], None, row["amount"]], separators=(",", ":"))
        key = "coupon_info"
    else:
        key = "coupon_data"
        value = {
            "id": row["coupon_id"],
            "code": row["code"],
            "amount": str(row["amount"]),
            "status": "publish",
            "date_expires": None,
            "discount_type": row["type"],
            "description": "",
            "individual_use": False,
            "product_ids": [],
            "usage_limit": 0,
            "free_shipping": False,
            "minimum_amount": "",
            "maximum_amount": "",
            "email_restrictions": [],
            "meta_data": [],
        }
    answer: Record = {
        "id": row["id"],
        "code": row["code"],
        "discount": as_text(row["discount"], dp),
        "discount_tax": as_text(row["discount_tax"], dp),
        "meta_data": _item_meta([{"id": row["meta_id"], "key": key, "value": value}]),
    }
    if shop.is_new:
        answer |= {"discount_type": row["type"], "nominal_amount": row["amount"], "free_shipping": False}
    return answer


def order_answer(shop: SandboxShop, order: Record, dp: int | None = None) -> Record:
    """An order as `GET /orders/{id}` shows it; `dp` is the number of decimals, by default the shop's own."""
    places = shop.decimals if dp is None else dp

    def money(key: str) -> str:
        return as_text(order[key], places)

    path = f"orders/{order['id']}"
    status = order["status"]
    more: Record = {}
    if shop.is_new:
        href = f"{shop.home_url}/wp-json/wc/v3/{path}/actions/email_templates"
        more["email_templates"] = [{"embeddable": True, "href": href}]
    if order["customer_id"]:
        more["customer"] = [{"href": f"{shop.home_url}/wp-json/wc/v3/customers/{order['customer_id']}"}]
    needs_payment = status in ("pending", "failed") and Decimal(order["total"]) > 0
    return {
        "id": order["id"],
        "parent_id": 0,
        "status": status,
        "currency": order["currency"],
        "version": shop.version,
        "prices_include_tax": shop.prices_include_tax,
        "date_created": wall_clock(shop, order["created"]),
        "date_modified": wall_clock(shop, order["modified"]),
        "discount_total": money("discount_total"),
        "discount_tax": money("discount_tax"),
        "shipping_total": money("shipping_total"),
        "shipping_tax": money("shipping_tax"),
        "cart_tax": money("cart_tax"),
        "total": money("total"),
        "total_tax": money("total_tax"),
        "customer_id": order["customer_id"],
        "order_key": order["order_key"],
        "billing": order["billing"],
        "shipping": order["shipping"],
        "payment_method": order["payment_method"],
        "payment_method_title": order["payment_method_title"],
        "transaction_id": order["transaction_id"],
        "customer_ip_address": "",
        "customer_user_agent": "",
        "created_via": order["created_via"],
        "customer_note": order["customer_note"],
        "date_completed": wall_clock(shop, order["completed"]),
        "date_paid": wall_clock(shop, order["paid"]),
        "cart_hash": "",
        "number": order["number"],
        "meta_data": _meta_rows(shop, order["meta_data"]),
        "line_items": [line_answer(shop, row, places) for row in order["line_items"]],
        "tax_lines": [_tax_answer(row, places) for row in order["tax_lines"]],
        "shipping_lines": [_shipping_answer(shop, row, places) for row in order["shipping_lines"]],
        "fee_lines": [_fee_answer(shop, row, places) for row in order["fee_lines"]],
        "coupon_lines": [_coupon_answer(shop, row, places) for row in order["coupon_lines"]],
        "refunds": [_refund_summary(shop, refund, places) for refund in shop.refunds_of(order["id"])],
        "payment_url": f"{shop.home_url}/checkout/order-pay/{order['id']}/?pay_for_order=true&key={order['order_key']}",
        "is_editable": status in _EDITABLE,
        "needs_payment": needs_payment,
        "needs_processing": True,
        "date_created_gmt": utc_clock(order["created"]),
        "date_modified_gmt": utc_clock(order["modified"]),
        "date_completed_gmt": utc_clock(order["completed"]),
        "date_paid_gmt": utc_clock(order["paid"]),
        "currency_symbol": _SYMBOLS.get(order["currency"], order["currency"]),
        "_links": _links(shop, path, "orders", **more),
    }


def _refund_summary(shop: SandboxShop, refund: Record, dp: int) -> Record:
    answer = {"id": refund["id"], "reason": refund["reason"], "total": as_text(-Decimal(refund["amount"]), dp)}
    if shop.is_new:
        tax = sum((Decimal(row["total_tax"]) for row in refund["line_items"]), Decimal(0))
        answer["total_tax"] = as_text(tax, dp)
    return answer


def refund_answer(shop: SandboxShop, refund: Record, dp: int | None = None) -> Record:
    """A refund as `GET /orders/{id}/refunds/{id}` shows it: lines negative, `amount` positive."""
    places = shop.decimals if dp is None else dp
    order_path = f"orders/{refund['order_id']}"
    up = [{"href": f"{shop.home_url}/wp-json/wc/v3/{order_path}"}]
    path = f"{order_path}/refunds"
    return {
        "id": refund["id"],
        "date_created": wall_clock(shop, refund["created"]),
        "date_created_gmt": utc_clock(refund["created"]),
        "amount": as_text(refund["amount"], places),
        "reason": refund["reason"],
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": refund["meta_data"] if shop.is_new else [],
        "line_items": [line_answer(shop, row, places) for row in refund["line_items"]],
        "shipping_lines": [],
        "tax_lines": [_tax_answer(row, places) for row in refund["tax_lines"]],
        "fee_lines": [],
        "_links": _links(shop, f"{path}/{refund['id']}", path, ["GET", "DELETE"], up=up),
    }


def note_answer(shop: SandboxShop, order_id: int, note: Record) -> Record:
    """An order note."""
    path = f"orders/{order_id}/notes"
    return {
        "id": note["id"],
        "author": "WooCommerce",
        "date_created": wall_clock(shop, note["created"]),
        "date_created_gmt": utc_clock(note["created"]),
        "note": note["note"],
        "customer_note": note["customer_note"],
        "_links": _links(shop, f"{path}/{note['id']}", path),
    }


def webhook_answer(shop: SandboxShop, webhook: Record) -> Record:
    """A webhook; its secret is never told."""
    resource, _, event = webhook["topic"].partition(".")
    return {
        "id": webhook["id"],
        "name": webhook["name"],
        "status": webhook["status"],
        "topic": webhook["topic"],
        "resource": resource,
        "event": event,
        "hooks": [f"woocommerce_{event}_{resource}"],
        "delivery_url": webhook["delivery_url"],
        "date_created": wall_clock(shop, webhook["created"]),
        "date_created_gmt": utc_clock(webhook["created"]),
        "date_modified": wall_clock(shop, webhook["modified"]),
        "date_modified_gmt": utc_clock(webhook["modified"]),
        "_links": _links(shop, f"webhooks/{webhook['id']}", "webhooks"),
    }


def product_answer(shop: SandboxShop, item: CatalogueItem, *, parent: bool = False) -> Record:
    """A product; `parent` asks for the variable product that the variation belongs to."""
    price = price_in(item, shop.currency, decimals=shop.decimals, include_tax=shop.prices_include_tax)
    is_variation = bool(item.variation_id) and not parent
    own_id = item.product_id if parent else item.own_id
    kind = "variable" if parent else "variation" if is_variation else "simple"
    stock = shop.stock_of(item.sku)
    answer: Record = {
        "id": own_id,
        "name": item.parent_name if parent else item.name,
        "type": kind,
        "status": "publish",
        "sku": item.parent_sku if parent else item.sku,
        "price": format(price, "f"),
        "regular_price": "" if parent else format(price, "f"),
        "sale_price": "",
        "tax_status": "taxable",
        "tax_class": item.tax_class,
        "manage_stock": not parent,
        "stock_quantity": None if parent else stock,
        "stock_status": "instock" if parent or stock > 0 else "outofstock",
        "weight": "",
        "parent_id": item.product_id if is_variation else 0,
        "attributes": [
            {"id": 0, "name": name, "slug": slug, "option": value}
            for slug, name, value in item.attributes
            if is_variation
        ],
        "variations": [v.own_id for v in shop.items() if v.product_id == item.product_id] if parent else [],
        "meta_data": [],
        "_links": _links(shop, f"products/{own_id}", "products"),
    }
    if shop.is_new:
        answer["global_unique_id"] = "" if parent else item.barcode
    return answer
