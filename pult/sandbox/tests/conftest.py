"""Fixtures of the sandbox's tests: a shop whose clock the test moves, on a free port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from pult.sandbox.woocommerce import SandboxServer, SandboxShop

KEY, SECRET = "ck_" + "a" * 40, "cs_" + "b" * 40


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    at: datetime = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Running:
    """A shop that is being served, and a client whose key is accepted."""

    shop: SandboxShop
    clock: Clock
    server: SandboxServer
    client: httpx.Client

    @property
    def url(self) -> str:
        return self.server.url_of("bolt")

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.client.get(f"/wp-json/wc/v3{path}", params=params)

    def ids(self, **params: Any) -> list[int]:
        answer = self.get("/orders", per_page=100, **params)
        assert answer.status_code == 200, answer.text
        return [order["id"] for order in answer.json()]


@pytest.fixture
def run_shop() -> Iterator[Callable[..., Running]]:
    """Start a shop with the given settings; Basic is accepted unless `behind_tls=False` is said."""
    started: list[Running] = []

    def start(**settings: Any) -> Running:
        clock = Clock()
        given = {"consumer_key": KEY, "consumer_secret": SECRET, "behind_tls": True, "now": clock} | settings
        shop = SandboxShop("Próbabolt", **given)
        shop.hooks.mode = "manual"
        server = SandboxServer({"bolt": shop}).start()
        client = httpx.Client(base_url=server.url_of("bolt"), auth=(KEY, SECRET), trust_env=False, timeout=10)
        running = Running(shop, clock, server, client)
        started.append(running)
        return running

    yield start
    for running in started:
        running.client.close()
        running.server.stop()


@dataclass
class Receiver:
    """Listens for webhooks and answers with `status`."""

    url: str = ""
    status: int = 200
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook receiver on a free port."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(state.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()
