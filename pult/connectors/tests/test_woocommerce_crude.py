"""Servers that speak only a little of wc/v3: no index, no headers, parameters ignored. Their orders arrive too."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from pult.connectors.tests.contract import ids_of, read_all
from pult.connectors.tests.test_woocommerce_hosts import NOBODY, shop_at
from pult.connectors.woocommerce import WooCommerce

ORDERS = "/wp-json/wc/v3/orders"
NOT_THERE = {"code": "rest_no_route", "message": "No route", "data": {"status": 404}}


def listed(count: int) -> list[dict[str, Any]]:
    """Orders of different times, the newest first, as a server that ignores the sorting lists them."""
    times = [f"2026-11-{20 + n // 1440:02d}T{n // 60 % 24:02d}:{n % 60:02d}:00" for n in range(count)]
    rows = [
        {"id": n + 1, "status": "processing", "total": "1", "date_created_gmt": at, "date_modified_gmt": at}
        for n, at in enumerate(times)
    ]
    return rows[::-1]


def crude_shop(count: int, *, honours: frozenset[str] = frozenset(), basic_only: bool = False) -> WooCommerce:
    def handler(request: httpx.Request) -> httpx.Response:
        if basic_only and not request.headers.get("authorization", "").startswith("Basic "):
            return httpx.Response(401, json=NOBODY)
        if request.url.path != ORDERS:
            return httpx.Response(404, json=NOT_THERE)
        asked = {name: value for name, value in request.url.params.items() if name in honours}
        rows = [row for row in listed(count) if row["date_modified_gmt"] > asked.get("modified_after", "")]
        if "per_page" in asked:
            size, page = int(asked["per_page"]), int(asked.get("page", 1))
            rows = rows[(page - 1) * size : page * size]
        return httpx.Response(200, json=rows)

    return shop_at("http://127.0.0.1", handler)


@pytest.mark.parametrize(
    "honours",
    [set(), {"per_page", "page"}, {"per_page", "page", "modified_after"}],
    ids=["nothing", "pages", "pages and dates"],
)
@pytest.mark.parametrize("count", [3, 250])
def test_every_order_of_a_crude_server_arrives(count: int, honours: set[str]) -> None:
    messages, _ = read_all(crude_shop(count, honours=frozenset(honours)))
    assert set(ids_of(messages)) == {str(n + 1) for n in range(count)}


def test_orders_that_are_listed_whatever_the_state_asked_for_come_once() -> None:
    messages, _ = read_all(crude_shop(3))
    assert sorted(message.external_id for message in messages) == ["1", "2", "3"]


def test_a_server_without_an_index_passes_the_connection_test() -> None:
    steps = list(crude_shop(1).check())
    assert not any(step.level == "error" for step in steps)


def test_on_this_computer_the_key_may_be_shown_without_tls() -> None:
    _, cursor = read_all(crude_shop(1, basic_only=True))
    assert cursor["way"]["auth"] == "basic"


def test_the_key_is_never_shown_without_tls_to_another_computer() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.url} {request.headers.get('authorization', '')}")
        return httpx.Response(401, json=NOBODY)

    list(shop_at("http://192.0.2.1", handler).check())
    assert seen
    assert not any("cs_1" in text or "Basic" in text for text in seen)
