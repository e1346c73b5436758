"""Fixtures of the fault tests: a whole Pult as real processes, beside sandbox shops that this process serves."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from pult.lib import postgres
from pult.sandbox.woocommerce import SandboxServer, SandboxShop
from pult.testing import free_port, live_pult, wait_until
from pult.testing.processes import LivePult

KEY, SECRET = "ck_" + "a" * 40, "cs_" + "b" * 40

STATUS_OF = {
    "pending": "new",
    "processing": "new",
    "on-hold": "on_hold",
    "completed": "completed",
    "cancelled": "cancelled",
    "failed": "cancelled",
    "trash": "cancelled",
    "refunded": "returned",
}


def make_shop(**settings: Any) -> SandboxShop:
    """A shop that accepts `KEY` and `SECRET`."""
    given: dict[str, Any] = {"consumer_key": KEY, "consumer_secret": SECRET, "behind_tls": True}
    return SandboxShop("Próbabolt", **(given | settings))


@dataclass
class Installation:
    """One Pult with its data folder; `pult` is the running `pult serve`, which may be killed and started again."""

    data_dir: Path
    environment: dict[str, str]
    pult: LivePult = field(init=False)

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask or change its database; nothing while that is down."""
        with psycopg.connect(postgres.url(self.data_dir), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def add_channel(self, code: str, url: str) -> None:
        self.pult.pult(
            *("channel", "add", code, "--kind", "webshop", "--platform", "woocommerce", "--set", f"url={url}"),
            *("--set", f"consumer_key={KEY}", "--set", f"consumer_secret={SECRET}"),
        )

    def add_channels_like(self, code: str, urls: dict[str, str]) -> None:
        """More channels with the keys of the channel `code`, all in one moment."""
        for new, url in urls.items():
            self.sql(
                "INSERT INTO channels_saleschannel (code, name, kind, platform, currency, color, settings, sealed,"
                " status_map, cursor, failures_in_row, hook_secret, hooks)"
                " SELECT %s, %s, kind, platform, currency, color, settings || jsonb_build_object('url', %s::text),"
                " sealed, status_map, '{}', 0, md5(%s), '{}' FROM channels_saleschannel WHERE code = %s",
                new,
                new,
                url,
                new,
                code,
            )

    def channel(self, code: str, *columns: str) -> tuple[Any, ...]:
        return self.sql(f"SELECT {', '.join(columns)} FROM channels_saleschannel WHERE code = %s", code)[0]

    def hook_url(self, code: str) -> tuple[str, str]:
        """Where the shop of a channel delivers its webhooks, and what it signs them with."""
        (secret,) = self.channel(code, "hook_secret")
        return f"{self.pult.url}/hooks/{code}/{secret}", secret

    def orders(self, code: str) -> dict[str, tuple[str, Decimal]]:
        """Shop's state and total of every order, by the shop's id."""
        rows = self.sql(
            "SELECT o.external_id, o.external_status, o.total_gross FROM orders_order o"
            " JOIN channels_saleschannel c ON c.id = o.channel_id WHERE c.code = %s",
            code,
        )
        return {external_id: (status, total) for external_id, status, total in rows}

    def has_all(self, code: str, shop: SandboxShop) -> bool:
        """Whether it knows every order of the shop as it stands now; False while the database is away."""
        wanted = {str(row["id"]): (row["status"], Decimal(row["total"])) for row in list(shop.orders.values())}
        try:
            return self.orders(code) == wanted
        except psycopg.OperationalError:
            return False

    def assert_in_step(self, code: str, shop: SandboxShop) -> None:
        """The same orders as in the shop, once each, to the last unit, and nothing left behind."""
        exported = self.pult.pult("orders", "export", "--channel", code).stdout.splitlines()
        orders = [json.loads(line) for line in exported]
        assert sorted(int(order["external_id"]) for order in orders) == sorted(shop.orders)
        for order in orders:
            row = shop.orders[int(order["external_id"])]
            assert Decimal(order["totals"]["gross"]) == Decimal(row["total"])
            assert sum(Decimal(line["gross"]) for line in order["lines"]) == Decimal(row["total"])
            assert order["external_status"] == row["status"]
            assert order["status"] == STATUS_OF[row["status"]]
        assert self.nothing_waits()

    def nothing_waits(self) -> bool:
        """No raw message without its order, no open transaction's worth of work: what came in was gone on with."""
        return self.sql("SELECT count(*) FROM inbox_message WHERE state IN ('kept', 'failed')") == [(0,)]

    def no_job_is_stuck(self) -> bool:
        """No job of a worker that is gone, or that has been due for a while."""
        rows = self.sql(
            "SELECT 1 FROM procrastinate_jobs j LEFT JOIN procrastinate_workers w ON w.id = j.worker_id"
            " WHERE (j.status = 'doing' AND (w.id IS NULL OR w.last_heartbeat < now() - interval '10 s'))"
            " OR (j.status = 'todo' AND j.scheduled_at IS NOT NULL)"
        )
        return not rows


@contextmanager
def installation(data_dir: Path, *, migrate: bool = True, **environment: str) -> Iterator[Installation]:
    """A Pult that runs, with webhooks that lead back to it; whatever a test did to it, it ends with the block."""
    bind = f"127.0.0.1:{free_port()}"
    made = Installation(data_dir, {"PULT_BIND": bind, "PULT_SYNC_INTERVAL": "1"} | environment)
    with live_pult(data_dir, migrate=migrate, **made.environment) as pult:
        made.pult = pult
        yield made


@pytest.fixture
def random_moment(request: pytest.FixtureRequest) -> Callable[[float], None]:
    """Waits up to so many seconds; which part of it is drawn from `PULT_FAULTS_SEED`, printed when the test fails."""
    seed = int(os.environ.get("PULT_FAULTS_SEED") or time.time_ns() % 10**6)
    print(f"PULT_FAULTS_SEED={seed}")  # noqa: T201 shown with a failure only
    chance = Random(f"{seed} {request.node.name}")

    def wait(longest: float) -> None:
        until = time.monotonic() + chance.uniform(0, longest)
        wait_until(lambda: time.monotonic() >= until, timeout=longest + 1)

    return wait


@pytest.fixture
def serve_shops() -> Iterator[Callable[..., SandboxServer]]:
    """Serve shops by their names; hung up at the end of the test."""
    servers: list[SandboxServer] = []

    def serve(**shops: SandboxShop) -> SandboxServer:
        servers.append(SandboxServer({name.replace("_", "-"): shop for name, shop in shops.items()}).start())
        return servers[-1]

    yield serve
    for server in servers:
        server.stop()
