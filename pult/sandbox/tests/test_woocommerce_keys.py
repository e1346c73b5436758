"""Keys and signing, over real HTTP: Basic only over TLS, OAuth 1.0a as strict as the plug-in."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from oauthlib import oauth1

from pult.sandbox.tests.conftest import KEY, SECRET
from pult.sandbox.woocommerce import SandboxServer, SandboxShop


def signed(url: str, *, secret: str = SECRET, key: str = KEY, method: str = "GET", **more: Any) -> str:
    client = oauth1.Client(
        key,
        client_secret=secret,
        signature_type=oauth1.SIGNATURE_TYPE_QUERY,
        signature_method=more.pop("signature_method", oauth1.SIGNATURE_HMAC_SHA256),
        **more,
    )
    return client.sign(url, http_method=method)[0]


@pytest.fixture
def plain(run_shop):
    return run_shop(behind_tls=False, now=lambda: datetime.now(UTC))


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["code"], body["message"]


CANNOT_LIST = (401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
ERROR = "woocommerce_rest_authentication_error"


def test_basic_over_plain_http_looks_like_missing_rights(plain):
    orders = f"{plain.url}/wp-json/wc/v3/orders"
    assert refusal(httpx.get(orders, auth=(KEY, SECRET))) == CANNOT_LIST
    assert refusal(httpx.get(orders, params={"consumer_key": KEY, "consumer_secret": SECRET})) == CANNOT_LIST
    assert refusal(httpx.get(orders)) == CANNOT_LIST


@pytest.mark.parametrize("method", [oauth1.SIGNATURE_HMAC_SHA1, oauth1.SIGNATURE_HMAC_SHA256])
def test_a_signed_request_is_let_in_over_plain_http(plain, method):
    url = f"{plain.url}/wp-json/wc/v3/orders?status=processing,on-hold&search=%C5%91%20%2B~&per_page=5"
    assert httpx.get(signed(url, signature_method=method)).status_code == 200


def test_wrong_secret_and_unknown_key_are_told_apart(plain):
    orders = f"{plain.url}/wp-json/wc/v3/orders"
    wrong = "Invalid signature - provided signature does not match."
    assert refusal(httpx.get(signed(orders, secret="cs_x"))) == (401, ERROR, wrong)
    assert refusal(httpx.get(signed(orders, key="ck_x"))) == (401, ERROR, "Consumer key is invalid.")


def test_a_nonce_works_once_and_a_timestamp_for_a_quarter_of_an_hour(plain):
    orders = f"{plain.url}/wp-json/wc/v3/orders"
    once = signed(orders)
    assert httpx.get(once).status_code == 200
    assert refusal(httpx.get(once)) == (401, ERROR, "Invalid nonce - nonce has already been used.")
    for skew, status in ((-890, 200), (890, 200), (-910, 401), (910, 401)):
        answer = httpx.get(signed(orders, timestamp=str(int(time.time()) + skew)))
        assert answer.status_code == status, skew
    assert refusal(answer) == (401, ERROR, "Invalid timestamp.")


def test_arrays_must_be_signed_with_their_index_and_fail_beyond_ten(plain):
    orders = f"{plain.url}/wp-json/wc/v3/orders"
    brackets = f"{orders}?status%5B%5D=processing&status%5B%5D=on-hold"
    indexed = f"{orders}?status%5B0%5D=processing&status%5B1%5D=on-hold"
    eleven = f"{orders}?" + "&".join(f"include%5B{n}%5D={n}" for n in range(11))
    assert httpx.get(signed(brackets)).status_code == 401
    assert httpx.get(signed(indexed)).status_code == 200
    assert httpx.get(signed(eleven)).status_code == 401


def test_the_home_address_is_what_must_be_signed(run_shop):
    # given a shop behind a proxy that knows another address than the one dialled
    running = run_shop(behind_tls=False, home_url="http://bolt.example:8080/uzlet", now=lambda: datetime.now(UTC))
    # when the dialled address is signed
    dialled = f"{running.url}/wp-json/wc/v3/orders"
    assert httpx.get(signed(dialled)).status_code == 401
    # then only the home address does
    home = signed("http://bolt.example:8080/uzlet/wp-json/wc/v3/orders")
    assert httpx.get(f"{dialled}?{home.partition('?')[2]}").status_code == 200
    assert httpx.get(f"{running.url}/wp-json/").json()["home"] == "http://bolt.example:8080/uzlet"


def test_behind_a_tls_proxy_basic_and_key_parameters_work(run_shop):
    running = run_shop()
    running.shop.place_order()
    running.shop.place_order()
    assert running.get("/orders").status_code == 200
    answer = httpx.get(
        f"{running.url}/wp-json/wc/v3/orders",
        params={"consumer_key": KEY, "consumer_secret": SECRET, "per_page": 1},
    )
    assert answer.status_code == 200
    assert SECRET in answer.headers["Link"]  # the leak that makes Basic the better choice
    wrong = httpx.get(f"{running.url}/wp-json/wc/v3/orders", auth=(KEY, "cs_wrong"))
    assert refusal(wrong) == (401, ERROR, "Consumer secret is invalid.")
    unknown = httpx.get(f"{running.url}/wp-json/wc/v3/orders", auth=("ck_other", SECRET))
    assert refusal(unknown) == CANNOT_LIST


def test_real_tls_with_its_own_certificate():
    shop = SandboxShop("TLS", consumer_key=KEY, consumer_secret=SECRET)
    with SandboxServer({"": shop}, tls=True) as server:
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.url}/wp-json/")
        trusting = ssl.create_default_context(cafile=str(server.certificate))
        assert shop.home_url == server.url and server.url.startswith("https://127.0.0.1:")
        answer = httpx.get(f"{server.url}/wp-json/wc/v3/orders", auth=(KEY, SECRET), verify=trusting)
        assert answer.status_code == 200
        assert httpx.get(signed(f"{server.url}/wp-json/wc/v3/orders"), verify=trusting).status_code == 200


def test_read_key_that_writes_and_user_without_rights(run_shop):
    reader = run_shop(permissions="read")
    order = reader.shop.place_order()
    answer = reader.client.put(f"/wp-json/wc/v3/orders/{order}", json={"status": "completed"})
    assert refusal(answer) == (401, ERROR, "The API key provided does not have write permissions.")
    assert reader.get("/orders").status_code == 200
    powerless = run_shop(shop_rights=False)
    assert refusal(powerless.get("/orders")) == (403, *CANNOT_LIST[1:])


def test_plain_permalinks_answer_html_and_ignore_keys_without_the_marker(run_shop):
    running = run_shop(plain_permalinks=True)
    for path in ("/wp-json/wc/v3/orders", "/index.php/wp-json/wc/v3/orders"):
        moved = running.client.get(path)
        assert (moved.status_code, moved.headers["content-type"]) == (301, "text/html; charset=UTF-8")
    assert refusal(running.client.get("/?rest_route=/wc/v3/orders")) == CANNOT_LIST
    encoded = quote("wp-json/wc/", safe="")
    assert running.client.get(f"/?rest_route=/wc/v3/orders&x={encoded}").status_code == 401
    assert running.client.get("/?rest_route=/wc/v3/orders&x=wp-json/wc/").status_code == 200
    assert running.client.get("/wp-json/wc/v3/orders?rest_route=/wc/v3/orders").status_code == 200
    assert "wc/v3" in running.client.get("/?rest_route=/").json()["namespaces"]


def test_pretty_permalinks_work_with_index_php_too(run_shop):
    running = run_shop()
    assert running.client.get("/index.php/wp-json/wc/v3/orders").status_code == 200
    assert refusal(running.client.get("/wp-json/wc/v9/orders"))[:2] == (404, "rest_no_route")
