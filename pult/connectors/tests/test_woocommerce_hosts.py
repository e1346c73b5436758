"""Hosts that a sandbox on free ports cannot be: standard ports, names, stripped headers, shops too old for filters.

The answers come from a function in place of the network, or from a sandbox behind one that spoils requests.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs

import httpx
import pytest

from pult.connectors.tests.contract import PAST, ids_of, read_all
from pult.connectors.woocommerce import WooCommerce
from pult.lib.failures import Misconfigured, Refused
from pult.lib.http import http_client
from pult.sandbox.woocommerce import SandboxServer, SandboxShop

Handler = Callable[[httpx.Request], httpx.Response]
ROOT = {
    "name": "Bolt",
    "home": "https://www.bolt.test",
    "namespaces": ["wp/v2", "wc/v3"],
    "timezone_string": "Europe/Budapest",
}
NOBODY = {"code": "woocommerce_rest_cannot_view", "message": "Sorry", "data": {"status": 401}}


def shop_at(url: str, handler: Handler) -> WooCommerce:
    client = http_client()
    client._transport = httpx.MockTransport(handler)
    return WooCommerce({"url": url, "consumer_key": "ck_1", "consumer_secret": "cs_1"}, client)


def answers(request: httpx.Request, *, allowed: Callable[[httpx.Request], bool]) -> httpx.Response:
    if request.url.path == "/wp-json/":
        return httpx.Response(200, json=ROOT)
    if not request.url.path.startswith("/wp-json/wc/v3"):
        return httpx.Response(404, html="<html>not here</html>")
    return httpx.Response(200, json=[]) if allowed(request) else httpx.Response(401, json=NOBODY)


def is_basic(request: httpx.Request) -> bool:
    return request.url.scheme == "https" and request.headers.get("authorization", "").startswith("Basic ")


def test_shop_that_moved_to_https_and_www_is_spoken_to_there() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        if request.url.scheme == "http" or request.url.host == "bolt.test":
            return httpx.Response(301, headers={"location": f"https://www.bolt.test{request.url.raw_path.decode()}"})
        return answers(request, allowed=is_basic)

    connector = shop_at("http://bolt.test", handler)
    _, cursor = read_all(connector)
    assert cursor["way"] == {"base": "https://www.bolt.test", "style": "pretty", "auth": "basic", "sign_as": ""}
    assert not any("cs_1" in url for url in seen)
    steps = {step.code: step for step in connector.check()}
    assert steps["reach"].level == "warning"
    assert "https://www.bolt.test" in steps["reach"].detail


def test_redirect_to_another_site_is_never_followed() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "other.test"
        return httpx.Response(301, headers={"location": "https://evil.test/wp-json/"})

    with pytest.raises(Misconfigured, match="another address"):
        read_all(shop_at("https://other.test", handler))


def test_server_that_drops_the_authorization_header_gets_the_key_in_the_address() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return answers(request, allowed=lambda asked: "consumer_secret=cs_1" in str(asked.url))

    connector = shop_at("https://www.bolt.test", handler)
    _, cursor = read_all(connector)
    assert cursor["way"]["auth"] == "query"
    assert {step.code: step.level for step in connector.check()}["key"] == "warning"


def test_shop_that_does_not_notice_its_tls_proxy_gets_signatures_for_http() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return answers(request, allowed=lambda asked: "oauth_signature" in parse_qs(asked.url.query.decode()))

    _, cursor = read_all(shop_at("https://www.bolt.test/", handler))
    assert cursor["way"]["auth"] == "oauth"


def test_plain_http_shop_behind_a_tls_proxy_takes_the_signature_for_https() -> None:
    shop = SandboxShop("Próba", behind_tls=True)
    with SandboxServer({"": shop}) as server:
        order = str(shop.place_order(status="processing"))
        settings = {"url": server.url, "consumer_key": shop.consumer_key, "consumer_secret": shop.consumer_secret}
        messages, cursor = read_all(WooCommerce(settings))
    assert ids_of(messages) == {order}
    assert cursor["way"]["sign_as"].startswith("https://")


def test_rest_api_that_a_plugin_closes_is_told_so() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"code": "rest_not_logged_in", "message": "x", "data": {"status": 401}})

    with pytest.raises(Refused, match="security plug-in"):
        read_all(shop_at("https://closed.test", handler))


def test_wordpress_without_woocommerce_is_told_so() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/wp-json/":
            return httpx.Response(200, json=ROOT | {"namespaces": ["wp/v2"]})
        return httpx.Response(404, json={"code": "rest_no_route", "message": "x", "data": {"status": 404}})

    with pytest.raises(Misconfigured, match="wc/v3"):
        read_all(shop_at("https://www.bolt.test", handler))
    assert [step.code for step in shop_at("https://www.bolt.test", handler).check()] == ["reach", "api"]


def test_wrong_secret_over_tls_is_not_tried_in_other_ways() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        if request.url.path == "/wp-json/":
            return httpx.Response(200, json=ROOT)
        return httpx.Response(401, json=NOBODY | {"code": "woocommerce_rest_authentication_error"})

    with pytest.raises(Refused, match="secret is wrong"):
        read_all(shop_at("https://www.bolt.test", handler))
    assert len(seen) == 3


class _Spoiling(httpx.BaseTransport):
    """Passes requests on to a real shop, unless `spoil` answers them."""

    def __init__(self, inner: httpx.BaseTransport, spoil: Callable[[httpx.Request], httpx.Response | None]) -> None:
        self.inner = inner
        self.spoil = spoil

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.spoil(request) or self.inner.handle_request(request)


@pytest.mark.parametrize("ignored", [False, True], ids=["refuses the order", "ignores the filter"])
def test_shop_older_than_the_date_filters_is_read_whole_and_then_its_newest(ignored: bool) -> None:
    def spoil(request: httpx.Request) -> httpx.Response | None:
        if "orderby=modified" not in str(request.url):
            return None
        if ignored and "modified_after" not in str(request.url):
            return None
        if ignored:
            return httpx.Response(
                200, json=[{"id": 1, "status": "processing", "date_modified_gmt": "2020-01-01T00:00:00"}]
            )
        body = {"code": "rest_invalid_param", "message": "x", "data": {"status": 400, "params": {"orderby": "x"}}}
        return httpx.Response(400, json=body)

    shop = SandboxShop("Próba", generation="old")
    with SandboxServer({"": shop}) as server:
        client = http_client()
        client._transport = _Spoiling(client._transport, spoil)
        settings = {"url": server.url, "consumer_key": shop.consumer_key, "consumer_secret": shop.consumer_secret}
        placed = set()
        for number in range(205):
            with shop.as_of(PAST + timedelta(seconds=number)):
                placed.add(str(shop.place_order(status="processing")))
        messages, cursor = read_all(WooCommerce(settings, client))
        assert ids_of(messages) >= placed
        assert cursor["old"]
        new = str(shop.place_order(status="processing"))
        messages, _ = read_all(WooCommerce(settings, client), cursor)
        assert new in ids_of(messages)
        assert len(messages) <= 200
