"""Webhooks and faults over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import threading
from random import Random

import httpx
import pytest
from click.testing import CliRunner

from pult.sandbox.cli import sandbox
from pult.sandbox.woocommerce import SandboxServer, demo_keys
from pult.sandbox.woocommerce.demo import demo_shops, live_a_moment, run_demo_shops
from pult.testing import free_port, wait_until

BOTH = pytest.mark.parametrize("generation", ["new", "old"])


def add(running, receiver, topic="order.updated", secret="titok ő", **more):
    body = {"name": "Pult", "topic": topic, "delivery_url": receiver.url, "secret": secret, "status": "active"} | more
    return running.client.post("/wp-json/wc/v3/webhooks", json=body)


def topics(receiver):
    return [headers["x-wc-webhook-topic"] for headers, _ in receiver.seen if "x-wc-webhook-topic" in headers]


# --- webhooks ------------------------------------------------------------------------------------------------------


def test_creation_pings_and_never_tells_the_secret(run_shop, receiver):
    running = run_shop()
    made = add(running, receiver)
    assert made.status_code == 201 and "titok" not in made.text
    ((headers, body),) = receiver.seen
    assert (headers["content-type"], body) == ("application/x-www-form-urlencoded", b"webhook_id=1")
    assert not any(name.startswith("x-wc-") for name in headers)
    assert add(running, receiver, topic="order.exploded").status_code == 400
    assert running.client.delete("/wp-json/wc/v3/webhooks/1").status_code == 501
    assert running.client.delete("/wp-json/wc/v3/webhooks/1", params={"force": "true"}).status_code == 200
    assert running.get("/webhooks").json() == []


def test_a_delivery_is_signed_and_holds_the_state_of_its_own_time(run_shop, receiver):
    running = run_shop()
    add(running, receiver)
    order = running.shop.place_order(status="processing")
    running.shop.set_status(order, "completed")
    assert running.shop.hooks.deliver_pending() == 1  # two changes, one delivery
    headers, body = receiver.seen[-1]
    expected = base64.b64encode(hmac.new("titok ő".encode(), body, hashlib.sha256).digest()).decode()
    assert headers["x-wc-webhook-signature"] == expected
    assert headers["x-wc-webhook-source"] == f"{running.url}/" and headers["x-wc-webhook-event"] == "updated"
    assert headers["user-agent"] == "WooCommerce/11.0.1 Hookshot (WordPress/7.0.3)"
    assert json.loads(body)["status"] == "completed" and body == running.get(f"/orders/{order}").content


def test_the_bin_tells_deleted_and_deleting_for_good_tells_nothing(run_shop, receiver):
    running = run_shop()
    for topic in ("order.created", "order.updated", "order.deleted", "order.restored"):
        add(running, receiver, topic=topic)
    shop, hooks = running.shop, running.shop.hooks
    order = shop.place_order()
    hooks.deliver_pending()
    assert topics(receiver) == ["order.created", "order.updated"]
    shop.trash(order)
    hooks.deliver_pending()
    assert receiver.seen[-1][1] == b'{"id":%d}' % order and topics(receiver)[2:] == ["order.deleted"]
    shop.restore(order)
    hooks.deliver_pending()
    assert topics(receiver)[3:] == ["order.restored"]
    shop.add_note(order, "x")
    shop.set_status(order, "completed")
    shop.delete_for_good(order)
    assert hooks.deliver_pending() == 1  # of the status, and its body is an error
    assert json.loads(receiver.seen[-1][1])["code"] == "woocommerce_rest_shop_order_invalid_id"


def test_the_old_generation_tells_a_placed_block_order_only_as_updated(run_shop, receiver):
    running = run_shop(generation="old")
    add(running, receiver, topic="order.created")
    add(running, receiver, topic="order.updated")
    checkout = running.shop.start_checkout()
    running.shop.hooks.deliver_pending()
    assert json.loads(receiver.seen[-1][1])["status"] == "checkout-draft"
    running.shop.finish_checkout(checkout)
    running.shop.hooks.deliver_pending()
    assert topics(receiver) == ["order.created", "order.updated"]


def test_the_new_generation_tells_updated_first_for_block_orders(run_shop, receiver):
    running = run_shop()
    add(running, receiver, topic="order.created")
    add(running, receiver, topic="order.updated")
    running.shop.place_order(created_via="store-api")
    running.shop.hooks.deliver_pending()
    assert topics(receiver) == ["order.updated", "order.created"]


def test_the_seventh_failure_in_a_row_disables_and_put_does_not_heal(run_shop, receiver):
    running = run_shop()
    add(running, receiver)
    order = running.shop.place_order()
    running.shop.hooks.deliver_pending()
    receiver.status = 500

    def fail():
        running.shop.set_status(order, "on-hold")
        running.shop.hooks.deliver_pending()
        return running.get("/webhooks/1").json()["status"]

    assert [fail() for _ in range(7)] == ["active"] * 6 + ["disabled"]
    running.client.put("/wp-json/wc/v3/webhooks/1", json={"status": "active"})
    assert fail() == "disabled"
    running.client.put("/wp-json/wc/v3/webhooks/1", json={"status": "active"})
    receiver.status = 302  # counts as success, and is not followed
    assert fail() == "active"
    receiver.status = 500
    assert [fail() for _ in range(6)] == ["active"] * 6


def test_an_unanswered_ping_is_repeated_with_every_delivery(run_shop, receiver):
    running = run_shop()
    receiver.status = 204  # not exactly 200
    assert add(running, receiver).json()["status"] == "active"
    running.shop.place_order()
    running.shop.hooks.deliver_pending()
    assert [b"webhook_id" in body for _, body in receiver.seen] == [True, True, False]


def test_the_thread_delivers_by_itself_and_the_synchronous_mode_at_once(run_shop, receiver):
    running = run_shop()
    add(running, receiver)
    running.shop.hooks.mode, running.shop.hooks.delay_s = "background", 0.01
    running.shop.place_order()
    wait_until(lambda: topics(receiver) == ["order.updated"])
    running.shop.hooks.mode = "synchronous"
    running.shop.place_order()
    assert len(topics(receiver)) == 2


# --- faults --------------------------------------------------------------------------------------------------------


@pytest.fixture
def faulty(run_shop):
    running = run_shop()
    for _ in range(4):
        running.shop.place_order()
    return running


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("throttled", 429, "Too Many"),
        ("critical_error", 500, "critical error"),
        ("maintenance", 503, "maintenance"),
        ("login_page", 200, "loginform"),
        ("redirect_to_login", 302, ""),
    ],
)
def test_a_fault_stands_in_for_so_many_answers(faulty, kind, status, text):
    faulty.shop.faults.next(kind, 2, seconds=7, where="/orders")
    assert faulty.get("/system_status").status_code == 200
    for _ in range(2):
        answer = faulty.get("/orders")
        assert answer.status_code == status and text in answer.text
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers.get("retry-after") == ("7" if status in (429, 503) else None)
    assert faulty.get("/orders").status_code == 200


def test_cut_and_broken_connections(faulty):
    faulty.shop.faults.next("truncated")
    with pytest.raises(httpx.RemoteProtocolError):
        faulty.get("/orders")
    faulty.shop.faults.next("reset")
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        faulty.get("/orders")
    faulty.shop.faults.next("delay", seconds=0.5)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{faulty.url}/wp-json/", timeout=0.1)
    assert faulty.get("/orders").status_code == 200


def test_dirt_before_the_json_and_lying_headers(faulty):
    faulty.shop.faults.next("php_warning")
    dirty = faulty.get("/orders").text
    assert dirty.startswith("<br />") and len(json.loads(dirty[dirty.index("[{") :])) == 4
    faulty.shop.faults.next("bom")
    assert faulty.get("/orders").content.startswith(b"\xef\xbb\xbf[")
    faulty.shop.faults.next("no_totals")
    assert "X-WP-Total" not in faulty.get("/orders", per_page=1).headers
    faulty.shop.faults.next("wrong_totals")
    assert faulty.get("/orders").headers["X-WP-Total"] == "3"
    true = [int(order["total"]) for order in faulty.get("/orders").json()]
    faulty.shop.faults.next("wrong_amounts")
    assert [int(order["total"]) - 7 for order in faulty.get("/orders").json()] == true


def test_one_order_crashes_every_page_it_stands_on(faulty):
    bad = sorted(faulty.shop.orders)[1]
    faulty.shop.faults.crashing_orders.add(bad)
    assert faulty.get("/orders").status_code == 500
    assert faulty.get(f"/orders/{bad}").status_code == 500
    assert len(faulty.ids(exclude=bad)) == 3


def test_an_order_modified_between_pages_makes_another_slip_through(faulty):
    first, second, _, fourth = sorted(faulty.shop.orders)
    faulty.clock.forward(60)
    faulty.shop.faults.between_pages = lambda page: page == 1 and faulty.shop.edit_address(first, city="Eger")
    query = {"orderby": "modified", "order": "asc", "per_page": 2, "_fields": "id"}
    seen = [order["id"] for page in (1, 2) for order in faulty.get("/orders", page=page, **query).json()]
    assert seen == [first, second, fourth, first]


def test_the_date_header_is_the_shops_clock(faulty):
    assert faulty.get("/orders").headers["Date"] == "Mon, 23 Nov 2026 16:00:00 GMT"


def test_requests_are_remembered_for_tests_to_look_at(faulty):
    faulty.get("/orders", page=1)
    seen = faulty.shop.requests[-1]
    assert (seen.method, seen.target, seen.status) == ("GET", "/wp-json/wc/v3/orders?page=1", 200)


def test_a_stopped_shop_answers_nobody_and_starts_again_on_its_port(run_shop):
    running = run_shop()
    order = running.shop.place_order()
    assert running.ids() == [order]
    running.server.stop()
    with pytest.raises(httpx.TransportError):
        running.get("/orders")
    with SandboxServer({"bolt": running.shop}, port=running.server.port):
        assert running.ids() == [order]


# --- the demo ------------------------------------------------------------------------------------------------------


def test_the_demo_has_a_past_and_goes_on_after_a_restart(tmp_path):
    shops = demo_shops(tmp_path)
    assert sum(len(shop.orders) for shop in shops.values()) == 60
    days = {order["created"] // 86400 for shop in shops.values() for order in shop.orders.values()}
    assert len(days) > 15
    for shop in shops.values():
        shop.close()
    before = {slug: set(shop.orders) for slug, shop in shops.items()}
    stop, ready = threading.Event(), threading.Event()
    # port 0 cannot be asked for by the demo's users, but finds a free one here
    thread = threading.Thread(
        target=run_demo_shops, args=(tmp_path, 0), kwargs={"seconds_between_orders": 0.02, "stop": stop, "ready": ready}
    )
    thread.start()
    ready.wait(10)
    journals = [tmp_path / f"{slug}.jsonl" for slug in before]
    size = sum(path.stat().st_size for path in journals)
    wait_until(lambda: sum(path.stat().st_size for path in journals) > size + 30_000)
    stop.set()
    thread.join(10)
    again = demo_shops(tmp_path)
    assert sum(len(shop.orders) for shop in again.values()) > 60
    assert all(before[slug] <= set(again[slug].orders) for slug in before)
    for shop in again.values():
        shop.close()


def test_a_long_demo_never_stumbles(tmp_path):
    shops = demo_shops(tmp_path)
    rng = Random(7)
    for _ in range(300):
        live_a_moment(shops, rng)
    with SandboxServer(shops):
        statuses = {order["status"] for shop in shops.values() for order in shop.orders.values()}
    assert {"processing", "completed", "cancelled", "on-hold"} <= statuses
    assert any(shop.refunds for shop in shops.values())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_how_to_connect_and_ends_on_a_signal(tmp_path, number):
    unused_port = free_port()
    code = "from pult.sandbox.cli import sandbox; sandbox()"
    command = [sys.executable, "-c", code, "--port", str(unused_port), "--state", str(tmp_path), "--every", "60"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    try:
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if line.startswith("Ctrl-C"):
                break
        key, secret = demo_keys("kavehaz")
        url = f"http://127.0.0.1:{unused_port}/kavehaz"
        assert f"url: {url}" in lines
        assert any(line.startswith("pult channel add kavehaz") and key in line and secret in line for line in lines)
        assert httpx.get(f"{url}/wp-json/").json()["name"] == "Kávéház webshop"
        process.send_signal(number)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def test_the_command_says_in_one_line_that_its_port_is_taken(tmp_path):
    with SandboxServer({}) as other:
        outcome = CliRunner().invoke(sandbox, ["--port", str(other.port), "--state", str(tmp_path)])
    assert outcome.exit_code == 1
    assert outcome.output.startswith(f"Error: the sandbox shops cannot start on port {other.port}")
    assert len(outcome.output.splitlines()) == 1


def test_the_command_ends_with_its_parent(tmp_path):
    port = free_port()
    code = "from pult.sandbox.cli import sandbox; sandbox()"
    # given a parent that starts the shops, waits for a line on its input, and goes
    parent_code = "import subprocess, sys; child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL); input()"
    command = [sys.executable, "-c", code, "--port", str(port), "--state", str(tmp_path)]
    parent = subprocess.Popen([sys.executable, "-c", parent_code, *command], stdin=subprocess.PIPE)

    def answers():
        try:
            return httpx.get(f"http://127.0.0.1:{port}/kavehaz/wp-json/").status_code == 200
        except httpx.TransportError:
            return False

    wait_until(answers)
    # when the parent is gone
    parent.communicate(b"\n")
    # then so are the shops
    wait_until(lambda: not answers())
