"""Orders over real HTTP: shape, amounts, lists, dates, and how an order ends, for both generations."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from stdnum.hu import anum

from pult.sandbox.woocommerce import SandboxShop, catalogue

BOTH = pytest.mark.parametrize("generation", ["new", "old"])


def parts(order):
    rows = [*order["line_items"], *order["shipping_lines"], *order["fee_lines"]]
    return sum((Decimal(row["total"]) + Decimal(row["total_tax"]) for row in rows), Decimal(0))


def errors_of(answer):
    return answer.status_code, answer.json()["code"]


# --- amounts and shape ---------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("currency", "decimals", "include_tax"), [("HUF", 0, True), ("HUF", 0, False), ("EUR", 2, True)]
)
def test_with_the_shops_own_decimals_the_parts_add_up(run_shop, generation, currency, decimals, include_tax):
    running = run_shop(generation=generation, currency=currency, decimals=decimals, prices_include_tax=include_tax)
    for number in range(100):
        running.shop.place_order(currency="EUR" if number % 10 == 0 else None)
    orders = running.get("/orders", per_page=100).json()
    assert len(orders) == 100
    assert [order["id"] for order in orders if parts(order) != Decimal(order["total"])] == []
    assert {row["rate_percent"] for order in orders for row in order["tax_lines"]} == {27, 18, 5}
    assert any(order["coupon_lines"] for order in orders) and any(len(order["fee_lines"]) > 1 for order in orders)


def test_with_more_decimals_they_do_not(run_shop):
    running = run_shop()
    order = running.shop.place_order(lines=[("KAV-001", 2)], shipping=(), cod_fee=0, discount_fee=0, coupon="")
    line = running.get(f"/orders/{order}", dp=2).json()["line_items"][0]
    assert (line["total"], line["total_tax"]) == ("20456.69", "5523.00")
    assert running.get(f"/orders/{order}").json()["line_items"][0]["total"] == "20457"


def test_the_order_of_the_recorded_response_comes_out_with_the_same_amounts(run_shop):
    wishes = {"company": False, "locker": False, "coupon": "", "discount_fee": 0}
    lines = [("LEK-018", 3), ("KNY-005", 2), ("POLO-S-K", 1)]
    shipping = [("flat_rate", "MPL futár", Decimal(1750))]
    for generation, raw in (("new", "1002"), ("old", "1002.20339")):
        running = run_shop(generation=generation)
        number = running.shop.place_order(lines=lines, shipping=shipping, payment_method="cod", cod_fee=400, **wishes)
        order = running.get(f"/orders/{number}").json()
        sums = [order[key] for key in ("total", "total_tax", "cart_tax", "shipping_total", "shipping_tax")]
        assert sums == ["20690", "3017", "2645", "1378", "372"]
        assert [row["price"] for row in order["line_items"]] == [1855.9322033333335, 2847.6190475, 4716.535433]
        assert order["line_items"][0]["taxes"] == [{"id": 2, "total": raw, "subtotal": raw}]
        assert [row["rate_percent"] for row in order["tax_lines"]] == [18, 5, 27]
        assert order["date_paid"] is None and order["date_created_gmt"] == "2026-11-23T16:00:00"
        assert order["date_created"] == "2026-11-23T17:00:00"
        assert ("global_unique_id" in order["line_items"][0]) is (generation == "new")


def test_answers_are_escaped_as_php_does(run_shop):
    running = run_shop()
    order = running.shop.place_order(customer_note="Őrült jó / 🙂", billing={"first_name": "Őrs"})
    raw = running.get(f"/orders/{order}").content
    assert b'"first_name":"\\u0150rs"' in raw and b'"\\u0150r\\u00fclt j\\u00f3 \\/ \\ud83d\\ude42"' in raw
    assert raw.isascii()


def test_companies_have_valid_tax_numbers_and_lockers_overwrite_the_shipping_address(run_shop):
    running = run_shop()
    order = running.get(f"/orders/{running.shop.place_order(company=True, locker=True)}").json()
    meta = {row["key"]: row["value"] for row in order["meta_data"]}
    assert anum.is_valid(meta["_billing_wc_szamlazz_adoszam"][:8])
    assert order["shipping"]["company"] == meta["_vp_woo_pont_point_name"] != order["billing"]["company"]
    assert meta["_vp_woo_pont_point_id"] and list(meta) == sorted(meta)


def test_the_catalogue_has_unique_skus_and_barcodes():
    items = catalogue()
    assert len({item.sku for item in items}) == len({item.barcode for item in items}) == len(items) == 25


def test_a_deleted_product_leaves_name_and_amounts(run_shop):
    running = run_shop()
    order = running.shop.place_order(lines=[("KNY-005", 1)])
    running.shop.delete_product("KNY-005")
    line = running.get(f"/orders/{order}").json()["line_items"][0]
    assert (line["product_id"], line["sku"], line["name"]) == (0, None, "Könyv: A Pál utcai fiúk")


# --- lists ---------------------------------------------------------------------------------------------------------


def test_pages_have_totals_and_links(run_shop):
    running = run_shop()
    for _ in range(5):
        running.shop.place_order()
    page = running.get("/orders", per_page=2, page=2, _fields="id,billing.email")
    assert page.headers["X-WP-Total"] == "5" and page.headers["X-WP-TotalPages"] == "3"
    assert page.links["prev"]["url"].startswith(f"{running.url}/wp-json/wc/v3/orders?per_page=2&page=1&")
    assert page.links["next"]["url"].startswith(f"{running.url}/wp-json/wc/v3/orders?per_page=2&page=3&")
    assert list(page.json()[0]) == ["id", "billing"] and list(page.json()[0]["billing"]) == ["email"]


@BOTH
def test_a_page_beyond_the_end_is_empty(run_shop, generation):
    running = run_shop(generation=generation)
    running.shop.place_order()
    beyond = running.get("/orders", page=9)
    assert (beyond.status_code, beyond.json()) == (200, [])
    assert beyond.headers["X-WP-Total"] == ("0" if generation == "new" else "1")


@pytest.mark.parametrize(
    "params",
    [
        {"per_page": 0},
        {"per_page": 101},
        {"page": 0},
        {"status": "wc-processing"},
        {"status": "nincs-ilyen"},
        {"orderby": "total"},
        {"order": "up"},
        {"modified_after": "2026-11-23"},
        {"dates_are_gmt": "perhaps"},
        {"include": "x"},
    ],
)
def test_bad_parameters_are_refused_by_name(run_shop, params):
    answer = run_shop().get("/orders", **params)
    assert errors_of(answer) == (400, "rest_invalid_param")
    assert list(answer.json()["data"]["params"]) == list(params)


def test_date_filters_are_exclusive_and_quirky_about_zones(run_shop):
    running = run_shop()
    order = running.shop.place_order()  # at 16:00:00 UTC, 17:00:00 in the shop
    gmt = {"dates_are_gmt": "true"}
    assert running.ids(modified_after="2026-11-23T15:59:59", **gmt) == [order]
    assert running.ids(modified_after="2026-11-23T16:00:00", **gmt) == []
    assert running.ids(modified_before="2026-11-23T16:00:00", **gmt) == []
    assert running.ids(modified_after="2026-11-23T16:59:59") == [order]
    assert running.ids(modified_after="2026-11-23T17:00:00") == []
    assert running.ids(modified_after="2026-11-23T15:59:59.999Z") == [order]
    assert running.ids(modified_after="2026-11-23T16:59:59+01:00") == [order]
    # `Z` together with the flag is moved to local time first: the newest hour is lost
    assert running.ids(modified_after="2026-11-23T15:30:00Z", **gmt) == []
    assert running.ids(modified_after="2026-11-23T14:59:59Z", **gmt) == [order]
    bare_plus = running.client.get("/wp-json/wc/v3/orders?after=2026-11-23T16:59:59+01:00")
    assert bare_plus.status_code == 400


@BOTH
def test_statuses_in_lists(run_shop, generation):
    running = run_shop(generation=generation)
    shop = running.shop
    shop.register_status("csomagolva")
    made = {
        status: shop.place_order(status=status) for status in ("processing", "on-hold", "csomagolva", "checkout-draft")
    }
    binned = shop.place_order()
    shop.trash(binned)
    drafts = {made["checkout-draft"]} if generation == "old" else set()
    visible = {made["processing"], made["on-hold"], made["csomagolva"]} | drafts
    assert set(running.ids()) == set(running.ids(status="any,trash")) == visible
    assert running.ids(status="trash") == [binned]
    assert set(running.ids(status="processing,trash")) == {made["processing"], binned}
    assert running.ids(status="csomagolva") == [made["csomagolva"]]
    # when the plug-in is gone
    shop.unregister_status("csomagolva")
    assert running.get("/orders", status="csomagolva").status_code == 400
    assert (made["csomagolva"] in running.ids()) is (generation == "old")
    assert running.ids(include=made["csomagolva"]) == ([made["csomagolva"]] if generation == "old" else [])
    assert running.get(f"/orders/{made['csomagolva']}").json()["status"] == "csomagolva"


def test_ordering_and_including(run_shop):
    running = run_shop()
    first, second, third = (running.shop.place_order() for _ in range(3))
    running.clock.forward(60)
    running.shop.edit_meta(second, "_pult_order", 42)
    assert running.ids(orderby="modified", order="asc") == [first, third, second]
    assert running.ids(orderby="id", order="asc", exclude=f"{first},{third}") == [second]
    assert running.ids(include=f"{third},{first}", orderby="include") == [third, first]
    assert running.get(f"/orders/{second}", include_meta="_pult_order").json()["meta_data"][0]["value"] == "42"


# --- what moves date_modified --------------------------------------------------------------------------------------


def modified(running, order):
    return running.get(f"/orders/{order}").json()["date_modified_gmt"]


@BOTH
def test_what_moves_date_modified(run_shop, generation):
    running = run_shop(generation=generation)
    shop, hpos = running.shop, generation == "new"
    order = shop.place_order(payment_method="cod", status="processing", lines=[("KAV-001", 2)])
    put = f"/wp-json/wc/v3/orders/{order}"

    def moves(change):
        running.clock.forward(10)
        before = modified(running, order)
        change()
        return modified(running, order) != before

    refunds = []
    assert moves(lambda: shop.set_status(order, "on-hold"))
    assert moves(lambda: shop.set_customer_note(order, "Új megjegyzés"))
    assert moves(lambda: refunds.append(shop.refund(order, 500)))
    assert not moves(lambda: shop.delete_refund(order, refunds[0]))
    assert moves(lambda: shop.edit_address(order, city="Eger")) is hpos
    assert moves(lambda: shop.edit_line(order, quantity=3)) is hpos
    assert moves(lambda: shop.edit_meta(order, "_x", "y")) is hpos
    assert moves(lambda: running.client.put(put, json={"transaction_id": "T1"})) is hpos
    assert moves(lambda: running.client.put(put, json={})) is hpos
    assert moves(lambda: running.client.put(put, json={"status": "on-hold"})) is hpos
    assert not moves(lambda: shop.add_note(order, "belső"))
    assert moves(lambda: shop.trash(order))
    assert moves(lambda: shop.restore(order))


# --- writing, and how an order ends --------------------------------------------------------------------------------


def test_put_needs_its_content_type_and_knows_its_statuses(run_shop):
    running = run_shop()
    order = running.shop.place_order(payment_method="barion", status="processing")
    path = f"/wp-json/wc/v3/orders/{order}"
    ignored = running.client.put(path, content=json.dumps({"status": "completed"}))
    assert (ignored.status_code, ignored.json()["status"]) == (200, "processing")
    for way in (
        lambda: running.client.put(path, json={"status": "completed"}),
        lambda: running.client.post(path, json={"status": "processing"}),
        lambda: running.client.post(path, json={"status": "completed"}, params={"_method": "PUT"}),
        lambda: running.client.post(path, json={"status": "on-hold"}, headers={"X-HTTP-Method-Override": "PUT"}),
    ):
        assert way().status_code == 200
    assert running.get(f"/orders/{order}").json()["status"] == "on-hold"
    bad = running.client.put(path, json={"status": "wc-completed"})
    assert errors_of(bad) == (400, "rest_invalid_param") and "checkout-draft" in bad.json()["data"]["params"]["status"]
    assert errors_of(running.client.put(path, content="{", headers={"Content-Type": "application/json"}))[0] == 400
    assert errors_of(running.client.put("/wp-json/wc/v3/orders/9999", json={})) == (
        400,
        "woocommerce_rest_shop_order_invalid_id",
    )
    assert errors_of(running.get("/orders/9999")) == (404, "woocommerce_rest_shop_order_invalid_id")


def test_put_of_lines_and_meta(run_shop):
    running = run_shop()
    order = running.shop.place_order(lines=[("KAV-001", 1)], coupon="", shipping=(), cod_fee=0, discount_fee=0)
    path = f"/wp-json/wc/v3/orders/{order}"
    line = running.client.get(path).json()["line_items"][0]["id"]
    five = running.client.put(path, json={"line_items": [{"id": line, "quantity": 5}]}).json()
    assert (five["line_items"][0]["quantity"], five["total"]) == (5, "12990")  # five pieces for the price of one
    more = running.client.put(path, json={"line_items": [{"sku": "KNY-005"}]}).json()
    assert more["total"] == "15980" == str(parts(more))
    less = running.client.put(path, json={"line_items": [{"id": line, "quantity": 0}]}).json()
    assert less["total"] == "2990"
    kept = running.client.put(path, json={"meta_data": [{"key": "_pult_order", "value": 7}]}).json()
    assert [row["value"] for row in kept["meta_data"] if row["key"] == "_pult_order"] == ["7"]
    gone = running.client.put(path, json={"meta_data": [{"key": "_pult_order", "value": None}]}).json()
    assert "_pult_order" not in {row["key"] for row in gone["meta_data"]}


def test_the_bin_and_beyond(run_shop):
    running = run_shop()
    order = running.shop.place_order(payment_method="cod", status="processing")
    path = f"/wp-json/wc/v3/orders/{order}"
    assert running.client.delete(path).json()["status"] == "processing"  # as it was before
    assert running.client.get(path).json()["status"] == "trash" and running.ids() == []
    assert errors_of(running.client.delete(path)) == (410, "woocommerce_rest_already_trashed")
    assert running.client.put(path, json={"status": "processing"}).json()["status"] == "processing"
    assert running.ids() == [order]
    assert running.client.delete(path, params={"force": "true"}).status_code == 200
    assert errors_of(running.client.get(path)) == (404, "woocommerce_rest_shop_order_invalid_id")


def test_checkout_drafts_of_the_old_generation_become_the_order(run_shop):
    running = run_shop(generation="old")
    checkout = running.shop.start_checkout(payment_method="cod")
    assert running.get("/orders").json()[0]["status"] == "checkout-draft"
    running.clock.forward(3 * 3600)
    order = running.shop.finish_checkout(checkout)
    answer = running.get(f"/orders/{order}").json()
    assert order == checkout.order_id and answer["status"] == "processing"
    assert answer["date_created_gmt"] == "2026-11-23T16:00:00" and answer["date_modified_gmt"] == "2026-11-23T19:00:00"
    assert running.ids(after="2026-11-23T17:00:00", dates_are_gmt="true") == []


def test_checkouts_of_the_new_generation_make_nothing_before_the_button(run_shop):
    running = run_shop()
    checkout = running.shop.start_checkout()
    assert checkout.order_id is None and running.shop.orders == {}
    assert running.shop.finish_checkout(checkout) in running.shop.orders


# --- refunds and notes ---------------------------------------------------------------------------------------------


@BOTH
def test_refunds(run_shop, generation):
    running = run_shop(generation=generation)
    wishes = {"coupon": "", "shipping": (), "cod_fee": 0, "discount_fee": 0, "payment_method": "barion"}
    order = running.shop.place_order(lines=[("KNY-005", 2)], **wishes)
    line = running.shop.order(order)["line_items"][0]["id"]
    refund = running.shop.refund(order, line=(line, 1), reason="Egyik hibás")
    summary = running.get(f"/orders/{order}").json()
    expected = {"id": refund, "reason": "Egyik hibás", "total": "-2990"}
    assert summary["refunds"] == [expected | ({"total_tax": "-142"} if generation == "new" else {})]
    assert (summary["status"], summary["total"]) == ("processing", "5980")
    (detail,) = running.get(f"/orders/{order}/refunds").json()
    back = detail["line_items"][0]
    assert (detail["amount"], back["quantity"], back["total"], back["total_tax"]) == ("2990", -1, "-2848", "-142")
    assert back["meta_data"][0]["value"] == str(line)
    # when too much is asked for
    path = f"/wp-json/wc/v3/orders/{order}/refunds"
    too_much = running.client.post(path, json={"amount": "9999", "api_refund": False})
    assert errors_of(too_much) == (500, "woocommerce_rest_cannot_create_order_refund")
    assert too_much.json()["data"] == 500
    # when the rest goes back too
    assert running.client.post(path, json={"amount": "2990", "api_refund": False}).status_code == 201
    ended = running.get(f"/orders/{order}").json()
    assert (ended["status"], ended["total"], len(ended["refunds"])) == ("refunded", "5980", 2)
    assert running.get("/orders/9999/refunds").json() == []


def test_status_refunded_makes_a_refund_of_the_rest(run_shop):
    running = run_shop()
    order = running.shop.place_order()
    running.client.put(f"/wp-json/wc/v3/orders/{order}", json={"status": "refunded"})
    (refund,) = running.get(f"/orders/{order}/refunds").json()
    assert (refund["reason"], refund["line_items"]) == ("Order fully refunded.", [])


def test_notes(run_shop):
    running = run_shop()
    order = running.shop.place_order()
    path = f"/wp-json/wc/v3/orders/{order}/notes"
    assert running.client.post(path, json={"note": "Csomag & címke"}).status_code == 201
    assert running.client.post(path, json={"note": "Úton van", "customer_note": True}).status_code == 201
    assert [note["note"] for note in running.client.get(path).json()] == ["Úton van", "Csomag &amp; címke"]
    assert len(running.client.get(path, params={"type": "customer"}).json()) == 1
    assert errors_of(running.client.post(path, json={})) == (400, "rest_missing_callback_param")


def test_batch_tells_failures_inside(run_shop):
    running = run_shop()
    order = running.shop.place_order(status="processing")
    update = [{"id": order, "status": "completed"}, {"id": 9999}]
    answer = running.client.post("/wp-json/wc/v3/orders/batch", json={"update": update})
    assert answer.json()["update"][0]["status"] == "completed"
    assert answer.json()["update"][1]["error"]["code"] == "woocommerce_rest_shop_order_invalid_id"
    too_many = running.client.post("/wp-json/wc/v3/orders/batch", json={"delete": list(range(101))})
    assert errors_of(too_many) == (413, "woocommerce_rest_request_entity_too_large")


# --- the rest ------------------------------------------------------------------------------------------------------


@BOTH
def test_settings_tell_what_the_shop_is(run_shop, generation):
    running = run_shop(generation=generation)
    assert running.get("/data/currencies/current").json()["code"] == "HUF"
    assert running.get("/system_status").json()["settings"]["HPOS_enabled"] is (generation == "new")
    settings = {row["id"]: row["value"] for row in running.get("/settings/general").json()}
    assert settings["woocommerce_price_num_decimals"] == "0"
    assert running.get("/orders/statuses").status_code == (200 if generation == "new" else 404)


def test_products_by_sku_find_variations_but_lists_do_not(run_shop):
    running = run_shop()
    found = {row["sku"]: row["type"] for row in running.get("/products", sku="KNY-005,POLO-S-K").json()}
    assert found == {"KNY-005": "simple", "POLO-S-K": "variation"}
    listed = running.get("/products", per_page=100).json()
    assert {row["type"] for row in listed} == {"simple", "variable"} and len(listed) == 22
    parent = next(row for row in listed if row["sku"] == "POLO")
    assert len(running.get(f"/products/{parent['id']}/variations").json()) == 3


def test_a_restart_finds_the_same_orders_webhooks_and_next_ids(tmp_path):
    def shop():
        return SandboxShop("Bolt", state_file=tmp_path / "bolt.jsonl")

    first = shop()
    orders = [first.place_order() for _ in range(3)]
    first.refund(orders[0], 100)
    first.delete_for_good(orders[1])
    hook = first.add_webhook(name="x", topic="order.created", delivery_url="http://127.0.0.1/", secret="s")
    first.close()
    with (tmp_path / "bolt.jsonl").open("a") as file:
        file.write('["order","999",{"id":')  # a line cut by a kill
    second = shop()
    assert second.orders == first.orders and second.refunds == first.refunds
    assert second.webhooks == {hook["id"]: hook}
    third = second.place_order()
    assert third == orders[2] + 2
    second.close()
    assert set(shop().orders) == {orders[0], orders[2], third}


def test_a_long_journal_is_shortened_without_loss(tmp_path, monkeypatch):
    monkeypatch.setattr("pult.sandbox.woocommerce.journal.LEAST_BYTES_TO_SHORTEN", 30_000)
    path = tmp_path / "bolt.jsonl"
    shop = SandboxShop("Bolt", state_file=path)
    order = shop.place_order()
    for number in range(60):
        shop.set_customer_note(order, f"{number}. változat")
    shop.close()
    assert path.stat().st_size < 60_000
    assert SandboxShop("Bolt", state_file=path).order(order)["customer_note"] == "59. változat"


def test_two_shops_cannot_share_a_state(tmp_path):
    shop = SandboxShop("Bolt", state_file=tmp_path / "bolt.jsonl")
    with pytest.raises(OSError, match="another sandbox is using this state"):
        SandboxShop("Bolt", state_file=tmp_path / "bolt.jsonl")
    shop.close()
    SandboxShop("Bolt", state_file=tmp_path / "bolt.jsonl").close()
