"""One walk over every page in Hungarian: nothing shuts anybody out, nothing complains, nothing stays English."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Desk, axe_faults
from tests.browser.test_channel_pages import add_sandbox_shop

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]

EMPTY_PAGES = ("/", "/orders/", "/customers/", "/products/", "/products/waiting/", "/channels/", "/inbox/")
PAGES = (
    "/",
    "/orders/",
    "/orders/?status=new&problems=1",
    "/orders/?q=nincs-ilyen",
    "/orders/{order}/",
    "/orders/{order}/raw",
    "/customers/",
    "/customers/?q=nincs-ilyen",
    "/customers/{customer}/",
    "/customers/{customer}/edit/",
    "/products/?q=nincs-ilyen",
    "/products/waiting/",
    "/products/add/",
    "/channels/",
    "/channels/{channel}/",
    "/channels/{channel}/settings/",
    "/add-channel/",
    "/add-channel/fill-in/woocommerce/",
    "/add-channel/fill-in/store/",
    "/inbox/",
    "/inbox/?state=all",
    "/inbox/{message}/",
    "/reports/turnover/",
    "/reports/turnover/?by=channel,day",
    "/settings/users/",
    "/settings/users/add/",
    "/settings/users/{user}/",
    "/settings/tokens/",
    "/settings/tokens/add/",
    "/profile/",
    "/account/password/change/",
    "/account/2fa/",
    "/account/logout/",
)

ENGLISH = re.compile(
    r"\b(the|and|of|orders?|channels?|customers?|products?|settings|save|search|please|field|required|message"
    r"|processing|pending|on-hold|completed|poll|hook|manual|created|none|true|false)\b",
    re.IGNORECASE,
)
"""Words that only an English text has, and codes that no person should meet."""

SPOKEN = """() => {
  const page = document.documentElement.cloneNode(true);
  page.querySelectorAll("script, style, template, pre, bdi, code, time, [lang=en], [data-row], .facts dd").forEach(
    (one) => one.remove());
  const names = ["aria-label", "title", "placeholder", "data-confirm", "data-confirm-title", "data-confirm-yes"];
  const named = [...page.querySelectorAll(names.map((name) => `[${name}]`).join())].flatMap((one) =>
    one.classList.contains("chip") ? [] : names.map((name) => one.getAttribute(name) || ""));
  return [document.title, page.textContent, ...named].join("\\n");
}"""
"""What a page says in its own words: without what came from a shop or was written by people."""

CONTRAST = """async (theme) => {
  document.documentElement.setAttribute("data-bs-theme", theme);
  const found = await axe.run(document, {runOnly: ["color-contrast", "link-in-text-block"]});
  return found.violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target}`));
}"""


def faults_of(page: Page) -> list[str]:
    """What is wrong with the page as it stands, each with where."""
    where = page.url.partition("//")[2].partition("/")[2]
    faults = [f"/{where} {fault}" for fault in axe_faults(page)]
    faults += [f"/{where} dark {fault}" for fault in page.evaluate(CONTRAST, "dark")]
    faults += [f"/{where} says “{word}”" for word in sorted(set(ENGLISH.findall(page.evaluate(SPOKEN))))]
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        faults.append(f"/{where} is wider than the window")
    return faults


def test_every_page_is_open_to_all_and_speaks_hungarian(desk: Desk, open_page: OpenPage) -> None:
    page = open_page("/", language="hu")
    page.emulate_media(reduced_motion="reduce")  # a colour half-way to its new one would count as too pale
    faults: list[str] = []
    for path in EMPTY_PAGES:
        page.goto(f"{desk.url}{path}")
        faults += faults_of(page)

    channel = add_sandbox_shop(page, desk, "hu")
    faults += faults_of(page)  # the wizard's end, with the orders that came in
    desk.sql("UPDATE inbox_message SET state = 'failed', error = 'The message is not a JSON object.' WHERE id = 1")
    places = {
        "channel": channel,
        "order": desk.sql("SELECT number FROM orders_order ORDER BY id DESC LIMIT 1")[0][0],
        "customer": desk.sql("SELECT min(id) FROM customers_customer")[0][0],
        "message": 1,
        "user": desk.sql("SELECT min(id) FROM accounts_user")[0][0],
    }
    for path in PAGES:
        answer = page.goto(f"{desk.url}{path.format(**places)}")
        assert answer is not None
        assert answer.status == 200, path
        faults += faults_of(page)
    assert not faults, "\n".join(faults)
