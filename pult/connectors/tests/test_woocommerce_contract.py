"""The connector suite against sandbox WooCommerce shops, one of each generation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import orjson
import pytest

from pult.connectors.tests.contract import ConnectorContract
from pult.connectors.woocommerce import WooCommerce
from pult.sandbox.woocommerce import SandboxServer, SandboxShop

_KINDS: dict[str, Any] = {
    "cut": "truncated",
    "throttled": "throttled",
    "crash": "critical_error",
    "html": "login_page",
    "login_redirect": "redirect_to_login",
    "reset": "reset",
    "maintenance": "maintenance",
}


class WooShop:
    """A sandbox shop as the suite wants it."""

    page_size = 100

    def __init__(self, shop: SandboxShop, url: str) -> None:
        self.shop = shop
        self.url = url

    def connector(self, **settings: str) -> WooCommerce:
        right = {
            "url": self.url,
            "consumer_key": self.shop.consumer_key,
            "consumer_secret": self.shop.consumer_secret,
            "verify_tls": "true",
        }
        return WooCommerce(right | settings)

    def place(self, at: datetime) -> str:
        with self.shop.as_of(at):
            return str(self.shop.place_order(status="processing"))

    def change(self, external_id: str) -> None:
        self.shop.set_customer_note(int(external_id), "Kérem, csengessenek!")

    def bad_login(self) -> dict[str, str]:
        return {"consumer_secret": "cs_" + "f" * 40}

    def fail_next(self, kind: str, times: int = 1) -> None:
        self.shop.faults.next(_KINDS[kind], times, seconds=7)

    def between_pages(self, act: Callable[[], None]) -> None:
        done: list[int] = []

        def once(page: int) -> None:
            if len(done) == 1:
                act()
            done.append(page)

        self.shop.faults.between_pages = once

    def with_unknown_fields(self, body: bytes) -> bytes:
        data = orjson.loads(body)
        data["new_in_12"] = {"a": [1, None]}
        data["line_items"][0]["colour_of_box"] = 7
        data["meta_data"].append({"id": 1, "key": "_some_plugin", "value": {"x": [True]}})
        return orjson.dumps(data)


@pytest.fixture(params=["new", "old"])
def shop(request: pytest.FixtureRequest) -> Iterator[WooShop]:
    sandbox = SandboxShop("Próba", generation=request.param)
    sandbox.hooks.mode = "manual"
    with SandboxServer({"": sandbox}) as server:
        yield WooShop(sandbox, server.url)


class TestWooCommerce(ConnectorContract):
    """See `contract.py`."""
