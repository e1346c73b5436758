"""The connection test: one step after the other, each with what to do if it fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pult.connectors.protocol import CheckStep
from pult.connectors.woocommerce.client import API, ApiError, Root, Shop, Way, explained, is_loopback, is_same_site
from pult.connectors.woocommerce.fetching import orders_in
from pult.lib.clock import now
from pult.lib.failures import ChannelFailure, Misconfigured, Refused

CLOCK_TOLERANCE_S = 300


def check(shop: Shop) -> Iterator[CheckStep]:
    """Try the settings, step by step; ends after the first step of level `error`."""
    try:
        root = shop.find_root()
    except (Misconfigured, Refused) as failure:
        # Hidden or closed to guests, it may still open to the key.
        try:
            shop.discover()
        except ChannelFailure:
            yield CheckStep.failed("reach", failure)
            return
        root = Root(shop.url, shop.way.style, shop.url, (API,), "", "")
    except ChannelFailure as failure:
        yield CheckStep.failed("reach", failure)
        return
    yield _reached(shop, root)
    if API not in root.namespaces:
        yield CheckStep.of(
            "api",
            "error",
            "WordPress answers, but it does not know the interface wc/v3.",
            next_step="Switch WooCommerce on there; it must be 3.5 or newer.",
        )
        return
    yield CheckStep.of("api", "ok", "%(name)s speaks wc/v3.", name=root.name or root.home)
    try:
        shop.discover()
    except ChannelFailure as failure:
        yield CheckStep.failed("key", failure)
        return
    yield _key_step(shop.way)
    try:
        answer = shop.get("/orders", {"per_page": "1"})
        orders = orders_in(answer.data)
    except ApiError as error:
        yield CheckStep.failed("orders", explained(error))
        return
    except ChannelFailure as failure:
        yield CheckStep.failed("orders", failure)
        return
    yield CheckStep.of("orders", "ok", "Orders can be read." if orders else "Orders can be read; there is none yet.")
    yield _webhooks_step(shop)
    if answer.shop_time:
        skew_s = int((answer.shop_time - now()).total_seconds())
        if abs(skew_s) > CLOCK_TOLERANCE_S:
            yield CheckStep.of(
                "clock", "warning", "The shop's clock is %(minutes)s minutes off.", minutes=abs(skew_s) // 60
            )
        else:
            yield CheckStep.of("clock", "ok", "The shop's clock is right.")
    yield _shop_step(shop, root)
    yield _storage_step(shop)


def _reached(shop: Shop, root: Root) -> CheckStep:
    if root.moved_to:
        return CheckStep.of(
            "reach",
            "warning",
            "The shop lives at %(url)s.",
            url=root.moved_to,
            next_step="Enter that address in the channel's settings.",
        )
    if not is_same_site(root.home, shop.url):
        return CheckStep.of(
            "reach", "warning", "The shop calls itself %(home)s, but answers at %(url)s.", home=root.home, url=shop.url
        )
    return CheckStep.of("reach", "ok", "%(url)s answers.", url=shop.url)


def _key_step(way: Way) -> CheckStep:
    if way.style in ("plain", "marked"):
        return CheckStep.of(
            "key",
            "warning",
            "The key works, but the shop has plain permalinks.",
            next_step="Any other structure (Settings, Permalinks) is safer.",
        )
    if way.auth == "query":
        return CheckStep.of(
            "key",
            "warning",
            "The key works, but the web server drops the Authorization header; the key is in its logs.",
        )
    if not way.base.startswith("https:") and not is_loopback(way.base):
        return CheckStep.of("key", "warning", "The key works, but without HTTPS the buyers' data travels readable.")
    if way.auth == "oauth" and way.base.startswith("https:") and way.sign_as.startswith("http:"):
        return CheckStep.of(
            "key",
            "warning",
            "The key works, but WordPress does not notice the HTTPS before it (X-Forwarded-Proto).",
        )
    return CheckStep.of("key", "ok", "The key works.")


def _webhooks_step(shop: Shop) -> CheckStep:
    # No shop knows this topic: a key that may write gets 400 for it, one that may not 401 or 403, and nothing is made.
    try:
        shop.call("POST", "/webhooks", body={"topic": "pult.test", "delivery_url": "https://pult.invalid/"})
    except ApiError as error:
        if error.status in (401, 403):
            return CheckStep.of(
                "write",
                "warning",
                "The key may only read, or its user may not manage the shop: no webhooks, orders arrive by polling.",
            )
        if error.status == 400:
            return CheckStep.of("write", "ok", "The key may write: webhooks can be registered.")
    except ChannelFailure:
        pass
    return CheckStep.of("write", "ok", "Whether the key may write could not be told.")


def _shop_step(shop: Shop, root: Root) -> CheckStep:
    currency = _optional(shop, "/data/currencies/current").get("code")
    decimals = _optional(shop, "/settings/general/woocommerce_price_num_decimals").get("value")
    told = {"currency": currency if type(currency) is str else "?", "timezone": root.timezone or "?"}
    if type(decimals) is not str:  # a key that may not see the settings is not told them
        return CheckStep.of("shop", "ok", "Currency %(currency)s, time zone %(timezone)s.", **told)
    return CheckStep.of(
        "shop", "ok", "Currency %(currency)s, decimals %(decimals)s, time zone %(timezone)s.", decimals=decimals, **told
    )


def _storage_step(shop: Shop) -> CheckStep:
    settings = _optional(shop, "/system_status").get("settings")
    if type(settings) is not dict:
        return CheckStep.of("storage", "ok", "How the shop stores orders is not told to this key.")
    if settings.get("HPOS_enabled") is True:
        return CheckStep.of("storage", "ok", "Orders have their own tables (HPOS): every change is noticed at once.")
    return CheckStep.of(
        "storage",
        "warning",
        "Orders are stored as posts: edited lines and addresses are noticed by webhook or by the daily comparison.",
    )


def _optional(shop: Shop, path: str) -> dict[str, Any]:
    """What only an administrator's key may read; empty for others."""
    try:
        data = shop.get(path).data
    except (ApiError, ChannelFailure):
        return {}
    return data if type(data) is dict else {}
