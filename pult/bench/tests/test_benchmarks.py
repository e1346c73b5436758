"""Each benchmark runs on a tiny size, tells what it promises, and leaves nothing behind."""

from __future__ import annotations

import pytest
from django.db import connection

from pult.bench.ingest import run_ingest
from pult.bench.lists import run_lists
from pult.bench.live import run_hook


@pytest.fixture
def databases_before(transactional_db: None) -> set[str]:
    return _databases()


def _databases() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return {name for (name,) in cursor.fetchall()}


def test_ingest_tells_its_figures_and_asks_few_queries(databases_before: set[str]) -> None:
    figures = run_ingest(orders=300, lines=2)

    assert figures["orders"] == 300
    assert figures["new_per_second"] > 0
    assert figures["unchanged_per_second"] > figures["new_per_second"]
    assert figures["statements_per_page"] <= 25
    assert _databases() == databases_before


def test_lists_are_all_measured_and_none_asks_a_query_a_row(databases_before: set[str]) -> None:
    figures = run_lists(orders=1_000)

    assert {name: row["queries"] for name, row in figures["questions"].items() if row["queries"] > 5} == {}
    assert figures["questions"]["list: all"]["rows"] == 51
    assert figures["questions"]["list: unmatched"]["rows"] == 0
    assert figures["questions"]["search: number"]["rows"] == 1
    assert _databases() == databases_before


@pytest.mark.faults
def test_hook_is_measured_on_a_real_pult() -> None:
    figures = run_hook(orders=2)

    assert figures["orders"] == 2
    assert 0 < figures["p50_ms"] <= figures["max_ms"]
    assert {"web", "worker"} <= figures["memory_mib"].keys()
