"""What holds for the whole API: every error is a problem document, and the pace is limited."""

from __future__ import annotations

import threading
from http import HTTPStatus
from time import monotonic

import httpx
import pytest
from django.test import RequestFactory
from waitress.server import create_server

from pult.accounts import api as entrance
from pult.accounts.models import IdempotencyKey
from pult.accounts.services import prune_idempotency_keys
from pult.lib.clock import moved, now
from pult.project.api import on_defect
from pult.project.refusals import Channel
from pult.project.wsgi import application
from pult.testing.api import ApiClient, custom_channel, order_body

pytestmark = pytest.mark.django_db


def test_the_openapi_document_is_open_to_all_and_names_the_right_of_each_operation():
    answer = ApiClient(None).get("/openapi.json")
    assert answer.status == 200
    assert answer.json["openapi"] == "3.1.0"
    listing = answer.json["paths"]["/api/v1/orders"]
    assert listing["get"]["x-pult-action"] == "orders.view"
    assert set(listing["post"]["responses"]) >= {"201", "200", "400", "401", "403", "404", "409", "413", "422", "429"}
    assert [p["name"] for p in listing["post"]["parameters"]] == ["Idempotency-Key"]


@pytest.mark.parametrize("path", ["/", "/nothing", "/orders/", "/orders/R-2026-000001/dance", "/%00", "/../admin"])
def test_an_address_that_is_none_is_a_problem_document(path: str):
    assert ApiClient("admin").get(path).status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_a_method_that_is_none_is_a_problem_document(method: str):
    answer = ApiClient("admin").call(method, "/orders")
    assert answer.status == 405
    assert set(answer.raw.headers["Allow"].split(", ")) == {"GET", "POST"}


def test_a_host_that_is_none_of_ours_is_a_problem_document():
    answer = ApiClient("admin")._client.get("/api/v1/orders", headers={"Host": "elsewhere.example"})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_program_that_asks_too_fast_is_told_when_to_come_back():
    client = ApiClient("admin")
    # used up until some seconds from now, so that the next request surely comes too early
    while not entrance._buckets.wait_s(client.token.pk, at=monotonic() + 5):
        pass
    answer = client.get("/orders")
    assert (answer.status, answer.json["code"]) == (429, "too_many_requests")
    assert 1 <= int(answer.raw.headers["Retry-After"]) <= 6
    assert ApiClient("admin").get("/orders").status == 200


def test_a_defect_tells_the_caller_nothing_of_the_inside():
    answer = on_defect(RequestFactory().get("/api/v1/orders"), RuntimeError("the inside"))
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert b"inside of" not in answer.content
    assert b"RuntimeError" not in answer.content


def test_answers_are_forgotten_after_a_day():
    custom_channel()
    client = ApiClient("admin")
    client.post("/orders", order_body(), key="call-1")
    assert prune_idempotency_keys() == 0
    with moved(now().replace(year=now().year + 1)):
        assert prune_idempotency_keys() == 1
    assert IdempotencyKey.objects.count() == 0


def test_the_use_of_a_token_is_noted():
    client = ApiClient("admin")
    client.get("/orders")
    client.token.refresh_from_db()
    assert client.token.last_used_at is not None


def test_what_the_web_server_itself_refuses_is_a_problem_document_too():
    server = create_server(
        application, host="127.0.0.1", port=0, max_request_body_size=1000, threads=1, clear_untrusted_proxy_headers=True
    )
    server.channel_class = Channel
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.effective_port}"
        refused = httpx.post(f"{address}/api/v1/orders", content=b"x" * 2000)
        assert refused.status_code == 413
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json()["code"] == HTTPStatus(413).phrase.lower().replace(" ", "_")
        assert httpx.post(f"{address}/elsewhere", content=b"x" * 2000).headers["Content-Type"].startswith("text/plain")
    finally:
        server.close()
        thread.join(10)
