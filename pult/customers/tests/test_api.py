from __future__ import annotations

import pytest

from pult.customers.models import Customer
from pult.testing.api import ApiClient, custom_channel, order_body

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> ApiClient:
    return ApiClient("clerk")


def test_a_customer_is_made_read_changed_and_found(api: ApiClient):
    made = api.post("/customers", {"name": "Kővári Ödön", "email": "odon@example.com", "phone": ""})
    assert made.status == 201
    assert (made.json["type"], made.json["name"], made.json["phone"]) == ("person", "Kővári Ödön", None)
    path = f"/customers/{made.json['id']}"
    assert api.get(path).json == made.json
    changed = api.patch(path, {"phone": "+36301234567", "name": None}).json
    assert (changed["phone"], changed["name"], changed["email"]) == ("+36301234567", None, "odon@example.com")
    assert [item["id"] for item in api.get("/customers", q="odon@").json["items"]] == [made.json["id"]]


def test_who_is_known_already_is_not_made_twice(api: ApiClient):
    first = api.post("/customers", {"company": "Minta Kft.", "type": "company", "tax_number": "12345676-2-41"}).json
    again = api.post("/customers", {"company": "MINTA", "type": "company", "tax_number": "12345676-2-41"})
    assert (again.status, again.json["code"], again.json["customer_id"]) == (409, "customer_known", first["id"])
    assert Customer.objects.count() == 1


def test_an_order_finds_the_customer_that_the_api_made(api: ApiClient):
    made = api.post("/customers", {"name": "Anna", "email": "anna@example.com"}).json
    custom_channel()
    api.post("/orders", order_body(customer={"name": "Anna", "email": "ANNA@example.com"}))
    assert list(Customer.objects.values_list("pk", flat=True)) == [made["id"]]


@pytest.mark.parametrize("path", ["/customers/0", "/customers/-1", f"/customers/{2**63}", "/customers/x"])
def test_an_id_that_can_be_none_is_refused(api: ApiClient, path: str):
    assert api.get(path).status == 422


def test_no_such_customer(api: ApiClient):
    assert api.get("/customers/1").json["code"] == "customer_not_found"
    assert api.patch("/customers/1", {"name": "x"}).status == 404


def test_a_customer_needs_some_name(api: ApiClient):
    assert api.post("/customers", {"phone": "1"}).fields == ["name"]
    assert api.post("/customers", {"name": "a\0b"}).fields == ["name"]


def test_pages_hold_every_customer_once(api: ApiClient):
    ids = [api.post("/customers", {"name": f"n{number}"}).json["id"] for number in range(5)]
    page = api.get("/customers", limit=2)
    seen = [item["id"] for item in page.json["items"]]
    while page.json["next"]:
        page = api.get("/customers", limit=2, cursor=page.json["next"])
        seen += [item["id"] for item in page.json["items"]]
    assert seen == ids[::-1]
