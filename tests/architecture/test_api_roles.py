"""Every route of the API with every role: who gets in and who does not, in one table."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pult.accounts.rules.permissions import ROLES
from pult.accounts.services import create_token, revoke_token
from pult.history.types import SYSTEM
from pult.lib.clock import now
from pult.project.api import api
from pult.testing.api import ApiClient

ALL = set(ROLES)
OFFICE = {"admin", "manager", "clerk"}
LEADS = {"admin", "manager"}
FULFIL = OFFICE | {"warehouse"}
CHANNELS = OFFICE | {"viewer"}

WHO = {
    ("GET", "/orders"): ALL,
    ("POST", "/orders"): OFFICE,
    ("GET", "/orders/{number}"): ALL,
    ("PATCH", "/orders/{number}"): OFFICE,
    ("GET", "/orders/{number}/history"): ALL,
    ("POST", "/orders/{number}/confirm"): OFFICE,
    ("POST", "/orders/{number}/hold"): OFFICE,
    ("POST", "/orders/{number}/release"): OFFICE,
    ("POST", "/orders/{number}/process"): FULFIL,
    ("POST", "/orders/{number}/ready"): FULFIL,
    ("POST", "/orders/{number}/ship"): FULFIL,
    ("POST", "/orders/{number}/complete"): OFFICE,
    ("POST", "/orders/{number}/cancel"): OFFICE,
    ("POST", "/orders/{number}/return"): LEADS,
    ("POST", "/orders/{number}/reopen"): LEADS,
    ("POST", "/orders/{number}/take-change"): OFFICE,
    ("POST", "/orders/{number}/refuse-change"): OFFICE,
    ("POST", "/orders/{number}/problems/{code}/settle"): OFFICE,
    ("POST", "/orders/{number}/lines/{position}/match"): OFFICE,
    ("GET", "/channels"): CHANNELS,
    ("POST", "/channels"): LEADS,
    ("GET", "/channels/{code}"): CHANNELS,
    ("PATCH", "/channels/{code}"): LEADS,
    ("POST", "/channels/{code}/sync"): LEADS,
    ("POST", "/channels/{code}/pause"): LEADS,
    ("POST", "/channels/{code}/resume"): LEADS,
    ("POST", "/channels/{code}/test"): LEADS,
    ("GET", "/products"): ALL,
    ("POST", "/products"): OFFICE,
    ("GET", "/products/{sku}"): ALL,
    ("PATCH", "/products/{sku}"): OFFICE,
    ("GET", "/customers"): ALL,
    ("POST", "/customers"): OFFICE,
    ("GET", "/customers/{customer_id}"): ALL,
    ("PATCH", "/customers/{customer_id}"): OFFICE,
    ("GET", "/reports/turnover"): LEADS | {"viewer"},
}
"""Who may use a route, written out: a change of the permissions shows here as a change of the table."""

EXAMPLES = {
    "{number}": "R-2026-000001",
    "{code}": "nowhere",
    "{position}": "1",
    "{sku}": "NOTHING-1",
    "{customer_id}": "1",
}


def _address(path: str) -> str:
    for part, example in EXAMPLES.items():
        path = path.replace(part, example)
    return path


def test_the_table_names_every_route():
    found = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, operations in api.get_openapi_schema()["paths"].items()
        for method in operations
    }
    assert found == set(WHO)


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path"), WHO, ids=lambda part: str(part))
def test_a_route_lets_in_whom_the_table_says_and_nobody_else(method: str, path: str):
    body = None if method == "GET" else {}
    for role in ROLES:
        answer = ApiClient(role).call(method, _address(path), body=body)
        if role in WHO[method, path]:
            # nothing of what is asked for exists, so it is refused, but not for the role
            assert answer.status in {200, 404, 422}, (role, answer.json)
        else:
            assert answer.status == 403, (role, answer.json)
            assert answer.json["code"] == "not_allowed"
    assert ApiClient(None).call(method, _address(path), body=body).status == 401


@pytest.mark.django_db
def test_a_token_that_is_revoked_or_expired_or_made_up_opens_nothing():
    living = ApiClient("admin")
    assert living.get("/orders").status == 200
    revoke_token(living.token.pk, actor=SYSTEM)
    refused = living.get("/orders")
    assert refused.status == 401
    assert refused.raw.headers["WWW-Authenticate"].startswith("Bearer")

    expired = ApiClient(None)
    _, expired.text = create_token(actor=SYSTEM, name="old", role="admin", expires_at=now() - timedelta(seconds=1))
    assert expired.get("/orders").status == 401
    expired.text = "pult_made-up"
    assert expired.get("/orders").status == 401
    expired.text = "árvíztűrő \x7f".encode().decode("latin-1")
    assert expired.get("/orders").status == 401
