"""Pages of products, and the codes that wait for one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from pult.accounts.services import create_user
from pult.catalogue.models import Product
from pult.catalogue.services import save_product
from pult.history.types import SYSTEM
from pult.orders.models import OrderLine
from pult.testing import run_worker_until_idle
from pult.testing.builders import a_channel, raw_line, raw_order, told

GIVEN = {
    "sku": "BOGRE-01",
    "name": "Bögre, kék",
    "unit": "db",
    "vat_rate": "27",
    "price_gross": "1270",
    "currency": "huf",
    "barcodes": "599 123-4567894\n5998888888888",
    "is_active": "on",
}


def browser(role: str = "clerk") -> Client:
    client = Client(headers={"accept-language": "en"})
    user = create_user(actor=SYSTEM, email=f"{role}@example.com", role=role)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def text_of(answer: Any) -> str:
    return answer.content.decode()


@pytest.mark.django_db
def test_a_product_is_added_and_edited() -> None:
    clerk = browser()
    answer = clerk.post(reverse("catalogue:add"), GIVEN)
    product = Product.objects.get()
    assert answer["Location"] == reverse("catalogue:detail", args=[product.pk])
    assert (product.vat_rate, product.price_gross, product.currency) == (Decimal(27), Decimal(1270), "HUF")
    assert set(product.barcodes.values_list("code", flat=True)) == {"5991234567894", "5998888888888"}
    clerk.post(reverse("catalogue:edit", args=[product.pk]), {**GIVEN, "name": "Bögre", "barcodes": ""})
    page = text_of(clerk.get(reverse("catalogue:detail", args=[product.pk])))
    assert product.barcodes.count() == 0
    assert "<del>Bögre, kék</del>" in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"sku": ""}, "This field is required."),
        ({"vat_rate": "127"}, "less than or equal to 100"),
        ({"currency": "XXQ"}, "not known"),
        ({"sku": "bogre-00"}, "already belongs to another product"),
    ],
)
def test_a_refused_product_is_not_kept(changed: dict[str, str], words: str) -> None:
    save_product(actor=SYSTEM, sku="BOGRE-00", name="Másik")
    answer = browser().post(reverse("catalogue:add"), {**GIVEN, **changed})
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert Product.objects.count() == 1


@pytest.mark.django_db
def test_products_are_searched_and_paged() -> None:
    for number in range(60):
        save_product(
            actor=SYSTEM, sku=f"P-{number:03}", name="Kávé" if number % 2 else "Tea", barcodes=[f"{number:08}"]
        )
    clerk = browser()
    first = clerk.get(reverse("catalogue:list"))
    assert [product.sku for product in first.context["products"]] == [f"P-{number:03}" for number in range(50)]
    second = clerk.get(first.context["older_url"])
    assert [product.sku for product in second.context["products"]] == [f"P-{number:03}" for number in range(50, 60)]
    found = clerk.get(reverse("catalogue:list"), {"q": "kave p-00"}, headers={"hx-request": "true"})
    assert [product.sku for product in found.context["products"]] == ["P-001", "P-003", "P-005", "P-007", "P-009"]
    assert "<html" not in text_of(found)


@pytest.mark.django_db
def test_a_waiting_code_is_matched_once_for_all_its_lines() -> None:
    channel = a_channel("bolt")
    told(channel, *[raw_order(number, line_items=[raw_line(sku="kek-bogre")]) for number in (1, 2, 3)])
    product = save_product(actor=SYSTEM, sku="BOGRE-01", name="Bögre, kék")
    clerk = browser()
    assert "kek-bogre" in text_of(clerk.get(reverse("catalogue:waiting_codes")))
    given = {"channel": "bolt", "external_sku": "kek-bogre", "sku": "bogre-01"}
    page = text_of(clerk.post(reverse("catalogue:match_code"), given, follow=True))
    assert "3 lines are matched" in page
    assert set(OrderLine.objects.values_list("product_id", "sku")) == {(product.pk, "BOGRE-01")}
    told(channel, raw_order(4, line_items=[raw_line(sku="KEK-BOGRE")]))
    assert OrderLine.objects.filter(product=product).count() == 4


@pytest.mark.django_db
def test_a_code_matched_to_nothing_changes_nothing() -> None:
    told(a_channel("bolt"), raw_order(1, line_items=[raw_line(sku="kek-bogre")]))
    clerk = browser()
    for given in (
        {"channel": "bolt", "external_sku": "kek-bogre", "sku": "NINCS"},
        {"channel": "nincs", "external_sku": "kek-bogre", "sku": "NINCS"},
    ):
        clerk.post(reverse("catalogue:match_code"), given)
    assert OrderLine.objects.filter(product__isnull=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_lines_that_waited_for_a_product_are_matched_when_it_is_added() -> None:
    told(a_channel("bolt"), raw_order(1))
    assert OrderLine.objects.get().product is None
    browser().post(reverse("catalogue:add"), GIVEN)
    run_worker_until_idle()
    assert OrderLine.objects.get().sku == "BOGRE-01"


@pytest.mark.django_db
def test_a_viewer_sees_products_and_no_way_to_change_them() -> None:
    product = save_product(actor=SYSTEM, sku="BOGRE-01", name="Bögre, kék")
    viewer = browser("viewer")
    page = text_of(viewer.get(reverse("catalogue:list")))
    assert "BOGRE-01" in page
    assert reverse("catalogue:add") not in page
    assert reverse("catalogue:waiting_codes") not in page
    assert viewer.post(reverse("catalogue:edit", args=[product.pk]), GIVEN).status_code == 403
