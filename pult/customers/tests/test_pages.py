"""Pages of customers."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from pult.accounts.services import create_user
from pult.customers.models import Customer
from pult.history.types import SYSTEM
from pult.testing.builders import a_channel, raw_order, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> Client:
    client = Client(headers={"accept-language": "en"})
    user = create_user(actor=SYSTEM, email="clerk@example.com", role="clerk")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def text_of(answer: Any) -> str:
    return answer.content.decode()


def test_customers_are_found_by_any_word_they_are_known_by(clerk: Client) -> None:
    told(a_channel("bolt"), raw_order(1), raw_order(2))
    found = clerk.get(reverse("customers:list"), {"q": "kovacs vevo2@"})
    assert [customer.email for customer in found.context["customers"]] == ["vevo2@example.com"]
    assert "No customer fits" in text_of(clerk.get(reverse("customers:list"), {"q": "nincs ilyen"}))


def test_a_customers_orders_of_all_channels_stand_together(clerk: Client) -> None:
    billing = {**raw_order(1)["billing"], "email": "anna@example.com"}
    told(a_channel("bolt"), raw_order(1, billing=billing))
    told(a_channel("masik"), raw_order(2, billing=billing))
    customer = Customer.objects.get()
    page = text_of(clerk.get(reverse("customers:orders", args=[customer.pk])))
    assert "2 orders" in page
    assert "5,080" in page
    assert "Bolt" in page and "Masik" in page


def test_a_customer_is_edited_and_a_refused_edit_changes_nothing(clerk: Client) -> None:
    told(a_channel("bolt"), raw_order(1))
    customer = Customer.objects.get()
    address = reverse("customers:edit", args=[customer.pk])
    refused = clerk.post(address, {"type": "person", "name": "Új Név", "email": "no address"})
    customer.refresh_from_db()
    assert refused.status_code == 422
    assert customer.name == "Kovács Anna"
    assert clerk.post(address, {"type": "person"}).status_code == 422
    clerk.post(address, {"type": "company", "company": "Minta Kft.", "note": "<b>fontos</b>"})
    customer.refresh_from_db()
    assert (customer.type, customer.company, customer.email) == ("company", "Minta Kft.", None)
    page = text_of(clerk.get(reverse("customers:detail", args=[customer.pk])))
    assert "&lt;b&gt;fontos&lt;/b&gt;" in page
