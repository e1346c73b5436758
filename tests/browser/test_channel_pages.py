"""The wizard adds a shop and its first orders come in; the inbox tries again; nothing of it shuts anybody out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils.translation import gettext, override
from playwright.sync_api import Page, expect

from tests.browser.conftest import SHOP, Desk, axe_faults

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


def words(text: str, language: str) -> str:
    """A text of Pult in the language of the page."""
    with override(language):
        return gettext(text)


def add_sandbox_shop(page: Page, desk: Desk, language: str) -> str:
    """Walk the whole wizard; the code of the channel that came of it."""
    page.goto(f"{desk.url}/add-channel/")
    page.locator("form.choice-card button").first.click()
    expect(page.locator("[name=name]")).to_have_value("Kávéház webshop")
    code = page.input_value("[name=code]")
    page.locator("[data-suggest-code] .btn-primary").click()
    expect(page.locator(".check-verdict")).to_contain_text(words("The connection works.", language), timeout=20_000)
    assert page.locator(".check-step").count() >= 5
    assert page.locator(".check-error").count() == 0
    page.locator(".check-verdict .btn-primary").click()
    page.locator("main form .btn-primary").click()
    expect(page.locator("[data-finished=yes]")).to_be_visible(timeout=30_000)
    return code


@pytest.mark.parametrize("language", ["hu", "en"])
def test_the_wizard_adds_a_shop_and_its_orders_come_in(desk: Desk, open_page: OpenPage, language: str) -> None:
    page = open_page(language=language)
    expect(page.locator(".page-head-actions .btn-primary")).to_contain_text(words("Add a channel", language))

    code = add_sandbox_shop(page, desk, language)

    expect(page.locator(".arriving-count b")).to_have_text(str(len(desk.shop.orders)))
    (count,) = desk.sql(
        "SELECT count(*) FROM orders_order o JOIN channels_saleschannel c ON c.id = o.channel_id WHERE c.code = %s",
        code,
    )[0]
    assert count == len(desk.shop.orders)
    page.goto(f"{desk.url}/channels/{code}/")
    expect(page.locator("#channel-health .state-success").first).to_be_visible()
    assert desk.shop.consumer_key not in page.content()
    assert desk.shop.consumer_secret not in page.content()


def test_an_order_placed_now_shows_on_the_card_by_itself(desk: Desk, open_page: OpenPage) -> None:
    page = open_page()
    code = add_sandbox_shop(page, desk, "en")
    page.goto(f"{desk.url}/channels/")
    card = page.locator(f"article:has(#channel-{code})")
    before = int(card.locator("dd.num").first.inner_text())
    desk.shop.place_order()
    expect(card.locator("dd.num").first).to_have_text(str(before + 1), timeout=20_000)


def test_a_wrong_key_is_told_in_words_and_stops_the_wizard(desk: Desk, open_page: OpenPage) -> None:
    page = open_page("/add-channel/")
    page.locator("form.choice-card button").first.click()
    page.fill("[name=name]", "Elgépelt Kulcs")
    page.fill("[name=set_consumer_secret]", "cs_" + "1" * 40)
    page.locator("[data-suggest-code] .btn-primary").click()
    expect(page.locator(".check-verdict[data-level=error]")).to_be_visible(timeout=20_000)
    expect(page.locator(".check-error")).to_contain_text("key")
    assert page.locator(".check-verdict a[href$='/add-channel/start/']").count() == 0


def test_the_code_follows_the_name_until_somebody_writes_one(desk: Desk, open_page: OpenPage) -> None:
    page = open_page("/add-channel/fill-in/store/")
    page.fill("[name=name]", "Belvárosi Üzlet, Őrség u. 1.")
    expect(page.locator("[name=code]")).to_have_value("belvarosi-uzlet-orseg-u-1")
    page.fill("[name=code]", "bolt-1")
    page.fill("[name=name]", "Más név")
    expect(page.locator("[name=code]")).to_have_value("bolt-1")


def test_pause_and_resume_change_the_card_in_place(desk: Desk, open_page: OpenPage) -> None:
    page = open_page()
    code = add_sandbox_shop(page, desk, "en")
    page.goto(f"{desk.url}/channels/")
    card = page.locator(f"article:has(#channel-{code})")
    card.get_by_role("button", name="Pause").click()
    expect(card).to_contain_text("Paused since")
    card.get_by_role("button", name="Resume").click()
    expect(card).to_contain_text("In step")
    assert page.url == f"{desk.url}/channels/"


def test_a_message_that_failed_is_understood_when_tried_again(desk: Desk, open_page: OpenPage) -> None:
    page = open_page()
    add_sandbox_shop(page, desk, "en")
    ((pk,),) = desk.sql(
        "UPDATE inbox_message SET state = 'failed', error_code = 'unreadable', error = 'The field total is missing.'"
        " WHERE id = (SELECT max(id) FROM inbox_message WHERE state = 'understood') RETURNING id"
    )
    page.goto(f"{desk.url}/inbox/")
    row = page.locator(f"tr[data-href='/inbox/{pk}/']")
    expect(row).to_contain_text("The field total is missing.")
    row.get_by_role("button").click()
    expect(page.locator("#toasts")).to_contain_text("understood now")
    assert desk.sql("SELECT state FROM inbox_message WHERE id = %s", pk) == [("understood",)]


@pytest.mark.parametrize(("theme", "width", "language"), [("light", 1440, "hu"), ("dark", 390, "en")])
def test_axe_finds_nothing_serious_on_these_pages(
    desk: Desk, open_page: OpenPage, theme: str, width: int, language: str
) -> None:
    page = open_page(language=language, theme=theme, width=width)
    code = add_sandbox_shop(page, desk, language)
    ((message,),) = desk.sql("SELECT min(id) FROM inbox_message")
    ((customer,),) = desk.sql("SELECT min(id) FROM customers_customer")
    faults = {}
    for path in (
        "/channels/",
        f"/channels/{code}/",
        f"/channels/{code}/settings/",
        "/add-channel/",
        "/add-channel/fill-in/woocommerce/",
        "/inbox/?state=all",
        f"/inbox/{message}/",
        "/products/",
        "/products/add/",
        "/products/waiting/",
        "/customers/",
        f"/customers/{customer}/",
        f"/customers/{customer}/edit/",
        "/settings/users/",
        "/settings/users/add/",
        "/settings/tokens/",
        "/settings/tokens/add/",
        "/profile/",
    ):
        page.goto(f"{desk.url}{path}")
        page.wait_for_load_state("networkidle")
        if found := axe_faults(page):
            faults[path] = found
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        if wide:
            faults[f"{path} is wider than the window"] = [str(width)]
    assert faults == {}
    assert SHOP in code
