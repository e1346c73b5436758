"""WooCommerce (wc/v3): orders in, webhooks, connection test.

`parse` (with `values` and `plugins`) is pure; `client` speaks HTTP, `fetching`, `hooks` and `checking` say what to ask.
Sees `lib` and `orders.types`; only the registry sees it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import httpx

from pult.connectors.protocol import (
    CheckStep,
    Cursor,
    HookHint,
    HooksState,
    OrderSummary,
    Page,
    RawMessage,
    SettingField,
)
from pult.connectors.woocommerce import checking, fetching, hooks, parse
from pult.connectors.woocommerce.client import Shop
from pult.orders.types import IncomingOrder

FIELDS = (
    SettingField(
        "url",
        "Address of the shop",
        "As in the browser, for example https://shop.example or http://host/folder.",
        kind="url",
    ),
    SettingField(
        "consumer_key",
        "Consumer key",
        "Made in the shop under WooCommerce, Settings, Advanced, REST API; begins with ck_.",
        kind="secret",
    ),
    SettingField(
        "consumer_secret", "Consumer secret", "Shown once together with the key; begins with cs_.", kind="secret"
    ),
    SettingField(
        "verify_tls",
        "Check the certificate",
        "Switch this off only for a shop of your own with a home-made certificate.",
        kind="bool",
        required=False,
        default="true",
    ),
    SettingField(
        "since",
        "Orders placed since",
        "Older orders stay in the shop. Empty: every order.",
        kind="date",
        required=False,
    ),
)


class WooCommerce:
    """A WooCommerce shop. `settings` are opened settings by name; raises `Misconfigured` for an impossible address."""

    def __init__(self, settings: Mapping[str, str], client: httpx.Client | None = None) -> None:
        self._shop = Shop(settings, client)

    def check(self) -> Iterator[CheckStep]:
        """Try the settings at the shop, step by step; ends with the first step of level `error`."""
        return checking.check(self._shop)

    @staticmethod
    def parse_order(body: bytes) -> IncomingOrder:
        """Read one raw message; see `parse.parse_order`."""
        return parse.parse_order(body)

    def fetch_orders(self, cursor: Cursor, *, since: datetime | None, full: bool) -> Iterator[Page]:
        """What changed since the cursor, oldest first, then what was put in the bin; see `fetching.fetch_orders`."""
        return fetching.fetch_orders(self._shop, cursor, since=since, full=full)

    def fetch_order(self, external_id: str) -> RawMessage | None:
        """One order as it is now; a message that parses to `Gone` if the shop knows it no longer; None for a draft."""
        return fetching.fetch_order(self._shop, external_id)

    def summaries(self, *, since: datetime) -> Iterator[OrderSummary]:
        """Every order placed since then in a short form, by id, those in the bin after the others."""
        return fetching.summaries(self._shop, since=since)

    def ensure_hooks(self, *, address: str, secret: str, memo: Mapping[str, Any]) -> HooksState:
        """Register or mend the four webhooks about orders."""
        return hooks.ensure_hooks(self._shop, address=address, secret=secret, memo=memo)

    def remove_hooks(self, *, address: str) -> None:
        """Delete the webhooks that lead to this address."""
        hooks.remove_hooks(self._shop, address=address)

    @staticmethod
    def read_hook(headers: Mapping[str, str], body: bytes, *, secret: str) -> HookHint:
        """Check the signature over the raw bytes and say which order to look at; see `hooks.read_hook`."""
        return hooks.read_hook(headers, body, secret=secret)
