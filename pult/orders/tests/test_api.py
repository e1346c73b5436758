"""Orders over HTTP, as a program meets them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pult.catalogue.services import save_product
from pult.channels.services import add_channel
from pult.history.types import SYSTEM, Actor
from pult.lib.clock import now
from pult.orders.models import Order
from pult.orders.schemas import OrderShape
from pult.orders.services.arrivals import Arrival
from pult.orders.services.editing import edit_order
from pult.orders.services.receiving import receive_order
from pult.orders.types import IncomingBuyer, IncomingLine, IncomingOrder, IncomingProblem
from pult.testing.api import ApiClient, custom_channel, order_body

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> ApiClient:
    return ApiClient("admin")


@pytest.fixture
def channel() -> Any:
    return custom_channel()


def made(api: ApiClient, **more: Any) -> dict[str, Any]:
    answer = api.post("/orders", order_body(**more))
    assert answer.status == 201, answer.json
    return answer.json


def numbers(answer: Any) -> list[str]:
    return [item["number"] for item in answer.json["items"]]


# --- recording


def test_the_least_that_makes_an_order(api: ApiClient, channel: Any):
    order = made(api)
    OrderShape.model_validate(order)
    assert order["channel"] == {"code": "telefon", "kind": "custom", "platform": None, "name": "telefon"}
    assert order["totals"] == {"net": "12205.00", "vat": "3295.00", "gross": "15500.00"}
    assert (order["status"], order["payment_status"], order["currency"]) == ("new", "unpaid", "HUF")
    assert order["lines"][0]["name"] == "Bögre"
    assert order["lines"][0]["sku"] is None
    assert order["problems"] == []
    assert order["number"].startswith("R-")


def test_pult_completes_from_the_catalogue_what_the_caller_leaves_out(api: ApiClient, channel: Any):
    save_product(
        actor=SYSTEM,
        sku="BOGRE-01",
        name="Bögre, kék",
        unit="db",
        vat_rate=Decimal(27),
        price_gross=Decimal(1550),
        barcodes=["5991234567894"],
    )
    order = made(
        api,
        lines=[
            {"sku": "bogre-01", "quantity": 10},
            {"kind": "shipping", "name": "GLS", "quantity": "1", "unit_price_gross": 1500, "vat_rate": "27"},
            {"kind": "discount", "name": "Kupon", "quantity": 1, "unit_price_gross": "-1000", "vat_rate": 27},
        ],
        customer={"company": "Minta Kft.", "tax_number": "12345676-2-41", "email": "anna@example.com"},
        billing_address={"name": "Minta Kft.", "country": "hu", "postcode": "1117", "city": "Budapest", "street": "x"},
        shipping={"name": "GLS futár", "tracking_numbers": ["1Z"]},
        payment={"method": "cod", "name": "Utánvét"},
        pickup_point={"provider": "foxpost", "code": "HU1234"},
        placed_at="2026-11-02T08:15:00Z",
        external_id="A-1",
        tags=["telefon", "telefon"],
        customer_note="Kérem, csengessenek!",
        internal_note="",
    )
    assert [line["sku"] for line in order["lines"]] == ["BOGRE-01", None, None]
    assert order["lines"][0]["name"] == "Bögre, kék"
    assert order["lines"][0]["external_sku"] == "bogre-01"
    assert order["totals"]["gross"] == "16000.00"
    assert order["customer"]["type"] == "company"
    assert order["billing_address"]["country"] == "HU"
    assert order["shipping"] == {"method": None, "name": "GLS futár", "tracking_numbers": ["1Z"]}
    assert order["placed_at"] == "2026-11-02T08:15:00Z"
    assert (order["tags"], order["internal_note"]) == (["telefon"], None)


def test_a_wrong_tax_number_is_kept_and_shown_as_a_problem(api: ApiClient, channel: Any):
    order = made(api, customer={"tax_number": "12345678-2-41"})
    assert order["customer"]["tax_number"] == "12345678-2-41"
    assert [problem["code"] for problem in order["problems"]] == ["bad_tax_number"]


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({"lines": []}, ["lines"]),
        ({"lines": None}, ["lines"]),
        ({"lines": [{"name": "x", "unit_price_gross": "1", "vat_rate": "27"}]}, ["lines.0.quantity"]),
        ({"lines": [{"name": "x", "quantity": "0", "unit_price_gross": "1", "vat_rate": 27}]}, ["lines.0.quantity"]),
        ({"lines": [{"name": "x", "quantity": "NaN", "unit_price_gross": "1", "vat_rate": 27}]}, ["lines.0.quantity"]),
        ({"lines": [{"name": "x", "quantity": 1, "unit_price_gross": 1e300, "vat_rate": 27}]}, None),
        ({"lines": [{"name": "x", "quantity": 1, "unit_price_gross": "1"}]}, ["lines.0.vat_rate"]),
        ({"lines": [{"name": "x", "quantity": 1, "vat_rate": 127}]}, ["lines.0.vat_rate"]),
        ({"lines": [{"name": "x", "quantity": 1, "vat_rate": 27}]}, ["lines.0.unit_price_gross"]),
        ({"lines": [{"sku": "NINCS", "quantity": 1}]}, ["lines.0.sku"]),
        ({"lines": [{"name": "a\0b", "quantity": 1, "vat_rate": 27, "unit_price_gross": 1}]}, ["lines.0.name"]),
        ({"currency": "XXX"}, ["currency"]),
        ({"placed_at": "yesterday"}, ["placed_at"]),
        ({"placed_at": "9999-12-31T23:59:59Z"}, ["placed_at"]),
        ({"billing_address": {"country": "ZZ"}}, ["billing_address.country"]),
        ({"colour": "red"}, ["colour"]),
        ({"status": "completed"}, ["status"]),
        ({"customer": "Anna"}, ["customer"]),
        ({"tags": ["x" * 201]}, ["tags.0"]),
    ],
    ids=str,
)
def test_a_wrong_field_is_named_and_nothing_is_made(
    api: ApiClient, channel: Any, more: dict[str, Any], fields: list[str] | None
):
    answer = api.post("/orders", order_body(**more))
    assert answer.status == 422, answer.json
    if fields is not None:
        assert answer.fields == fields
    assert Order.objects.count() == 0


def test_orders_are_recorded_in_custom_channels_only(api: ApiClient):
    add_channel(actor=SYSTEM, code="bolt", kind="webshop", platform="woocommerce")
    answer = api.post("/orders", order_body("bolt"))
    assert (answer.status, answer.json["code"], answer.fields) == (422, "not_a_custom_channel", ["channel"])
    assert api.post("/orders", order_body("nincs")).status == 404


def test_an_external_id_told_again_is_the_same_order_and_told_differently_a_conflict(api: ApiClient, channel: Any):
    first = made(api, external_id="A-1", placed_at="2026-11-02T08:15:00Z")
    again = api.post("/orders", order_body(external_id="A-1", placed_at="2026-11-02T08:15:00Z"))
    assert (again.status, again.json["number"]) == (200, first["number"])
    other = api.post("/orders", order_body(external_id="A-1", placed_at="2026-11-03T08:15:00Z"))
    assert (other.status, other.json["code"], other.json["number"]) == (409, "external_id_taken", first["number"])
    assert Order.objects.count() == 1


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    lines=st.lists(
        st.fixed_dictionaries(
            {
                "name": st.just("x"),
                "quantity": st.decimals("0.001", 999, places=3).map(str),
                "vat_rate": st.sampled_from(["0", "5", "18", "27"]),
            },
            optional={"discount_percent": st.decimals(0, 100, places=2).map(str)},
        ).flatmap(
            lambda line: st.tuples(
                st.sampled_from(["unit_price_net", "unit_price_gross"]), st.decimals(0, 99_999, places=2).map(str)
            ).map(lambda price: {**line, price[0]: price[1]})
        ),
        min_size=1,
        max_size=8,
    ),
    currency=st.sampled_from(["HUF", "EUR"]),
)
def test_the_lines_of_a_recorded_order_sum_up_to_its_totals(
    api: ApiClient, channel: Any, lines: list[dict[str, Any]], currency: str
):
    order = made(api, lines=lines, currency=currency)
    for part in ("net", "vat", "gross"):
        assert sum(Decimal(line[part]) for line in order["lines"]) == Decimal(order["totals"][part])
    assert order["problems"] == []


# --- idempotency


def test_the_same_write_sent_again_is_answered_the_same_and_done_once(api: ApiClient, channel: Any):
    first = api.post("/orders", order_body(), key="call-1")
    again = api.post("/orders", order_body(), key="call-1")
    assert (first.status, again.status) == (201, 201)
    assert again.json == first.json
    assert again.raw.headers["Idempotency-Replayed"] == "true"
    assert Order.objects.count() == 1
    assert api.post("/orders", order_body(), key="call-2").json["number"] != first.json["number"]


def test_a_key_used_for_another_request_is_refused(api: ApiClient, channel: Any):
    api.post("/orders", order_body(), key="call-1")
    other = api.post("/orders", order_body(tags=["x"]), key="call-1")
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")
    number = Order.objects.get().number
    assert api.post(f"/orders/{number}/confirm", key="call-1").status == 422
    assert Order.objects.get().status == "new"


def test_a_refused_write_does_not_use_its_key_up(api: ApiClient):
    assert api.post("/orders", order_body(), key="call-1").status == 404
    custom_channel()
    assert api.post("/orders", order_body(), key="call-1").status == 201


def test_two_tokens_may_use_the_same_key(channel: Any):
    assert ApiClient("admin").post("/orders", order_body(), key="k").status == 201
    assert ApiClient("clerk").post("/orders", order_body(), key="k").status == 201
    assert Order.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_same_write_sent_six_times_at_once_is_one_order():
    custom_channel()
    api = ApiClient("admin")
    answers: list[Any] = []

    def send() -> None:
        try:
            answers.append(api.post("/orders", order_body(), key="call-1"))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [answer.status for answer in answers] == [201] * 6
    assert len({answer.json["number"] for answer in answers}) == 1
    assert Order.objects.count() == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
def test_a_key_that_is_none_is_refused(api: ApiClient, channel: Any, key: str):
    answer = api.post("/orders", order_body(), key=key)
    assert (answer.status, answer.fields) == (422, ["Idempotency-Key"])


# --- lists


def test_pages_hold_every_order_once_newest_first(api: ApiClient, channel: Any):
    made_numbers = [made(api, placed_at=f"2026-11-02T08:{minute:02}:00Z")["number"] for minute in (0, 1, 1, 1, 2)]
    page = api.get("/orders", limit=2)
    seen = numbers(page)
    while page.json["next"]:
        page = api.get("/orders", limit=2, cursor=page.json["next"])
        seen += numbers(page)
    assert seen == made_numbers[::-1]


def test_filters(api: ApiClient, channel: Any):
    custom_channel("email")
    first = made(api, placed_at="2026-11-02T08:00:00Z", customer={"name": "Kővári Ödön"})["number"]
    second = made(api, channel="email", placed_at="2026-11-03T08:00:00Z")["number"]
    api.post(f"/orders/{second}/confirm")
    for parameters, found in (
        ({"channel": "email"}, [second]),
        ({"channel": "email,telefon"}, [second, first]),
        ({"channel": ""}, [second, first]),
        ({"kind": "custom"}, [second, first]),
        ({"kind": "webshop"}, []),
        ({"status": "confirmed"}, [second]),
        ({"status": "new,confirmed"}, [second, first]),
        ({"payment_status": "unpaid"}, [second, first]),
        ({"payment_status": "paid"}, []),
        ({"placed_from": "2026-11-02T08:00:01Z"}, [second]),
        ({"placed_to": "2026-11-03T08:00:00Z"}, [first]),
        ({"placed_to": "2026-11-03"}, [second, first]),
        ({"placed_from": "2026-11-03", "placed_to": "2026-11-03"}, [second]),
        ({"placed_from": "2026-11-03T09:00:00 01:00"}, [second]),
        ({"placed_from": "2026-11-03T09:00:01 01:00"}, []),
        ({"placed_from": ""}, [second, first]),
        ({"q": "kovari odon"}, [first]),
        ({"q": second.lower()}, [second]),
        ({"problems": "true"}, []),
    ):
        assert numbers(api.get("/orders", **parameters)) == found, parameters


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"status": "paid"}, "status"),
        ({"kind": "shop"}, "kind"),
        ({"channel": "nincs"}, "channel"),
        ({"payment_status": "new"}, "payment_status"),
        ({"placed_from": "2026-13-01"}, "placed_from"),
        ({"placed_to": "0001-01-01"}, "placed_to"),
        ({"updated_from": "soon"}, "updated_from"),
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"limit": "9" * 5000}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"cursor": "abc"}, "cursor"),
        ({"cursor": "WyJwbGFjZWQiXQ"}, "cursor"),
        ({"cursor": "%"}, "cursor"),
        ({"q": "a\0b"}, "q"),
        ({"staus": "new"}, "staus"),
    ],
    ids=str,
)
def test_a_bad_filter_is_named(api: ApiClient, parameters: dict[str, str], field: str):
    answer = api.get("/orders", **parameters)
    assert answer.status == 422
    assert answer.fields == [field]


def test_a_page_costs_the_same_number_of_queries_however_long_it_is(api: ApiClient, channel: Any):
    counts = []
    for total in (1, 30):
        while Order.objects.count() < total:
            made(api)
        api.get("/orders")  # the token's use is noted once a minute
        with CaptureQueriesContext(connection) as queries:
            assert len(numbers(api.get("/orders"))) == total
        counts.append(len(queries))
        with CaptureQueriesContext(connection) as following:
            assert len(numbers(api.get("/orders", updated_from="2026-01-01"))) == total
        counts.append(len(following))
    assert counts == [4, 6, 4, 6]


# --- following


def test_a_follower_sees_each_change_in_its_order_and_keeps_its_cursor(api: ApiClient, channel: Any):
    first, second, third = (made(api)["number"] for _ in range(3))
    page = api.get("/orders", updated_from="2020-01-01", limit=2)
    assert numbers(page) == [first, second]
    page = api.get("/orders", updated_from="2020-01-01", limit=2, cursor=page.json["next"])
    assert numbers(page) == [third]
    cursor = page.json["next"]
    assert cursor
    empty = api.get("/orders", updated_from="2020-01-01", cursor=cursor)
    assert empty.json == {"items": [], "next": None}

    api.post(f"/orders/{first}/confirm")
    page = api.get("/orders", updated_from="2020-01-01", cursor=cursor)
    assert [(item["number"], item["status"]) for item in page.json["items"]] == [(first, "confirmed")]
    assert numbers(api.get("/orders", cursor=cursor)) == [first]


def test_a_cursor_of_the_other_list_is_refused(api: ApiClient, channel: Any):
    made(api)
    made(api)
    cursor = api.get("/orders", limit=1).json["next"]
    answer = api.get("/orders", updated_from="2020-01-01", cursor=cursor)
    assert (answer.status, answer.fields) == (422, ["cursor"])


@pytest.mark.django_db(transaction=True)
def test_a_change_committed_late_is_not_missed_by_a_follower():
    custom_channel()
    api = ApiClient("admin")
    early, late = made(api)["number"], made(api)["number"]
    since = (now() + timedelta(microseconds=1)).isoformat().replace("+00:00", "Z")
    written, go_on = threading.Event(), threading.Event()

    def write_and_commit_late() -> None:
        try:
            with transaction.atomic():
                edit_order(late, actor=SYSTEM, values={"internal_note": "slow"})
                written.set()
                go_on.wait(20)
        finally:
            connections.close_all()

    thread = threading.Thread(target=write_and_commit_late)
    thread.start()
    assert written.wait(20)
    # changed later than the one under way, committed earlier
    edit_order(early, actor=SYSTEM, values={"internal_note": "quick"})
    seen = api.get("/orders", updated_from=since)
    assert numbers(seen) == []
    go_on.set()
    thread.join(20)
    assert numbers(api.get("/orders", updated_from=since)) == [late, early]


# --- one order


def test_the_number_may_be_typed_in_small_letters(api: ApiClient, channel: Any):
    order = made(api)
    assert api.get(f"/orders/{order['number'].lower()}").json == order
    assert api.post(f"/orders/{order['number'].lower()}/confirm").json["status"] == "confirmed"


@pytest.mark.parametrize("number", ["R-2026-999999", "%00", "%ff", "0", "x" * 300, "ő"])
def test_an_order_that_is_none_is_a_problem_document(api: ApiClient, number: str):
    assert api.get(f"/orders/{number}").status in {404, 422}


def test_the_history_says_who_changed_what_from_what_to_what(channel: Any):
    api = ApiClient("manager")
    number = made(api)["number"]
    api.patch(f"/orders/{number}", {"internal_note": "hívni"})
    api.post(f"/orders/{number}/hold", {"reason": "nincs készleten"})
    history = api.get(f"/orders/{number}/history").json
    assert history["next"] is None
    hold, edit, received = history["items"]
    assert hold["action"] == "hold"
    assert hold["changes"] == {"status": ["new", "on_hold"]}
    assert hold["data"] == {"reason": "nincs készleten"}
    assert hold["actor"] == {"kind": "token", "id": str(api.token.pk), "name": "test manager"}
    assert (edit["action"], edit["changes"]) == ("edited", {"internal_note": [None, "hívni"]})
    assert received["action"] == "received"
    page = api.get(f"/orders/{number}/history", limit=2).json
    rest = api.get(f"/orders/{number}/history", limit=2, cursor=page["next"]).json
    assert page["items"] + rest["items"] == history["items"]


def test_editing_changes_what_is_given_and_leaves_the_rest(api: ApiClient, channel: Any):
    order = made(api, customer_note="x", tags=["a"])
    changed = api.patch(
        f"/orders/{order['number']}",
        {
            "tags": ["b", "c"],
            "customer_note": None,
            "shipping_address": {"name": "Anna", "country": "HU", "city": "Pécs"},
            "shipping": {"tracking_numbers": ["1Z"]},
            "payment": {"name": "Átutalás"},
        },
    ).json
    assert (changed["tags"], changed["customer_note"]) == (["b", "c"], None)
    assert changed["shipping_address"]["city"] == "Pécs"
    assert changed["shipping"]["tracking_numbers"] == ["1Z"]
    assert changed["payment"]["name"] == "Átutalás"
    assert changed["totals"] == order["totals"]
    assert api.patch(f"/orders/{order['number']}", {}).status == 200
    assert api.patch(f"/orders/{order['number']}", {"totals": {}}).fields == ["totals"]


def test_a_step_the_state_does_not_allow_is_a_conflict_and_changes_nothing(api: ApiClient, channel: Any):
    number = made(api)["number"]
    answer = api.post(f"/orders/{number}/ship")
    assert (answer.status, answer.json["code"]) == (409, "step_refused")
    assert api.get(f"/orders/{number}").json["status"] == "new"


def test_the_whole_way_of_an_order(api: ApiClient, channel: Any):
    number = made(api)["number"]
    seen = [
        api.post(f"/orders/{number}/{step}").json["status"]
        for step in ("hold", "release", "confirm", "process", "ready", "ship", "complete", "return")
    ]
    assert seen == ["on_hold", "new", "confirmed", "processing", "ready", "shipped", "completed", "returned"]
    assert api.patch(f"/orders/{number}", {"customer_note": "x"}).status == 409
    assert api.patch(f"/orders/{number}", {"internal_note": "x"}).status == 200


def test_a_cancelled_order_can_be_opened_again(api: ApiClient, channel: Any):
    number = made(api)["number"]
    assert api.post(f"/orders/{number}/cancel").json["status"] == "cancelled"
    assert api.post(f"/orders/{number}/reopen").json["status"] == "new"


def incoming(**more: Any) -> IncomingOrder:
    line = IncomingLine(
        kind="product",
        name="Bögre",
        quantity=Decimal(1),
        net=Decimal(1000),
        vat=Decimal(270),
        gross=Decimal(1270),
        unit_price_net=Decimal(1000),
        unit_price_gross=Decimal(1270),
        external_sku="kek-bogre",
    )
    values = {
        "external_id": "1",
        "status": "new",
        "placed_at": datetime(2026, 11, 2, 8, tzinfo=UTC),
        "currency": "HUF",
        "total_gross": Decimal(1270),
        "buyer": IncomingBuyer(name="Anna"),
        "lines": (line,),
        **more,
    }
    return IncomingOrder(**values)


def test_a_problem_is_settled_once(api: ApiClient, channel: Any):
    arrival = Arrival(incoming(problems=(IncomingProblem("pickup_point_unknown"),)))
    number = receive_order(channel, arrival, actor=SYSTEM).number
    assert [p["code"] for p in api.get(f"/orders/{number}").json["problems"]] == ["pickup_point_unknown"]
    assert api.post(f"/orders/{number}/problems/pickup_point_unknown/settle").json["problems"] == []
    assert api.post(f"/orders/{number}/problems/pickup_point_unknown/settle").status == 404


def test_a_change_in_the_shop_after_work_has_begun_is_taken_or_refused(api: ApiClient, channel: Any):
    shop = Actor("channel", channel.code, channel.name)
    before = incoming()
    for external_id, word, note in (("1", "take-change", "új"), ("2", "refuse-change", None)):
        was, becomes = incoming(external_id=external_id), incoming(external_id=external_id, customer_note="új")
        number = receive_order(channel, Arrival(was, message_id=1, checksum=b"a" * 16), actor=shop).number
        api.post(f"/orders/{number}/process")
        receive_order(channel, Arrival(becomes, message_id=2, checksum=b"b" * 16, before=was), actor=shop)
        waiting = api.get(f"/orders/{number}").json
        assert waiting["customer_note"] is None
        assert [problem["code"] for problem in waiting["problems"]] == ["changed_in_shop"]
        decided = api.post(f"/orders/{number}/{word}")
        assert decided.status == 200
        assert (decided.json["customer_note"], decided.json["problems"]) == (note, [])
        assert api.post(f"/orders/{number}/{word}").status == 404
    assert before.customer_note is None


def test_a_line_is_matched_alone_or_with_all_its_like(api: ApiClient, channel: Any):
    first, second, third = (
        receive_order(channel, Arrival(incoming(external_id=str(i))), actor=SYSTEM).number for i in range(3)
    )
    save_product(actor=SYSTEM, sku="BOGRE-01", name="Bögre")
    assert api.post(f"/orders/{first}/lines/1/match", {"sku": "bogre-01"}).json == {"matched": 1}
    assert api.get(f"/orders/{first}").json["lines"][0]["sku"] == "BOGRE-01"
    assert api.get(f"/orders/{second}").json["lines"][0]["sku"] is None
    assert api.post(f"/orders/{second}/lines/1/match", {"sku": "BOGRE-01", "all": True}).json == {"matched": 2}
    assert api.get(f"/orders/{third}").json["lines"][0]["sku"] == "BOGRE-01"
    for path, body, status in (
        (f"/orders/{first}/lines/2/match", {"sku": "BOGRE-01"}, 404),
        (f"/orders/{first}/lines/2/match", {"sku": "BOGRE-01", "all": True}, 404),
        (f"/orders/{first}/lines/1/match", {"sku": "NINCS"}, 422),
        (f"/orders/{first}/lines/0/match", {"sku": "BOGRE-01"}, 422),
        (f"/orders/{first}/lines/{10**30}/match", {"sku": "BOGRE-01"}, 422),
    ):
        assert api.post(path, body).status == status, path


def test_hostile_texts_are_kept_as_texts(api: ApiClient, channel: Any):
    for text in (
        "<script>alert(1)</script>",
        "'; DROP TABLE orders_order; --",
        "😀\u202e",
        "=HYPERLINK(1)",
        "%s %(x)s {0}",
    ):
        order = made(api, customer={"name": text}, internal_note=text, tags=[text])
        assert (order["customer"]["name"], order["internal_note"], order["tags"]) == (text, text, [text])


# --- bodies


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"channel": NaN}', 400),
        (b"[" * 100_000, 400),
        (b'{"channel": "\\ud800"}', 400),
        (b"[]", 422),
        (b"null", 422),
        (b"1", 422),
        (b"", 422),
        (b'{"channel": 1' + b"0" * 10_000 + b"}", 400),
        (b" " * (10 * 1024 * 1024 + 1), 413),
    ],
    ids=["cut", "no utf-8", "nan", "deep", "half surrogate", "list", "null", "number", "none", "long number", "large"],
)
def test_a_body_that_is_no_order_is_refused(api: ApiClient, channel: Any, raw: bytes, status: int):
    assert api.call("POST", "/orders", raw=raw).status == status
    assert api.call("POST", "/orders", raw=raw, key="call-1").status == status
    assert Order.objects.count() == 0
