"""The connection test: one step after the other, each with what to do if it fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from pult.connectors.protocol import CheckStep
from pult.connectors.woocommerce.client import API, ApiError, Root, Shop, Way, explained, is_same_site
from pult.lib.clock import now
from pult.lib.failures import ChannelFailure

CLOCK_TOLERANCE_S = 300
_WAYS = {
    "basic": "HTTPS with the key in the Authorization header",
    "query": "HTTPS with the key in the address",
    "oauth": "OAuth 1.0a signatures",
}


def check(shop: Shop) -> Iterator[CheckStep]:
    """Try the settings, step by step; ends after the first step of level `error`."""
    try:
        root = shop.find_root()
    except ChannelFailure as failure:
        yield CheckStep("reach", "error", str(failure))
        return
    yield _reached(shop, root)
    if API not in root.namespaces:
        yield CheckStep(
            "api", "error", "WordPress answers, but WooCommerce is not switched on there, or is older than 3.5."
        )
        return
    yield CheckStep("api", "ok", f"{root.name or root.home} speaks {API}.")
    try:
        shop.discover()
    except ChannelFailure as failure:
        yield CheckStep("key", "error", str(failure))
        return
    yield _key_step(shop.way, root)
    try:
        answer = shop.get("/orders", {"per_page": "1"})
    except (ApiError, ChannelFailure) as error:
        yield CheckStep("orders", "error", str(explained(error) if isinstance(error, ApiError) else error))
        return
    if type(answer.data) is not list:
        yield CheckStep("orders", "error", "The shop answered a list of orders with something else.")
        return
    yield CheckStep(
        "orders", "ok", "Orders can be read." if answer.data else "Orders can be read; the shop has none yet."
    )
    yield _webhooks_step(shop)
    if answer.shop_time:
        skew_s = int((answer.shop_time - now()).total_seconds())
        if abs(skew_s) > CLOCK_TOLERANCE_S:
            yield CheckStep(
                "clock", "warning", f"The shop's clock differs from this computer's by {abs(skew_s) // 60} minutes."
            )
        else:
            yield CheckStep("clock", "ok", "The shop's clock is right.")
    yield _money_step(shop, root)
    yield _storage_step(shop)


def _reached(shop: Shop, root: Root) -> CheckStep:
    if root.moved_to:
        return CheckStep("reach", "warning", f"The shop lives at {root.moved_to}: enter that address in the settings.")
    if not is_same_site(root.home, shop.url):
        return CheckStep(
            "reach", "warning", f"The shop calls itself {root.home}; it is reached at {shop.url} all the same."
        )
    return CheckStep("reach", "ok", f"{shop.url} answers.")


def _key_step(way: Way, root: Root) -> CheckStep:
    detail = f"The key works ({_WAYS[way.auth]})."
    if way.style in ("plain", "marked"):
        return CheckStep(
            "key",
            "warning",
            f"{detail} The shop has plain permalinks: any other structure (Settings, Permalinks) is safer.",
        )
    if way.auth == "query":
        return CheckStep(
            "key", "warning", f"{detail} The web server drops the Authorization header, so the key appears in its logs."
        )
    if not way.base.startswith("https:") and not _is_local(way.base):
        return CheckStep("key", "warning", f"{detail} The shop has no HTTPS: buyers' data travels readable.")
    if way.auth == "oauth" and way.base.startswith("https:") and way.sign_as.startswith("http:"):
        return CheckStep(
            "key", "warning", f"{detail} WordPress does not notice that it is behind HTTPS (X-Forwarded-Proto)."
        )
    return CheckStep("key", "ok", detail)


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "127.0.0.1", "::1")


def _webhooks_step(shop: Shop) -> CheckStep:
    # An update of no webhook changes nothing, yet tells whether the key may write.
    try:
        shop.call("POST", "/webhooks/batch", body={"create": [], "update": [], "delete": []})
    except ApiError as error:
        if error.status in (401, 403):
            return CheckStep(
                "write",
                "warning",
                "The key may only read, or its user may not manage the shop: no webhooks, orders arrive by polling.",
            )
        return CheckStep("write", "ok", "Whether the key may write could not be told.")
    except ChannelFailure:
        return CheckStep("write", "ok", "Whether the key may write could not be told.")
    return CheckStep("write", "ok", "The key may write: webhooks can be registered.")


def _money_step(shop: Shop, root: Root) -> CheckStep:
    parts = [f"time zone {root.timezone}"] if root.timezone else []
    currency = _optional(shop, "/data/currencies/current")
    if type(currency) is dict and type(currency.get("code")) is str:
        parts.insert(0, f"currency {currency['code']}")
    decimals = _optional(shop, "/settings/general/woocommerce_price_num_decimals")
    if type(decimals) is dict and type(decimals.get("value")) is str:
        parts.append(f"{decimals['value']} decimals")
    return CheckStep("shop", "ok", f"The shop's settings: {', '.join(parts) or 'not told'}.")


def _storage_step(shop: Shop) -> CheckStep:
    status = _optional(shop, "/system_status")
    settings = status.get("settings") if type(status) is dict else None
    if type(settings) is not dict:
        return CheckStep("storage", "ok", "How the shop stores orders is not told to this key.")
    if settings.get("HPOS_enabled") is True:
        return CheckStep("storage", "ok", "Orders have their own tables (HPOS): every change is noticed at once.")
    return CheckStep(
        "storage",
        "warning",
        "Orders are stored as posts: edited lines and addresses are noticed by webhook or by the daily comparison.",
    )


def _optional(shop: Shop, path: str) -> Any:
    try:
        return shop.get(path).data
    except (ApiError, ChannelFailure):
        return None
