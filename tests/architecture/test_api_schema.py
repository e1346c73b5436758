"""Whatever the OpenAPI document allows, and much that it does not, is answered as it says and never with a defect."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from pult.catalogue.services import save_product
from pult.channels.services import add_channel
from pult.history.types import SYSTEM
from pult.orders.models import Order
from pult.project.wsgi import application
from pult.testing.api import ApiClient, custom_channel, order_body

CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance]

schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])


@pytest.fixture
def known(db: None) -> dict[str, Any]:
    """A little of everything, so that addresses lead somewhere."""
    custom_channel()
    add_channel(
        actor=SYSTEM,
        code="bolt",
        kind="webshop",
        platform="woocommerce",
        open_settings={"url": "http://127.0.0.1:9"},
        secret_settings={"consumer_key": "ck", "consumer_secret": "cs"},
    )
    save_product(actor=SYSTEM, sku="BOGRE-01", name="Bögre", vat_rate=Decimal(27), price_gross=Decimal(1550))
    api = ApiClient("admin")
    number = api.post("/orders", order_body(customer={"name": "Anna", "email": "a@example.com"})).json["number"]
    customer = Order.objects.get(number=number).customer_id
    return {
        "token": api.text,
        "paths": {"number": number, "code": "bolt", "sku": "BOGRE-01", "customer_id": customer, "position": 1},
    }


@pytest.fixture
def own_connection(known: dict[str, Any]) -> Iterator[None]:
    """The application must not close the connection that holds the test's transaction, as Django's test client does.

    Its test client connects the signals again after each call: so this comes after the last of those.
    """
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@schema.parametrize()
@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_every_operation_keeps_to_its_description(case: Any, known: dict[str, Any], own_connection: None):
    # every other call goes to things that exist, the others wherever the generator likes
    if len(repr(case.path_parameters)) % 2 == 0:
        case.path_parameters = {
            name: known["paths"].get(name, value) for name, value in (case.path_parameters or {}).items()
        }
    case.call_and_validate(headers={"Authorization": f"Bearer {known['token']}"}, checks=CHECKS)
