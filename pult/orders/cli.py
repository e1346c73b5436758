"""`pult orders export`."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import click
import orjson
from django.conf import settings

from pult.channels.selectors import channel_by_code
from pult.lib.failures import UserError
from pult.lib.times import read_time
from pult.orders.schemas import order_documents
from pult.orders.selectors import OrderFilter, orders_page

CHUNK = 500

COLUMNS = (
    "number",
    "channel",
    "external_number",
    "status",
    "payment_status",
    "fulfilment_status",
    "placed_at",
    "currency",
    "customer_name",
    "customer_company",
    "customer_email",
    "customer_phone",
    "tax_number",
    "shipping_postcode",
    "shipping_city",
    "shipping_street",
    "payment_name",
    "shipping_name",
    "total_net",
    "total_vat",
    "total_gross",
    "position",
    "kind",
    "sku",
    "external_sku",
    "name",
    "quantity",
    "unit",
    "unit_price_net",
    "unit_price_gross",
    "vat_rate",
    "net",
    "vat",
    "gross",
)
"""One row a line in CSV and XLSX; the order's own columns repeat. Names are stable: others read them."""


@click.group("orders")
def orders_group() -> None:
    """Orders."""


@orders_group.command("export")
@click.option("--channel", "channel_code", metavar="CODE", help="Only the orders of this channel.")
@click.option("--since", metavar="WHEN", help="Only orders placed since then (a day or a time).")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv", "xlsx"]), default="jsonl", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; standard output otherwise.")
def export(channel_code: str | None, since: str | None, form: str, output: Path | None) -> None:
    """Orders in the form of the API (jsonl), or one row a line (csv, xlsx), newest first."""
    if channel_code:
        channel_by_code(channel_code)
    documents = _documents(channel_code, read_time(since, settings.PULT_TIME_ZONE))
    if form == "xlsx":
        if output is None and sys.stdout.isatty():
            raise UserError("An xlsx is a file: say where with --output FILE.", code="output_missing")
        _write_xlsx(documents, output)
        return
    with _opened(output) as out:
        if form == "jsonl":
            for document in documents:
                out.write(orjson.dumps(document).decode() + "\n")
        else:
            writer = csv.writer(out)
            writer.writerow(COLUMNS)
            for row in _rows(documents):
                writer.writerow([safe_cell(value) for value in row])


def _documents(channel_code: str | None, since: datetime | None) -> Iterator[dict[str, Any]]:
    filter_ = OrderFilter(channels=[channel_code] if channel_code else (), placed_from=since)
    after = None
    while page := orders_page(filter_, limit=CHUNK, after=after):
        yield from order_documents(page)
        after = (page[-1].placed_at, page[-1].pk)


def _rows(documents: Iterator[dict[str, Any]]) -> Iterator[list[Any]]:
    for order in documents:
        customer, shipping = order["customer"], order["shipping_address"] or {}
        head = [
            order["number"],
            order["channel"]["code"],
            order["external_number"],
            order["status"],
            order["payment_status"],
            order["fulfilment_status"],
            order["placed_at"],
            order["currency"],
            customer["name"],
            customer["company"],
            customer["email"],
            customer["phone"],
            customer["tax_number"],
            shipping.get("postcode"),
            shipping.get("city"),
            shipping.get("street"),
            order["payment"]["name"],
            order["shipping"]["name"],
            order["totals"]["net"],
            order["totals"]["vat"],
            order["totals"]["gross"],
        ]
        for line in order["lines"]:
            yield head + [line[name] for name in COLUMNS[len(head) :]]
        if not order["lines"]:
            yield head + [None] * (len(COLUMNS) - len(head))


_FORMULA_SIGNS = frozenset("=+-@\t\r\n")
_NUMBER = re.compile(r"[+-][0-9]+(\.[0-9]+)?")  # amounts, and phone numbers


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: a buyer may be called =HYPERLINK(…)."""
    if isinstance(value, str) and value[:1] in _FORMULA_SIGNS and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def _write_xlsx(documents: Iterator[dict[str, Any]], output: Path | None) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.utils.exceptions import IllegalCharacterError

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Rendelések")
    sheet.append(list(COLUMNS))
    for row in _rows(documents):
        cells = []
        for value in row:
            try:
                cell = WriteOnlyCell(sheet, value=value)
            except IllegalCharacterError:
                cell = WriteOnlyCell(sheet, value="".join(c for c in str(value) if c.isprintable()))
            if isinstance(cell.value, str):
                cell.data_type = "s"  # never a formula
            cells.append(cell)
        sheet.append(cells)
    if output is None:
        whole = io.BytesIO()
        book.save(whole)
        sys.stdout.buffer.write(whole.getvalue())
        sys.stdout.buffer.flush()
        return
    try:
        book.save(output)
    except OSError as error:
        raise _not_written(output, error) from error


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="", write_through=True)
        try:
            yield out
        finally:
            out.detach()  # else it closes standard output with it
        return
    try:
        with output.open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise _not_written(output, error) from error


def _not_written(output: Path, error: OSError) -> UserError:
    return UserError(f"{output} can't be written: {error.strerror}. Choose another file.", code="not_written")


commands: list[click.Command] = [orders_group]
