"""The routes of wc/v3: a request in, an answer out, no sockets."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pult.sandbox.woocommerce.amounts import Record, as_text
from pult.sandbox.woocommerce.answers import (
    error,
    invalid_id,
    invalid_params,
    note_answer,
    order_answer,
    product_answer,
    refund_answer,
    webhook_answer,
)
from pult.sandbox.woocommerce.auth import authenticate, check_permission
from pult.sandbox.woocommerce.catalogue import TAX_RATES
from pult.sandbox.woocommerce.hooks import is_valid_topic
from pult.sandbox.woocommerce.lists import BadParam, boolean, decimals, fields_only, filter_meta, orders_page, paged
from pult.sandbox.woocommerce.requests import Answer, Request, as_list
from pult.sandbox.woocommerce.writing import create_order, create_refund, update_order

if TYPE_CHECKING:
    from pult.sandbox.woocommerce.shop import SandboxShop

Handler = Callable[["SandboxShop", Request, tuple[int, ...]], Answer]
MOVED_HTML = "<!DOCTYPE html><html><head><title>301 Moved Permanently</title></head><body>Moved</body></html>"
PAGE_HTML = "<!DOCTYPE html><html><head><title>{name}</title></head><body>{name}</body></html>"
BATCH_LIMIT = 100


def answer(shop: SandboxShop, request: Request) -> Answer:
    """What the shop says to the request."""
    route = _route(shop, request)
    if isinstance(route, Answer):
        return route
    if route in ("", "/"):
        return Answer(200, _index(shop))
    signed_in = authenticate(shop, request)
    if isinstance(signed_in, tuple):
        return Answer(*signed_in)
    if route == "/wc/v3":
        return Answer(200, {"namespace": "wc/v3", "routes": {}})
    found = _find(shop, request.verb, route)
    if isinstance(found, Answer):
        return found
    handler, numbers, is_list = found
    if signed_in:
        refusal = check_permission(shop, request)
        if refusal:
            return Answer(*refusal)
    if not signed_in or not shop.shop_rights:
        return _no_rights(request.verb, 403 if signed_in else 401, is_list=is_list)
    if request.verb in ("POST", "PUT", "PATCH") and request.json() is None:
        return Answer(*error(400, "rest_invalid_json", "Invalid JSON body passed."))
    try:
        made = handler(shop, request, numbers)
    except BadParam as bad:
        return Answer(*invalid_params(**{bad.name: bad.message}))
    if made.status < 300:
        made.body = fields_only(made.body, request.params)
    return made


def _route(shop: SandboxShop, request: Request) -> str | Answer:
    if "rest_route" in request.params:  # reaches the API whatever the path is
        return str(request.params["rest_route"]).rstrip("/")
    for prefix in ("/index.php/wp-json", "/wp-json"):
        if request.path == prefix or request.path.startswith(f"{prefix}/"):
            if shop.plain_permalinks:
                return Answer(301, MOVED_HTML, {"Location": f"{shop.home_url}/"}, is_html=True)
            return request.path.removeprefix(prefix).rstrip("/")
    if request.path in ("/", "/index.php"):
        return Answer(200, PAGE_HTML.format(name=shop.name), is_html=True)
    return Answer(404, PAGE_HTML.format(name="Page not found"), is_html=True)


def _index(shop: SandboxShop) -> Record:
    offset = datetime.fromtimestamp(shop.clock(), shop.zone).utcoffset()
    hours = offset.total_seconds() / 3600 if offset else 0
    return {
        "name": shop.name,
        "description": "",
        "url": shop.home_url,
        "home": shop.home_url,
        "gmt_offset": hours,
        "timezone_string": shop.timezone,
        "namespaces": ["oembed/1.0", "wc/v1", "wc/v2", "wc/v3", "wp/v2"],
        "authentication": [],
        "routes": {},
    }


def _no_rights(verb: str, status: int, *, is_list: bool) -> Answer:
    if verb == "GET":
        what = "Sorry, you cannot list resources." if is_list else "Sorry, you cannot view this resource."
        return Answer(*error(status, "woocommerce_rest_cannot_view", what))
    deed = {"POST": "create", "DELETE": "delete"}.get(verb, "edit")
    thing = "resources" if deed == "create" else "this resource"
    return Answer(*error(status, f"woocommerce_rest_cannot_{deed}", f"Sorry, you are not allowed to {deed} {thing}."))


# --- orders ---------------------------------------------------------------------------------------------------------


def _list_orders(shop: SandboxShop, request: Request, _: tuple[int, ...]) -> Answer:
    made = orders_page(shop, request)
    if made.status == 200 and shop.faults.between_pages is not None:
        shop.faults.between_pages(int(request.params.get("page", 1)))
    return made


def _get_order(shop: SandboxShop, request: Request, numbers: tuple[int, ...]) -> Answer:
    with shop.lock:
        order = shop.orders.get(numbers[0])
        if order is None:
            return Answer(*invalid_id(404))
        if numbers[0] in shop.faults.crashing_orders:
            return Answer(500, None)
        return Answer(200, filter_meta(order_answer(shop, order, decimals(request.params)), request.params))


def _put_order(shop: SandboxShop, request: Request, numbers: tuple[int, ...]) -> Answer:
    dp = decimals(request.params)
    return _update(shop, numbers[0], request.json() or {}, dp)


def _update(shop: SandboxShop, order_id: int, body: Record, dp: int | None = None) -> Answer:
    with shop.changing():
        order = shop.orders.get(order_id)
        if order is None:
            return Answer(*invalid_id(400))
        refusal = update_order(shop, order, body)
        return Answer(*refusal) if refusal else Answer(200, order_answer(shop, order, dp))


def _post_order(shop: SandboxShop, request: Request, _: tuple[int, ...]) -> Answer:
    with shop.changing():
        made = create_order(shop, request.json() or {})
        return Answer(*made) if isinstance(made, tuple) else Answer(201, order_answer(shop, made))


def _delete_order(shop: SandboxShop, request: Request, numbers: tuple[int, ...]) -> Answer:
    return _delete(shop, numbers[0], force=boolean(request.params, "force"))


def _delete(shop: SandboxShop, order_id: int, *, force: bool) -> Answer:
    with shop.changing():
        order = shop.orders.get(order_id)
        if order is None:
            return Answer(*invalid_id(404))
        before = order_answer(shop, order)  # the answer is the order as it was
        if force:
            shop.delete_for_good(order_id)
        elif order["status"] == "trash":
            message = "The shop_order has already been deleted."
            return Answer(*error(410, "woocommerce_rest_already_trashed", message))
        else:
            shop.trash(order_id)
        return Answer(200, before)


def _batch_orders(shop: SandboxShop, request: Request, _: tuple[int, ...]) -> Answer:
    body = request.json() or {}
    if sum(len(body.get(kind) or []) for kind in ("create", "update", "delete")) > BATCH_LIMIT:
        message = "Unable to accept more than 100 items for this request."
        return Answer(*error(413, "woocommerce_rest_request_entity_too_large", message))
    made: dict[str, list[Any]] = {}
    with shop.changing():
        for given in body.get("create") or []:
            new = create_order(shop, given)
            outcome = Answer(*new) if isinstance(new, tuple) else Answer(201, order_answer(shop, new))
            made.setdefault("create", []).append(_in_batch(0, outcome))
        for given in body.get("update") or []:
            order_id = int(given.get("id", 0))
            made.setdefault("update", []).append(_in_batch(order_id, _update(shop, order_id, given)))
        for order_id in body.get("delete") or []:
            made.setdefault("delete", []).append(_in_batch(int(order_id), _delete(shop, int(order_id), force=True)))
    return Answer(200, made)


def _in_batch(order_id: int, outcome: Answer) -> Any:
    return outcome.body if outcome.status < 300 else {"id": order_id, "error": outcome.body}


def _list_statuses(shop: SandboxShop, _: Request, __: tuple[int, ...]) -> Answer:
    names = [{"slug": slug, "name": shop.custom_statuses.get(slug, slug)} for slug in shop.statuses()]
    return Answer(200, names)


# --- refunds and notes ----------------------------------------------------------------------------------------------


def _list_refunds(shop: SandboxShop, request: Request, numbers: tuple[int, ...]) -> Answer:
    with shop.lock:
        shown, headers = paged(shop, request, shop.refunds_of(numbers[0]), route=f"/wc/v3/orders/{numbers[0]}/refunds")
        dp = decimals(request.params)
        return Answer(200, [refund_answer(shop, refund, dp) for refund in shown], headers)


def _list_all_refunds(shop: SandboxShop, request: Request, _: tuple[int, ...]) -> Answer:
    with shop.lock:
        newest_first = sorted(shop.refunds.values(), key=lambda refund: -refund["id"])
        shown, headers = paged(shop, request, newest_first, route="/wc/v3/refunds")
        answers = [refund_answer(shop, refund) | {"parent_id": refund["order_id"]} for refund in shown]
        return Answer(200, answers, headers)


def _refund_of(shop: SandboxShop, numbers: tuple[int, ...]) -> Record | Answer:
    if numbers[0] not in shop.orders:
        return Answer(*error(404, "woocommerce_rest_invalid_order_id", "Invalid order ID."))
    refund = shop.refunds.get(numbers[1])
    if refund is None or refund["order_id"] != numbers[0]:
        return Answer(*error(404, "woocommerce_rest_invalid_order_refund_id", "Invalid order refund ID."))
    return refund


def _get_refund(shop: SandboxShop, request: Request, numbers: tuple[int, ...]) -> Answer:
    with shop.lock:
        refund = _refund_of(shop, numbers)
        return (
            refund if isinstance(refund, Answer) else Answer(200, refund_answer(shop, refund, decimals(request.params)))
        )


def _post_refund(shop: SandboxShop, request: Request, numbers: tuple[int, ...]) -> Answer:
    with shop.changing():
        order = shop.orders.get(numbers[0])
        if order is None:
            return Answer(*error(404, "woocommerce_rest_invalid_order_id", "Invalid order ID."))
        made = create_refund(shop, order, request.json() or {})
        return Answer(*made) if isinstance(made, tuple) else Answer(201, refund_answer(shop, made))


def _delete_refund(shop: SandboxShop, _: Request, numbers: tuple[int, ...]) -> Answer:
    with shop.changing():
        refund = _refund_of(shop, numbers)
        if isinstance(refund, Answer):
            return refund
        before = refund_answer(shop, refund)
        shop.delete_refund(*numbers)
        return Answer(200, before)


def _list_notes(shop: SandboxShop, request: Request, numbers: tuple[int, ...]) -> Answer:
    wanted = str(request.params.get("type", "any"))
    if wanted not in ("any", "customer", "internal"):
        raise BadParam("type", "type is not one of any, customer, internal.")
    with shop.lock:
        order = shop.orders.get(numbers[0])
        if order is None:
            return Answer(*error(404, "woocommerce_rest_order_invalid_id", "Invalid order ID."))
        notes = [
            note
            for note in reversed(order["notes"])
            if wanted == "any" or note["customer_note"] is (wanted == "customer")
        ]
        return Answer(200, [note_answer(shop, order["id"], note) for note in notes])


def _post_note(shop: SandboxShop, request: Request, numbers: tuple[int, ...]) -> Answer:
    body = request.json() or {}
    if not body.get("note"):
        message = "Missing parameter(s): note"
        status, refusal = error(400, "rest_missing_callback_param", message)
        refusal["data"]["params"] = ["note"]
        return Answer(status, refusal)
    with shop.changing():
        if numbers[0] not in shop.orders:
            return Answer(*error(404, "woocommerce_rest_order_invalid_id", "Invalid order ID."))
        note = shop.add_note(numbers[0], str(body["note"]), customer_note=body.get("customer_note") is True)
        return Answer(201, note_answer(shop, numbers[0], note))


# --- webhooks -------------------------------------------------------------------------------------------------------


def _list_webhooks(shop: SandboxShop, request: Request, _: tuple[int, ...]) -> Answer:
    wanted = str(request.params.get("status", "all"))
    with shop.lock:
        rows = [row for row in shop.webhooks.values() if wanted in ("all", row["status"])]
        newest_first = sorted(rows, key=lambda row: -row["id"])
        shown, headers = paged(shop, request, newest_first, route="/wc/v3/webhooks")
        return Answer(200, [webhook_answer(shop, row) for row in shown], headers)


def _no_webhook() -> Answer:
    return Answer(*error(404, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID."))


def _get_webhook(shop: SandboxShop, _: Request, numbers: tuple[int, ...]) -> Answer:
    with shop.lock:
        webhook = shop.webhooks.get(numbers[0])
        return _no_webhook() if webhook is None else Answer(200, webhook_answer(shop, webhook))


def _check_webhook(body: Record) -> Answer | None:
    if "topic" in body and not is_valid_topic(str(body["topic"])):
        return Answer(*error(400, "woocommerce_rest_invalid_webhook_topic", "Webhook topic must be valid."))
    url = str(body.get("delivery_url", "http://x"))
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        message = "Webhook delivery URL must be a valid URL starting with http:// or https://."
        return Answer(*error(400, "woocommerce_rest_invalid_webhook_delivery_url", message))
    if body.get("status", "active") not in ("active", "paused", "disabled"):
        return Answer(*invalid_params(status="status is not one of active, paused, disabled."))
    return None


def _post_webhook(shop: SandboxShop, request: Request, _: tuple[int, ...]) -> Answer:
    body = request.json() or {}
    missing = [name for name in ("topic", "delivery_url") if not body.get(name)]
    if missing:
        status, refusal = error(400, "rest_missing_callback_param", f"Missing parameter(s): {', '.join(missing)}")
        refusal["data"]["params"] = missing
        return Answer(status, refusal)
    refused = _check_webhook(body)
    if refused:
        return refused
    webhook = shop.add_webhook(
        name=str(
            body.get("name") or "Webhook created on " + datetime.fromtimestamp(shop.clock(), shop.zone).isoformat(" ")
        ),
        topic=str(body["topic"]),
        delivery_url=str(body["delivery_url"]),
        secret=str(body.get("secret") or "") or secrets.token_urlsafe(40),  # invented, and never told
        status=str(body.get("status", "active")),
    )
    if webhook["status"] == "active":
        shop.hooks.ping(webhook["id"])  # a failed ping does not fail the creation
    return Answer(201, webhook_answer(shop, webhook))


def _put_webhook(shop: SandboxShop, request: Request, numbers: tuple[int, ...]) -> Answer:
    body = request.json() or {}
    with shop.changing():
        webhook = shop.webhooks.get(numbers[0])
        if webhook is None:
            return Answer(*error(400, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID."))
        refused = _check_webhook(body)
        if refused:
            return refused
        # The failure counter stays as it was, so a webhook made active again falls at its next failure.
        webhook.update({key: str(body[key]) for key in ("name", "topic", "delivery_url", "status") if key in body})
        if body.get("secret"):
            webhook["secret"] = str(body["secret"])
        webhook["modified"] = shop.clock()
        shop.keep("webhook", webhook["id"], webhook)
        return Answer(200, webhook_answer(shop, webhook))


def _delete_webhook(shop: SandboxShop, request: Request, numbers: tuple[int, ...]) -> Answer:
    if not boolean(request.params, "force"):
        message = "Webhooks do not support trashing."
        return Answer(*error(501, "woocommerce_rest_trash_not_supported", message))
    with shop.changing():
        webhook = shop.webhooks.get(numbers[0])
        if webhook is None:
            return _no_webhook()
        shop.delete_webhook(numbers[0])
        return Answer(200, webhook_answer(shop, webhook))


# --- the rest -------------------------------------------------------------------------------------------------------


def _all_products(shop: SandboxShop) -> list[Record]:
    rows: list[Record] = []
    seen: set[int] = set()
    for item in shop.items():
        if not item.variation_id:
            rows.append(product_answer(shop, item))
        elif item.product_id not in seen:
            seen.add(item.product_id)
            rows.append(product_answer(shop, item, parent=True))
    return rows


def _list_products(shop: SandboxShop, request: Request, _: tuple[int, ...]) -> Answer:
    with shop.lock:
        if request.params.get("sku"):
            wanted = as_list(request.params["sku"])
            rows = [product_answer(shop, item) for item in shop.items() if item.sku in wanted]
        else:  # variations are not listed
            rows = _all_products(shop)[::-1]
        shown, headers = paged(shop, request, rows, route="/wc/v3/products")
        return Answer(200, shown, headers)


def _get_product(shop: SandboxShop, _: Request, numbers: tuple[int, ...]) -> Answer:
    with shop.lock:
        own = (product_answer(shop, item) for item in shop.items() if item.own_id == numbers[0])
        found = next(own, None) or next((row for row in _all_products(shop) if row["id"] == numbers[0]), None)
        if found is None:
            return Answer(*error(404, "woocommerce_rest_product_invalid_id", "Invalid ID."))
        return Answer(200, found)


def _list_variations(shop: SandboxShop, request: Request, numbers: tuple[int, ...]) -> Answer:
    with shop.lock:
        rows = [
            product_answer(shop, item) for item in shop.items() if item.variation_id and item.product_id == numbers[0]
        ]
        shown, headers = paged(shop, request, rows, route=f"/wc/v3/products/{numbers[0]}/variations")
        return Answer(200, shown, headers)


def _currency(shop: SandboxShop, _: Request, __: tuple[int, ...]) -> Answer:
    names = {"HUF": ("Hungarian forint", "&#70;&#116;"), "EUR": ("Euro", "&euro;")}
    name, symbol = names.get(shop.currency, (shop.currency, shop.currency))
    return Answer(200, {"code": shop.currency, "name": name, "symbol": symbol})


def _system_status(shop: SandboxShop, _: Request, __: tuple[int, ...]) -> Answer:
    settings: Record = {
        "api_enabled": False,
        "force_ssl": False,
        "currency": shop.currency,
        "number_of_decimals": shop.decimals,
        "order_datastore": "OrdersTableDataStore" if shop.is_new else "WC_Order_Data_Store_CPT",
        "HPOS_enabled": shop.is_new,
    }
    environment = {
        "home_url": shop.home_url,
        "site_url": shop.home_url,
        "version": shop.version,
        "wp_version": shop.wordpress_version,
        "php_version": "8.2",
        "default_timezone": "UTC",
    }
    security = {"secure_connection": shop.home_url.startswith("https:"), "hide_errors": True}
    return Answer(200, {"environment": environment, "settings": settings, "security": security})


def _general_settings(shop: SandboxShop, _: Request, __: tuple[int, ...]) -> Answer:
    values = {
        "woocommerce_default_country": "HU",
        "woocommerce_calc_taxes": "yes",
        "woocommerce_currency": shop.currency,
        "woocommerce_price_thousand_sep": " ",
        "woocommerce_price_decimal_sep": ",",
        "woocommerce_price_num_decimals": str(shop.decimals),
    }
    return Answer(
        200, [{"id": name, "label": name, "value": value, "group_id": "general"} for name, value in values.items()]
    )


def _tax_settings(shop: SandboxShop, _: Request, __: tuple[int, ...]) -> Answer:
    value = "yes" if shop.prices_include_tax else "no"
    return Answer(200, [{"id": "woocommerce_prices_include_tax", "value": value, "group_id": "tax"}])


def _taxes(shop: SandboxShop, request: Request, _: tuple[int, ...]) -> Answer:
    rows = [
        {
            "id": rate_id,
            "country": "HU",
            "rate": as_text(str(percent), 4),
            "name": f"ÁFA {percent}%",
            "class": slug or "standard",
        }
        for rate_id, slug, percent in TAX_RATES
    ]
    shown, headers = paged(shop, request, rows, route="/wc/v3/taxes")
    return Answer(200, shown, headers)


# Method, route, handler, whether it lists, whether only the new generation has it.
_ROUTES: tuple[tuple[str, str, Handler, bool, bool], ...] = (
    ("GET", "/orders", _list_orders, True, False),
    ("POST", "/orders", _post_order, False, False),
    ("POST", "/orders/batch", _batch_orders, False, False),
    ("GET", "/orders/statuses", _list_statuses, True, True),
    ("GET", "/orders/#", _get_order, False, False),
    ("PUT", "/orders/#", _put_order, False, False),
    ("DELETE", "/orders/#", _delete_order, False, False),
    ("GET", "/orders/#/refunds", _list_refunds, True, False),
    ("POST", "/orders/#/refunds", _post_refund, False, False),
    ("GET", "/orders/#/refunds/#", _get_refund, False, False),
    ("DELETE", "/orders/#/refunds/#", _delete_refund, False, False),
    ("GET", "/refunds", _list_all_refunds, True, True),
    ("GET", "/orders/#/notes", _list_notes, True, False),
    ("POST", "/orders/#/notes", _post_note, False, False),
    ("GET", "/webhooks", _list_webhooks, True, False),
    ("POST", "/webhooks", _post_webhook, False, False),
    ("GET", "/webhooks/#", _get_webhook, False, False),
    ("PUT", "/webhooks/#", _put_webhook, False, False),
    ("DELETE", "/webhooks/#", _delete_webhook, False, False),
    ("GET", "/products", _list_products, True, False),
    ("GET", "/products/#", _get_product, False, False),
    ("GET", "/products/#/variations", _list_variations, True, False),
    ("GET", "/data/currencies/current", _currency, False, False),
    ("GET", "/system_status", _system_status, True, False),
    ("GET", "/settings/general", _general_settings, True, False),
    ("GET", "/settings/tax", _tax_settings, True, False),
    ("GET", "/taxes", _taxes, True, False),
)
# A POST (or PATCH) to one resource does what PUT does.
_AS_PUT = {"POST", "PATCH"}


def _find(shop: SandboxShop, verb: str, route: str) -> tuple[Handler, tuple[int, ...], bool] | Answer:
    for asked in (verb, "PUT") if verb in _AS_PUT else (verb,):
        for method, pattern, handler, is_list, only_new in _ROUTES:
            if method != asked or (only_new and not shop.is_new):
                continue
            match = re.fullmatch("/wc/v3" + pattern.replace("#", r"(\d+)"), route)
            if match:
                return handler, tuple(int(group) for group in match.groups()), is_list
    message = "No route was found matching the URL and request method."
    return Answer(*error(404, "rest_no_route", message))
