"""How fast raw messages become committed orders, beside a bare COPY of the same rows in the same run."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from pult.bench.database import bench_database
from pult.bench.filling import add_products
from pult.bench.orders import PRODUCTS, raw_orders
from pult.channels.models import SalesChannel
from pult.channels.services import add_channel
from pult.connectors.protocol import Page, RawMessage
from pult.history.types import SYSTEM
from pult.sync.services.understanding import take_page

PAGE = 100
TABLES = (
    "inbox_message",
    "orders_order",
    "orders_orderline",
    "history_entry",
    "customers_customer",
    "customers_identity",
)


def run_ingest(*, orders: int, lines: int) -> dict[str, Any]:
    """Orders a second for new and for unchanged orders, and the ratio to a bare COPY; see docs/running.md."""
    with bench_database():
        channel = _prepare()
        messages = list(raw_orders(orders, lines=lines))
        first = _take(channel, messages)
        statements = _statements_of_a_page(channel, lines)
        again = _take(channel, messages)
        copied = _bare_copy()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*), count(*) FILTER (WHERE state = 'understood') FROM inbox_message")
            kept, understood = cursor.fetchone()
    assert kept == understood == orders + PAGE  # a benchmark that loses orders measures nothing
    return {
        "orders": orders,
        "lines": lines,
        "new_seconds": round(first, 3),
        "new_per_second": round(orders / first),
        "unchanged_seconds": round(again, 3),
        "unchanged_per_second": round(orders / again),
        "copy_seconds": round(copied, 3),
        "new_to_copy": round(first / copied, 2),
        "statements_per_page": statements,
    }


def _prepare() -> SalesChannel:
    add_products(PRODUCTS[::2])
    return add_channel(
        actor=SYSTEM,
        code="bench",
        kind="webshop",
        platform="woocommerce",
        name="Bench",
        open_settings={"url": "http://bench"},
    )


def _take(channel: SalesChannel, messages: Sequence[RawMessage]) -> float:
    chunks = (messages[index : index + PAGE] for index in range(0, len(messages), PAGE))
    pages = (Page(chunk, {"seen": str(chunk[-1].modified_at)}) for chunk in chunks)
    started = time.perf_counter()
    for page in pages:
        take_page(channel, page, source="poll")
    return time.perf_counter() - started


def _statements_of_a_page(channel: SalesChannel, lines: int) -> int:
    """Statements for a page of new orders, COPY included; BEGIN, COMMIT and savepoints ask nothing and do not count."""
    page = list(raw_orders(PAGE, lines=lines, seed=2, first_id=900_000_000))
    with CaptureQueriesContext(connection) as captured:
        take_page(channel, Page(page, {"seen": "page"}), source="poll")
    framing = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT")
    return sum(not query["sql"].startswith(framing) for query in captured.captured_queries)


def _bare_copy() -> float:
    """Seconds to COPY the same rows into tables without indexes, constraints or triggers, each in one transaction."""
    data: dict[str, bytes] = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"CREATE TABLE bare_{table} (LIKE {table})")
            buffer = io.BytesIO()
            with cursor.copy(f"COPY {table} TO STDOUT") as copy:
                for chunk in copy:
                    buffer.write(chunk)
            data[table] = buffer.getvalue()
        started = time.perf_counter()
        for table in TABLES:
            with cursor.copy(f"COPY bare_{table} FROM STDIN") as copy:
                copy.write(data[table])
        return time.perf_counter() - started
