"""Whatever a buyer types or a shop invents is kept, flagged and written out, and nothing of it runs."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pytest
from click.testing import CliRunner

from pult.channels.models import SalesChannel
from pult.inbox.models import Message
from pult.orders.cli import orders_group, safe_cell
from pult.orders.models import Order, Problem
from pult.testing.builders import a_channel, raw_line, raw_order, the_order, told

pytestmark = pytest.mark.django_db

NASTY = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "Robert'); DROP TABLE orders_order;--",
    "👩‍👩‍👧‍👦 Ödön 🏳️‍🌈",
    "\u202egnp.exe \u200f مرحبا",
    "a\x00b\x07c\ud800d",
    '=HYPERLINK("http://evil.example";"x")',
    "+1+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "{{ 7*7 }} %s %(x)s ${x}",
    "Ő" * 10_000,
]


@pytest.fixture
def channel() -> SalesChannel:
    return a_channel("bolt")


def named(text: str) -> bytes:
    order = raw_order(101, customer_note=text, line_items=[raw_line(name=text, sku=text)], payment_method_title=text)
    for kind in ("billing", "shipping"):
        order[kind] = {**order[kind], "last_name": text, "company": text, "city": text, "address_1": text}
    # as the shop would send it: half a surrogate pair is no UTF-8, only an escape
    import json

    return json.dumps(order).encode()


def exported(*arguments: str) -> str:
    result = CliRunner().invoke(orders_group, ["export", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_hostile_text_is_kept_and_written_out(channel: SalesChannel, text: str, tmp_path: Path) -> None:
    tally = told(channel, named(text))

    assert tally.created == 1
    order = the_order(channel)
    clean = text.replace("\x00", "").replace("\x07", "").replace("\ud800", "")
    assert (order.customer_note or "").strip() == clean.strip()[:10_000]
    assert order.lines.get().name in clean or order.lines.get().name == clean.strip()
    document = orjson.loads(exported())
    assert document["customer_note"] == order.customer_note
    for row in csv.reader(io.StringIO(exported("--format", "csv"))):
        assert not any(cell.startswith(("=", "@")) for cell in row)
    book = tmp_path / "orders.xlsx"
    exported("--format", "xlsx", "--output", str(book))
    for cells in openpyxl.load_workbook(book).active.iter_rows():
        assert all(cell.data_type in {"s", "n"} for cell in cells)


def test_too_long_text_is_cut_and_says_so(channel: SalesChannel) -> None:
    told(channel, named("Ő" * 10_000))

    problem = Problem.objects.get(code="text_cut")
    assert "line_items.name" in problem.params["field"]


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({"total": "-5000"}, {"totals_differ", "negative_total"}),
        ({"total": "999999999999999"}, {"totals_differ"}),
        ({"currency": "XQZ"}, {"unknown_currency"}),
        ({"status": "wc-felfoghatatlan"}, {"unknown_status"}),
        ({"line_items": []}, {"no_lines"}),
        ({"total": "0.000001"}, {"totals_differ"}),
    ],
)
def test_absurd_amounts_and_codes_arrive_with_a_problem(
    channel: SalesChannel, values: dict[str, Any], codes: set[str]
) -> None:
    tally = told(channel, raw_order(101, **values))

    assert tally.created == 1
    assert set(Problem.objects.values_list("code", flat=True)) == codes
    assert orjson.loads(exported())["problems"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": 101}',
        b'{"id": 101, "total": "NaN", "currency": "HUF", "date_created_gmt": "2026-01-01T00:00:00"}',
        b'{"id": 101, "total": "1e99", "currency": "HUF", "date_created_gmt": "2026-01-01T00:00:00"}',
        b'{"id": 101, "total": "1", "currency": "HUF", "date_created_gmt": "yesterday"}',
        b'{"id": 101, "total": {"a": []}, "currency": [], "date_created_gmt": 5}',
        b'{"id": 101, "x": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
)
def test_what_is_no_order_waits_with_its_reason(channel: SalesChannel, body: bytes) -> None:
    from pult.connectors.protocol import Page, RawMessage
    from pult.sync.services.understanding import take_page

    tally = take_page(channel, Page([RawMessage("101", body)], {}), source="poll")

    message = Message.objects.get()
    assert (tally.failed, message.state, message.attempts) == (1, "failed", 1)
    assert message.error and bytes(message.body) == body
    assert Order.objects.count() == 0


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("=1", "'=1"),
        ("@x", "'@x"),
        ("-1+cmd", "'-1+cmd"),
        ("\t=1", "'\t=1"),
        ("-127.50", "-127.50"),
        ("+36301234567", "+36301234567"),
        ("Bögre", "Bögre"),
        (None, None),
        (5, 5),
    ],
)
def test_no_cell_is_a_formula(value: Any, cell: Any) -> None:
    assert safe_cell(value) == cell
