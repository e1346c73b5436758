"""A real `pult serve` with a sandbox shop beside it: how soon an order is seen, and how much memory it all takes."""

from __future__ import annotations

import logging
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from pult.sandbox.woocommerce import SandboxServer, SandboxShop
from pult.testing import LivePult, free_port, live_pult, wait_until

CODE = "bench"
LONGEST_S = 30.0


@dataclass(frozen=True)
class Live:
    """A running Pult, the shop that it is connected to, and a client that may read its API."""

    pult: LivePult
    shop: SandboxShop
    api: httpx.Client

    def orders(self, **query: Any) -> list[dict[str, Any]]:
        answer = self.api.get("/api/v1/orders", params=query)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def resident_mib(self) -> dict[str, float]:
        """Memory of every process by its command."""
        return {name: _resident_mib(pid) for name, pid in self.pult.children().items()}


def run_hook(*, orders: int) -> dict[str, Any]:
    """Milliseconds from the shop's webhook to the order in the list of the API, one order at a time."""
    times = []
    with _live(orders_before=20, interval_s=3600) as live:
        wait_until(lambda: live.shop.webhooks, LONGEST_S, what="The webhooks at the shop")
        live.shop.hooks.deliver_pending()
        for _ in range(orders):
            placed = str(live.shop.place_order())
            started = time.perf_counter()
            live.shop.hooks.deliver_pending()
            answered = time.perf_counter()
            _wait_for(live, placed)
            times.append((time.perf_counter() - started, answered - started))
        memory = live.resident_mib()
    seen = sorted(1000 * seen for seen, _ in times)
    return {
        "orders": orders,
        "p50_ms": round(statistics.median(seen), 1),
        "p95_ms": round(seen[min(len(seen) - 1, int(len(seen) * 0.95))], 1),
        "max_ms": round(seen[-1], 1),
        "answer_p50_ms": round(1000 * statistics.median(answer for _, answer in times), 1),
        "memory_mib": memory,
    }


def run_memory(*, orders: int) -> dict[str, Any]:
    """Memory of web and worker when they have just started, after a first import, and after reading the lists."""
    with _live(orders_before=0, interval_s=1) as live:
        started = live.resident_mib()
        began = time.perf_counter()
        for _ in range(orders):
            live.shop.place_order()
        made = time.perf_counter() - began
        last = str(max(live.shop.orders))
        wait_until(
            lambda: (found := live.orders(limit=1)) and found[0]["external_id"] == last,
            60 + orders / 50,
            what="The last order in Pult",
        )
        taken = time.perf_counter() - began
        imported = live.resident_mib()
        cursor = None
        for _ in range(20):
            answer = live.api.get("/api/v1/orders", params={"limit": 200, **({"cursor": cursor} if cursor else {})})
            cursor = answer.json()["next"]
        read = live.resident_mib()
    return {
        "orders": orders,
        "making_seconds": round(made, 1),
        "seconds_until_all_were_there": round(taken, 1),
        "mib_at_start": started,
        "mib_after_import": imported,
        "mib_after_reading": read,
    }


@contextmanager
def _live(*, orders_before: int, interval_s: int) -> Iterator[Live]:
    shop = SandboxShop("Bench", behind_tls=True)
    shop.hooks.mode = "manual"
    for _ in range(orders_before):
        shop.place_order()
    logging.getLogger("pult.sandbox").setLevel(logging.ERROR)
    bind = f"127.0.0.1:{free_port()}"
    with (
        SandboxServer({CODE: shop}) as server,
        live_pult(PULT_SYNC_INTERVAL=str(interval_s), PULT_BIND=bind) as pult,
    ):
        pult.pult(
            *("channel", "add", CODE, "--kind", "webshop", "--platform", "woocommerce"),
            *("--set", f"url={server.url_of(CODE)}"),
            *("--set", f"consumer_key={shop.consumer_key}", "--set", f"consumer_secret={shop.consumer_secret}"),
        )
        token = pult.pult("token", "create", "bench", "--role", "viewer").stdout.split()[-1]
        with httpx.Client(
            base_url=pult.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=30
        ) as api:
            live = Live(pult, shop, api)
            wait_until(lambda: len(live.orders(limit=100)) >= orders_before, LONGEST_S, what="The first import")
            yield live


def _wait_for(live: Live, placed: str) -> None:
    """Ask for the newest order without a pause that would be measured too."""
    deadline = time.monotonic() + LONGEST_S
    while live.orders(limit=1)[0]["external_id"] != placed:
        if time.monotonic() > deadline:
            raise AssertionError(f"The order was not there within {LONGEST_S:g} s")
        time.sleep(0.002)


def _resident_mib(pid: int) -> float:
    ps = ["ps", "-o", "rss=", "-p", str(pid)]
    shown = subprocess.run(ps, capture_output=True, text=True, check=False)  # noqa: S603
    return round(int(shown.stdout.strip() or 0) / 1024, 1)
