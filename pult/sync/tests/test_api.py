"""Channels over HTTP."""

from __future__ import annotations

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from pult.channels.models import SalesChannel
from pult.channels.selectors import opened_settings
from pult.testing.api import ApiClient, custom_channel
from pult.testing.waiting import free_port

pytestmark = pytest.mark.django_db

SHOP = {
    "code": "bolt",
    "kind": "webshop",
    "platform": "woocommerce",
    "name": "Szép Bolt",
    "settings": {"url": "https://shop.example", "consumer_key": "ck_secret", "consumer_secret": "cs_secret"},
}


@pytest.fixture
def api() -> ApiClient:
    return ApiClient("manager")


def test_a_channel_is_made_and_its_secrets_never_come_back(api: ApiClient):
    made = api.post("/channels", SHOP)
    assert made.status == 201
    assert (made.json["code"], made.json["kind"], made.json["state"]) == ("bolt", "webshop", "waiting")
    opened = opened_settings(SalesChannel.objects.get(code="bolt"))
    assert (opened["consumer_key"], opened["consumer_secret"]) == ("ck_secret", "cs_secret")
    for answer in (made, api.get("/channels/bolt"), api.get("/channels"), api.patch("/channels/bolt", {"name": "B"})):
        assert b"secret" not in answer.raw.content
    assert api.get("/channels/bolt").json["name"] == "B"


def test_settings_are_changed_one_by_one(api: ApiClient):
    api.post("/channels", SHOP)
    changed = api.patch("/channels/bolt", {"settings": {"consumer_key": "ck_new", "verify_tls": False}})
    assert changed.status == 200
    assert changed.json["settings"]["verify_tls"] == "false"
    opened = opened_settings(SalesChannel.objects.get(code="bolt"))
    assert (opened["consumer_key"], opened["consumer_secret"]) == ("ck_new", "cs_secret")
    assert opened["url"] == "https://shop.example"
    mapped = api.patch("/channels/bolt", {"status_map": {"wc-kulon": "on_hold"}, "color": "teal"})
    assert mapped.status == 200
    assert SalesChannel.objects.get(code="bolt").status_map == {"wc-kulon": "on_hold"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"platform": "magento"}, "bad_platform"),
        ({"platform": None}, "bad_platform"),
        ({"settings": {"url": "https://shop.example"}}, "missing_setting"),
        ({"settings": {**SHOP["settings"], "colour": "red"}}, "bad_setting"),
        ({"settings": {**SHOP["settings"], "url": "shop"}}, "bad_setting"),
        ({"code": "Nagy Betű"}, "bad_code"),
        ({"kind": "shop"}, "invalid"),
        ({"code": "a\0"}, "invalid"),
        ({"currency": "XXX"}, "invalid"),
        ({"settings": {"a\0": "x"}}, "invalid"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_channel_is_said(api: ApiClient, change: dict[str, object], code: str):
    answer = api.post("/channels", {**SHOP, **change})
    assert (answer.status, answer.json["code"]) == (422, code)
    assert SalesChannel.objects.count() == 0


def test_a_code_is_taken_once(api: ApiClient):
    api.post("/channels", SHOP)
    assert api.post("/channels", SHOP).status == 409


def test_a_channel_keeps_its_currency(api: ApiClient):
    api.post("/channels", {"code": "telefon", "kind": "custom", "currency": "EUR"})
    assert api.get("/channels/telefon").json["currency"] == "EUR"
    assert api.patch("/channels/telefon", {"settings": {"currency": "HUF"}}).json["code"] == "currency_fixed"
    assert api.patch("/channels/telefon", {"color": "black"}).json["code"] == "bad_color"
    assert api.patch("/channels/telefon", {"status_map": {"x": "paid"}}).status == 422


def test_a_synchronisation_is_asked_for_once_while_it_waits(api: ApiClient):
    api.post("/channels", SHOP)
    first = api.post("/channels/bolt/sync")
    assert (first.status, first.json) == (202, {"channel": "bolt", "queued": True, "full": False})
    assert api.post("/channels/bolt/sync").json["queued"] is False
    assert api.post("/channels/bolt/sync", {"full": True}).json == {"channel": "bolt", "queued": True, "full": True}
    jobs = ProcrastinateJob.objects.filter(task_name="sync.sync_now").order_by("pk")
    assert [job.args["full"] for job in jobs] == [False, True]


def test_a_channel_is_paused_and_goes_on(api: ApiClient):
    api.post("/channels", SHOP)
    assert api.post("/channels/bolt/pause").json["state"] == "paused"
    assert api.post("/channels/bolt/pause").json["paused"] is True
    assert api.post("/channels/bolt/resume").json["state"] == "in_step"


def test_a_test_says_what_works(api: ApiClient):
    shop = {**SHOP, "settings": {**SHOP["settings"], "url": f"http://127.0.0.1:{free_port()}"}}
    api.post("/channels", shop)
    tried = api.post("/channels/bolt/test")
    assert tried.status == 200
    assert tried.json["ok"] is False
    assert tried.json["steps"][-1]["level"] == "error"
    # a test is made anew each time, whatever key it comes with
    assert "Idempotency-Replayed" not in api.post("/channels/bolt/test", key="k").raw.headers
    assert "Idempotency-Replayed" not in api.post("/channels/bolt/test", key="k").raw.headers
    custom_channel()
    assert api.post("/channels/telefon/test").json["ok"] is True


def test_a_channel_without_a_shop_has_nothing_to_fetch(api: ApiClient):
    custom_channel()
    for step in ("sync", "pause", "resume"):
        answer = api.post(f"/channels/telefon/{step}")
        assert (answer.status, answer.json["code"]) == (409, "nothing_to_fetch")
        assert api.post(f"/channels/nincs/{step}").status == 404


def test_pages_hold_every_channel_once(api: ApiClient):
    for code in ("c", "a", "b"):
        custom_channel(code)
    page = api.get("/channels", limit=2).json
    assert [item["code"] for item in page["items"]] == ["a", "b"]
    rest = api.get("/channels", limit=2, cursor=page["next"]).json
    assert ([item["code"] for item in rest["items"]], rest["next"]) == (["c"], None)
