"""The clerk's main path in a real browser, in both languages: list, order, step, history; search; new orders; axe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import gettext, ngettext, pgettext

from pult.accounts.services import create_user
from pult.channels.models import SalesChannel
from pult.history.types import SYSTEM
from pult.lib.clock import now
from pult.orders.models import Order
from pult.orders.services.arrivals import Arrival
from pult.orders.services.lifecycle import move_order
from pult.orders.services.receiving import receive_order
from pult.orders.types import IncomingProblem
from pult.testing.browser import find_chromium, launch_arguments
from pult.testing.builders import CLERK, a_channel, an_order, raw_line, raw_order, the_order, told

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium here"),
]

AXE = Path(__file__).with_name("axe.min.js")
PASSWORD = "korte-alma-2026"
LANGUAGES = ["hu", "en"]
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    # Playwright keeps an event loop in this thread; Django would take each query here for one inside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=launch_arguments())
            yield browser
            browser.close()
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class Desk:
    """A logged-in person at the pages; whatever the browser complains of is kept."""

    def __init__(
        self, browser: Any, url: str, *, role: str, language: str, theme: str, viewport: dict[str, int]
    ) -> None:
        create_user(actor=SYSTEM, email="eva@example.com", role=role, password=PASSWORD, name="Kiss Éva")
        self.context = browser.new_context(
            base_url=url, locale=language, viewport=viewport, color_scheme=theme, reduced_motion="reduce"
        )
        self.context.set_default_timeout(10_000)
        self.context.add_cookies([{"name": "django_language", "value": language, "url": url}])
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto("/account/login/")
        self.page.fill("input[name=login]", "eva@example.com")
        self.page.fill("input[name=password]", PASSWORD)
        self.page.click("main button[type=submit]")
        self.page.wait_for_selector(".top-tools")
        self.context.add_cookies([{"name": "django_language", "value": language, "url": url}])

    def has_no_barriers(self) -> None:
        """Axe finds nothing serious, and nothing is wider than the window."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("async () => (await axe.run(document)).violations")
        grave = [
            (one["id"], [node["html"][:200] for node in one["nodes"]][:3])
            for one in found
            if one["impact"] in {"serious", "critical"}
        ]
        assert grave == [], self.page.url
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0


@pytest.fixture
def open_desk(chromium: Any, live_server: Any) -> Iterator[Any]:
    desks: list[Desk] = []

    def make(
        *, role: str = "clerk", language: str = "en", theme: str = "light", viewport: dict[str, int] = WIDE
    ) -> Desk:
        desks.append(Desk(chromium, live_server.url, role=role, language=language, theme=theme, viewport=viewport))
        return desks[-1]

    yield make
    for desk in desks:
        desk.context.close()
        assert desk.complaints == []


@pytest.fixture
def shop() -> SalesChannel:
    return a_channel("kavehaz")


def keep(shop: SalesChannel, external_id: str, **values: Any) -> Order:
    values.setdefault("placed_at", now() - timedelta(hours=1))
    received = receive_order(shop, Arrival(an_order(external_id, **values)))
    return Order.objects.get(pk=received.order_id)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_order_is_found_in_the_list_confirmed_and_its_history_tells_it(
    open_desk: Any, shop: SalesChannel, language: str
) -> None:
    orders = [keep(shop, str(n), placed_at=now() - timedelta(minutes=n)) for n in range(3)]
    desk = open_desk(language=language)
    page = desk.page
    with translation.override(language):
        confirm, told_words = pgettext("step", "Confirm"), gettext("Confirmed the order")
        confirmed = pgettext("order", "Confirmed")
    page.goto("/orders/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/{orders[1].number}/")
    page.click(f"text={confirm} >> visible=true")
    page.wait_for_selector(f"#history >> text={told_words}")
    assert page.inner_text(".order-states .state >> nth=0").strip() == confirmed
    assert page.inner_text("#history .timeline-meta >> nth=0").startswith("Kiss Éva")
    # from inside the order the list is walked by keys
    page.keyboard.press("n")
    page.wait_for_url(f"**/orders/{orders[2].number}/")
    page.keyboard.press("p")
    page.wait_for_url(f"**/orders/{orders[1].number}/")


@pytest.mark.parametrize("language", LANGUAGES)
def test_search_finds_by_name_and_says_when_nothing_fits(open_desk: Any, shop: SalesChannel, language: str) -> None:
    order = keep(shop, "1")
    desk = open_desk(language=language)
    page = desk.page
    page.goto("/orders/")
    page.keyboard.press("/")
    page.keyboard.type("KOVACS an")
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/?q=KOVACS+an")
    assert page.locator("[data-row]").count() == 1
    assert order.number in page.inner_text("[data-row]")
    page.fill("[data-search]", "nobody")
    page.keyboard.press("Enter")
    with translation.override(language):
        nothing, every = gettext("No order fits"), gettext("All orders")
    page.wait_for_selector(f"text={nothing}")
    desk.has_no_barriers()
    page.click(f"text={every}")
    page.wait_for_selector("[data-row]")


@pytest.mark.parametrize("language", LANGUAGES)
def test_new_orders_are_announced_and_shown_when_asked(open_desk: Any, shop: SalesChannel, language: str) -> None:
    keep(shop, "1")
    page = open_desk(language=language).page
    page.goto("/orders/")
    newcomer = keep(shop, "2", placed_at=now())
    with translation.override(language):
        words = ngettext("%(n)s new order", "%(n)s new orders", 1) % {"n": 1}
    bar = page.wait_for_selector("[data-new-orders]", timeout=15_000)
    assert bar.inner_text().strip() == words
    assert page.locator("[data-row]").count() == 1
    bar.click()
    page.wait_for_selector(f"[data-row] >> text={newcomer.number}")
    assert page.locator("[data-row]").count() == 2
    assert page.locator("[data-new-orders]").count() == 0


def test_filters_preview_and_pages_work_without_leaving_the_list(open_desk: Any, shop: SalesChannel) -> None:
    other = a_channel("konyvek")
    mine, theirs = keep(shop, "1"), keep(other, "2")
    page = open_desk().page
    page.goto("/orders/")
    page.click("summary >> text=Channel")
    page.click(".menu-panel >> text=Kavehaz")
    page.wait_for_url("**/orders/?channel=kavehaz")
    # the address changes before the rows do
    page.wait_for_selector(f"#order-list >> text={theirs.number}", state="detached")
    page.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
    page.keyboard.press("j")
    page.keyboard.press("Space")
    page.wait_for_selector(f"#preview >> text={mine.number}")
    page.keyboard.press("Escape")
    assert page.locator("#preview > *").count() == 0
    page.go_back()
    page.wait_for_selector(f"#order-list >> text={theirs.number}")


def test_a_list_that_cannot_be_loaded_says_so_and_tries_again(open_desk: Any, shop: SalesChannel) -> None:
    keep(shop, "1")
    a_channel("konyvek")
    desk = open_desk()
    page = desk.page
    page.goto("/orders/")
    page.route("**/orders/?problems=1", lambda route: route.abort(), times=1)
    page.click(".list-bar >> text=Problems")
    page.wait_for_selector(".error-block")
    page.click("[data-retry]")
    page.wait_for_selector("text=No order fits")
    desk.complaints.clear()


def test_cancelling_asks_first_and_keeps_the_reason(open_desk: Any, shop: SalesChannel) -> None:
    order = keep(shop, "1")
    page = open_desk().page
    page.goto(f"/orders/{order.number}/")
    page.click("summary >> text=More")
    page.click("text=Cancel the order")
    dialog = page.wait_for_selector("dialog[open]")
    assert "The order ends here" in dialog.inner_text()
    page.keyboard.press("Escape")
    order.refresh_from_db()
    assert order.status == "new"
    page.click("summary >> text=More")
    page.click("text=Cancel the order")
    page.fill("dialog[open] textarea", "Elfogyott")
    page.click("dialog[open] button.btn-danger")
    page.wait_for_selector("#history >> text=Elfogyott")
    order.refresh_from_db()
    assert order.status == "cancelled"


def test_note_and_tags_are_written_in_place(open_desk: Any, shop: SalesChannel) -> None:
    order = keep(shop, "1")
    page = open_desk().page
    page.goto(f"/orders/{order.number}/")
    page.click("text=Write a note")
    page.fill("#internal-note textarea", "Törékeny")
    page.click("#internal-note button")
    page.wait_for_selector("#internal-note .order-note >> text=Törékeny")
    page.wait_for_selector("#history >> text=Edited the order")
    page.click("text=Add tags")
    page.fill("#order-tags input[name=tags]", "vip, sürgős")
    page.click("#order-tags button")
    page.wait_for_selector("#order-tags .state >> text=sürgős")
    order.refresh_from_db()
    assert (order.internal_note, order.tags) == ("Törékeny", ["vip", "sürgős"])


def test_an_order_prints_on_one_page(open_desk: Any, shop: SalesChannel) -> None:
    order = keep(shop, "1", problems=(IncomingProblem("unknown_country", {"country": "XX"}),))
    page = open_desk().page
    page.goto(f"/orders/{order.number}/")
    paper = page.pdf(format="A4", prefer_css_page_size=True)
    assert paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") + paper.count(b"/Type/Page/") == 1


@pytest.mark.parametrize(
    ("language", "theme", "viewport"),
    [("hu", "light", WIDE), ("hu", "dark", PHONE), ("en", "dark", WIDE), ("en", "light", PHONE)],
)
def test_the_pages_have_no_barriers(
    open_desk: Any, shop: SalesChannel, language: str, theme: str, viewport: dict[str, int]
) -> None:
    told(shop, raw_order(101))
    order = the_order(shop)
    move_order(order.number, "process", actor=CLERK)
    more = raw_line(quantity=3, subtotal="3000", subtotal_tax="810", total="3000", total_tax="810")
    told(shop, raw_order(101, line_items=[more], date_modified_gmt="2026-11-02T09:00:00"))
    keep(shop, "7", status="on_hold", tags=("x" * 60,), customer_note="hosszú " * 300)
    desk = open_desk(role="admin", language=language, theme=theme, viewport=viewport)
    for path in (
        "/",
        "/orders/",
        "/orders/?status=on_hold&q=kov",
        f"/orders/{order.number}/",
        f"/orders/{order.number}/raw",
        f"/orders/{order.number}/lines/1/match",
        "/reports/turnover/?from=2026-11-01&to=2026-11-30&by=channel,day",
    ):
        desk.page.goto(path)
        desk.has_no_barriers()
