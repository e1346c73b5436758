"""What every list and search costs on a large installation, and whether any of them reads a whole table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import orjson
from django.db import connection

from pult.bench.database import bench_database
from pult.bench.filling import STRANGE_SKU, fill
from pult.catalogue.selectors import products_found, products_page
from pult.customers.selectors import customers_page
from pult.lib.clock import now
from pult.orders.models import Order
from pult.orders.selectors import (
    OrderFilter,
    arrived_since,
    customer_summary,
    desk_counts,
    neighbours_of,
    orders_changed_since,
    orders_page,
    unmatched_codes,
)
from pult.reports.selectors import daily_turnover_by_channel, overview_numbers, turnover

PAGE = 51
LARGE = 100_000
"""Rows from which reading a whole table is told."""

Question = tuple[str, Callable[[], Any]]


def run_lists(*, orders: int) -> dict[str, Any]:
    """Milliseconds of every question, the best of three, and the large tables that it read from end to end."""
    with bench_database():
        started = time.perf_counter()
        fill(orders)
        filled = time.perf_counter() - started
        rows = {name: _measure(ask) for name, ask in _questions(orders)}
    return {
        "orders": orders,
        "fill_seconds": round(filled, 1),
        "slowest_ms": max(row["ms"] for row in rows.values()),
        "whole_tables_read": sorted(name for name, row in rows.items() if row["whole_tables"]),
        "questions": rows,
    }


def _measure(ask: Callable[[], Any]) -> dict[str, Any]:
    times = []
    for _ in range(3):
        started = time.perf_counter()
        with _Watched() as watched:
            answer = ask()
        times.append(time.perf_counter() - started)
    plans = [plan for statement, parameters in watched.statements for plan in _plan(statement, parameters)]
    return {
        "ms": round(min(times) * 1000, 1),
        "rows": len(answer) if isinstance(answer, list) else 1,
        "queries": len(watched.statements),
        "buffers": sum(plan.buffers for plan in plans),
        "whole_tables": sorted({table for plan in plans for table in plan.scanned}),
    }


@dataclass
class _Watched:
    """The statements that run inside it."""

    statements: list[tuple[str, Any]] = field(default_factory=list)

    def __enter__(self) -> _Watched:
        self._wrapper = connection.execute_wrapper(self._note)
        self._wrapper.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._wrapper.__exit__(*error)

    def _note(self, execute: Any, statement: str, parameters: Any, many: bool, context: Any) -> Any:
        self.statements.append((statement, parameters))
        return execute(statement, parameters, many, context)


@dataclass(frozen=True)
class _Plan:
    buffers: int
    scanned: frozenset[str]


def _plan(statement: str, parameters: Any) -> Iterator[_Plan]:
    if not statement.lstrip().upper().startswith(("SELECT", "WITH", "(")):
        return
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
        (found,) = cursor.fetchone()
    plan = (orjson.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    yield _Plan(
        buffers=plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0),
        scanned=frozenset(
            node["Relation Name"]
            for node in _nodes(plan)
            if node["Node Type"] == "Seq Scan" and node["Actual Rows"] + node.get("Rows Removed by Filter", 0) >= LARGE
        ),
    )


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _questions(orders: int) -> Iterator[Question]:
    at = now()
    middle = Order.objects.get(pk=max(orders // 2 + 7, 1))
    last = Order.objects.get(pk=orders)
    key = (middle.placed_at, middle.pk)
    week = at - timedelta(days=7)

    def page(**filters: Any) -> Callable[[], Any]:
        return lambda: orders_page(OrderFilter(**filters), limit=PAGE)

    yield "list: all", page()
    yield "list: deep page", lambda: orders_page(OrderFilter(), limit=PAGE, after=key)
    yield "list: page before", lambda: orders_page(OrderFilter(), limit=PAGE, before=key)
    yield "list: neighbours", lambda: neighbours_of(OrderFilter(), middle)
    yield "list: large channel", page(channels=["main"])
    yield "list: tiny channel", page(channels=["phone"])
    yield "list: two channels", page(channels=["phone", "retailer"])
    yield "list: no such channel", page(channels=["nowhere"])
    yield "list: kind", page(kinds=["webshop"])
    yield "list: rare kind", page(kinds=["custom"])
    yield "list: new", page(statuses=["new"])
    yield "list: new, confirmed, on hold", page(statuses=["new", "confirmed", "on_hold"])
    yield "list: returned", page(statuses=["returned"])
    yield "list: ready (none)", page(statuses=["ready"])
    yield "list: unpaid", page(payment_statuses=["unpaid"])
    yield "list: partly paid", page(payment_statuses=["partly_paid"])
    yield "list: partly refunded (none)", page(payment_statuses=["partly_refunded"])
    yield "list: problems", page(problems=True)
    yield "list: unmatched", page(unmatched=True)
    yield "list: customer", page(customer_id=4711)
    yield "list: large customer", page(customer_id=1)
    yield "list: a week", page(placed_from=week)
    yield "list: old week", page(placed_from=middle.placed_at, placed_to=middle.placed_at + timedelta(days=7))
    yield "list: channel, on hold", page(channels=["main"], statuses=["on_hold"])
    yield "list: channel, ready (none)", page(channels=["main"], statuses=["ready"])
    yield "list: tiny channel, new (none)", page(channels=["phone"], statuses=["new"])
    yield "list: two channels, on hold", page(channels=["main", "second"], statuses=["on_hold", "new"])
    yield "list: channel, unpaid, problems", page(channels=["store"], payment_statuses=["unpaid"], problems=True)
    yield "list: kind, unpaid, a week", page(kinds=["webshop"], payment_statuses=["unpaid"], placed_from=week)
    for name, words in (
        ("number", middle.number),
        ("shop's number", middle.external_number),
        ("e-mail", middle.buyer_email),
        ("phone", middle.buyer_phone),
        ("frequent name", "kovács"),
        ("two names", "Kovács Anna"),
        ("what all have", "example.test"),
        ("SKU", "SKU-00017"),
        ("unmatched SKU", STRANGE_SKU),
        ("no hit", "Wolfgang"),
        ("no hit, frequent parts", "SKU-01010-00101"),
        ("two letters", "ko"),
        ("two letters, no hit", "qx"),
        ("frequent and no hit", "kovács qxq"),
    ):
        yield f"search: {name}", page(q=words)
    yield "search: name, channel, state", page(q="kovács", channels=["phone"], statuses=["returned"])
    yield "search: e-mail, channel", page(q=middle.buyer_email, channels=["second"])
    yield "search: arrived since", lambda: arrived_since(OrderFilter(q="kovács"), orders - 100)
    yield (
        "feed: from the end",
        lambda: orders_changed_since(OrderFilter(), since=last.updated_at, after=None, limit=100),
    )
    yield (
        "feed: one channel",
        lambda: orders_changed_since(OrderFilter(channels=["phone"]), since=middle.updated_at, after=None, limit=100),
    )
    yield "desk counts", desk_counts
    yield "unmatched codes", unmatched_codes
    yield "customer: summary", lambda: customer_summary(4711)
    yield "customer: large summary", lambda: customer_summary(1)
    yield "customers: newest", lambda: customers_page(limit=PAGE)
    for name, words in (("name", "kovács"), ("e-mail", "vevo4711@"), ("no hit", "Wolfgang"), ("two letters", "qx")):
        yield f"customers: {name}", partial(customers_page, query=words, limit=PAGE)
    yield "products: newest", lambda: products_page(limit=PAGE)
    yield "products: word", lambda: list(products_found("termék 17")[:PAGE])
    today = at.date()
    yield "turnover: 30 days", lambda: daily_turnover_by_channel(days=30)
    yield "turnover: a year", lambda: turnover(first=today - timedelta(days=364), last=today, by=("channel", "day"))
    yield "overview", overview_numbers
