"""`pult demo`: a whole little company, once, and never beside real data."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from pult.accounts.rules.permissions import ROLES
from pult.accounts.selectors import all_users
from pult.accounts.services import create_user
from pult.catalogue.selectors import products_found
from pult.channels.selectors import all_channels, channel_by_code, opened_settings
from pult.channels.services import add_channel
from pult.history.types import SYSTEM
from pult.lib.failures import UserError
from pult.orders.selectors import OrderFilter, orders_found
from pult.sandbox.cli import demo
from pult.sandbox.services import DEMO_PASSWORD, DEMO_USERS, PHONE_ORDERS, UNKNOWN_SKUS, load_demo
from pult.sandbox.woocommerce import catalogue, demo_keys

pytestmark = pytest.mark.django_db


def test_the_demo_has_a_log_in_for_every_role() -> None:
    load_demo(port=8090)
    assert {user.role for user in all_users()} == set(ROLES)
    for email, _, _ in DEMO_USERS:
        assert all_users().get(email=email).check_password(DEMO_PASSWORD)


def test_the_shops_are_channels_with_the_keys_that_the_shops_accept() -> None:
    load_demo(port=8123)
    key, secret = demo_keys("export")
    opened = opened_settings(channel_by_code("export"))
    assert opened["url"] == "http://127.0.0.1:8123/export"
    assert (opened["consumer_key"], opened["consumer_secret"]) == (key, secret)
    assert channel_by_code("export").currency == "EUR"


def test_a_few_things_that_are_sold_are_no_products_yet() -> None:
    load_demo(port=8090)
    known = set(products_found().values_list("sku", flat=True))
    assert {item.sku for item in catalogue()} - known == UNKNOWN_SKUS
    assert not products_found().filter(name__contains="&amp;").exists()


def test_the_telephone_has_a_past_with_one_problem_in_it() -> None:
    load_demo(port=8090)
    by_phone = orders_found(OrderFilter(channels=["telefon"]))
    assert by_phone.count() == PHONE_ORDERS
    assert by_phone.filter(open_problems__gt=0).count() == 1


def test_loading_it_again_changes_nothing() -> None:
    load_demo(port=8090)
    before = _everything()
    assert load_demo(port=8090).fresh is False
    assert _everything() == before


def test_another_port_moves_the_shops() -> None:
    load_demo(port=8090)
    load_demo(port=8190)
    assert channel_by_code("kavehaz").settings["url"] == "http://127.0.0.1:8190/kavehaz"


def test_what_people_add_to_the_demo_does_not_stand_in_its_way() -> None:
    load_demo(port=8090)
    create_user(actor=SYSTEM, email="newcomer@shop.example", role="clerk", password="long-enough-1")
    add_channel(actor=SYSTEM, code="my-own", kind="custom")
    assert load_demo(port=8090).fresh is False


@pytest.mark.parametrize("kind", ["channel", "user", "same_code"])
def test_the_demo_refuses_an_installation_with_real_data(kind: str) -> None:
    if kind == "channel":
        add_channel(actor=SYSTEM, code="my-shop", kind="custom")
    elif kind == "user":
        create_user(actor=SYSTEM, email="boss@shop.example", role="admin", password="long-enough-1")
    else:
        add_channel(
            actor=SYSTEM,
            code="kavehaz",
            kind="webshop",
            platform="woocommerce",
            open_settings={"url": "https://kavehaz.example"},
        )
    before = _everything()
    with pytest.raises(UserError, match="never goes beside real data"):
        load_demo(port=8090)
    assert _everything() == before


def test_the_command_prints_the_log_ins() -> None:
    answer = CliRunner().invoke(demo, ["--port", "8090"])
    assert answer.exit_code == 0, answer.output
    assert DEMO_PASSWORD in answer.output
    assert all(email in answer.output for email, _, _ in DEMO_USERS)


def _everything() -> Any:
    return (
        list(all_users().order_by("pk").values_list("email", "password")),
        list(all_channels(archived=True).order_by("pk").values_list("code", "settings")),
        list(products_found().values_list("sku", "name")),
        orders_found(OrderFilter()).count(),
    )
