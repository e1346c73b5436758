"""Fixtures of the browser tests: one Pult of real processes, a sandbox shop beside it, and Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from pult.lib import postgres
from pult.sandbox.woocommerce import SandboxServer, SandboxShop
from pult.sandbox.woocommerce.demo import demo_keys
from pult.testing import free_port, live_pult
from pult.testing.browser import MISSING, find_chromium, launch_arguments
from pult.testing.processes import LivePult

AXE = Path(__file__).with_name("axe.min.js")
PASSWORD = "korte-alma-szilva"
SHOP = "kavehaz"


@dataclass
class Desk:
    """A running Pult, and the sandbox shop that its wizard offers."""

    pult: LivePult
    shop: SandboxShop

    @property
    def url(self) -> str:
        return self.pult.url

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask or change its database."""
        with psycopg.connect(postgres.url(self.pult.data_dir), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """A Pult with one administrator and no channel yet, for all tests of a module."""
    key, secret = demo_keys(SHOP)
    shop = SandboxShop("Kávéház webshop", consumer_key=key, consumer_secret=secret)
    for _ in range(12):
        shop.place_order()
    port = free_port()
    with (
        SandboxServer({SHOP: shop}) as server,
        live_pult(
            PULT_SYNC_INTERVAL="1",
            PULT_SANDBOX_URL=server.url_of(SHOP).removesuffix(f"/{SHOP}"),
            PULT_BIND=f"127.0.0.1:{port}",
        ) as pult,
    ):
        pult.pult("user", "create", "admin@example.com", "--role", "admin", "--password", PASSWORD)
        yield Desk(pult, shop)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Ends with its module: two of Playwright cannot live in one thread."""
    path = find_chromium()
    if path is None:
        pytest.fail(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=launch_arguments())
        yield browser
        browser.close()


@pytest.fixture
def open_page(desk: Desk, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page as the administrator; what the browser complains of fails the test at its end."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_(path: str = "/channels/", *, language: str = "en", width: int = 1440, theme: str = "light") -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 900}, locale=language)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(f"{desk.url}/account/login/")
        page.fill("[name=login]", "admin@example.com")
        page.fill("[name=password]", PASSWORD)
        page.click("form button.btn-primary")
        page.wait_for_url(lambda url: "/login/" not in url)
        context.add_cookies(
            [
                {"name": "django_language", "value": language, "url": desk.url},
                {"name": "pult_theme", "value": theme, "url": desk.url},
            ]
        )
        page.goto(f"{desk.url}{path}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def axe_faults(page: Page) -> list[str]:
    """Serious and critical findings of axe on the page, one line each."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['target']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
