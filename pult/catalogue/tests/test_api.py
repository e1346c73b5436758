from __future__ import annotations

import pytest

from pult.catalogue.models import Product
from pult.testing.api import ApiClient

pytestmark = pytest.mark.django_db

MUG = {
    "sku": "BOGRE-01",
    "name": "Bögre, kék",
    "vat_rate": "27",
    "price_gross": "1550",
    "barcodes": ["5991234567894"],
}


@pytest.fixture
def api() -> ApiClient:
    return ApiClient("clerk")


def test_a_product_is_made_read_changed_and_found(api: ApiClient):
    made = api.post("/products", MUG)
    assert made.status == 201
    assert made.json == {
        "sku": "BOGRE-01",
        "name": "Bögre, kék",
        "unit": "db",
        "vat_rate": "27",
        "price_gross": "1550.00",
        "currency": "HUF",
        "active": True,
        "barcodes": ["5991234567894"],
        "created_at": made.json["created_at"],
    }
    assert api.get("/products/bogre-01").json == made.json
    changed = api.patch("/products/BOGRE-01", {"name": "Bögre, piros", "price_gross": None, "active": False}).json
    assert (changed["name"], changed["price_gross"], changed["active"]) == ("Bögre, piros", None, False)
    assert (changed["vat_rate"], changed["barcodes"]) == ("27", ["5991234567894"])
    assert [item["sku"] for item in api.get("/products", q="piros").json["items"]] == ["BOGRE-01"]
    assert api.get("/products", active="true").json["items"] == []
    assert api.patch("/products/BOGRE-01", {"barcodes": []}).json["barcodes"] == []


def test_a_sku_may_hold_a_slash(api: ApiClient):
    assert api.post("/products", {**MUG, "sku": "A/B 1"}).status == 201
    assert api.get("/products/A/B 1").json["sku"] == "A/B 1"


def test_a_code_that_names_another_product_is_a_conflict(api: ApiClient):
    api.post("/products", MUG)
    for body in ({**MUG, "sku": "bogre-01", "barcodes": []}, {**MUG, "sku": "MAS-1"}):
        answer = api.post("/products", body)
        assert (answer.status, answer.json["code"]) == (409, "duplicate_code")
    assert Product.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sku": ""}, "sku"),
        ({"sku": "  "}, "sku"),
        ({"sku": "a\0"}, "sku"),
        ({"name": None}, "name"),
        ({"vat_rate": "-1"}, "vat_rate"),
        ({"price_gross": "1e300"}, "price_gross"),
        ({"price_gross": "-1"}, "price_gross"),
        ({"currency": "FORINT"}, "currency"),
        ({"barcodes": ["x" * 201]}, "barcodes.0"),
        ({"weight": 1}, "weight"),
    ],
    ids=str,
)
def test_a_wrong_field_is_named(api: ApiClient, change: dict[str, object], field: str):
    answer = api.post("/products", {**MUG, **change})
    assert (answer.status, answer.fields) == (422, [field])


def test_pages_hold_every_product_once(api: ApiClient):
    for number in range(5):
        api.post("/products", {"sku": f"P-{number}", "name": "x"})
    page = api.get("/products", limit=2)
    seen = [item["sku"] for item in page.json["items"]]
    while page.json["next"]:
        page = api.get("/products", limit=2, cursor=page.json["next"])
        seen += [item["sku"] for item in page.json["items"]]
    assert seen == ["P-4", "P-3", "P-2", "P-1", "P-0"]
    assert api.get("/products", cursor="bad").fields == ["cursor"]


def test_no_such_product(api: ApiClient):
    assert api.get("/products/NINCS").json["code"] == "product_not_found"
    assert api.patch("/products/NINCS", {"name": "x"}).status == 404
