"""`pult report turnover`."""

from __future__ import annotations

from datetime import date, datetime

import click
import orjson

from pult.lib.failures import UserError
from pult.lib.money import format_amount
from pult.reports.rules.periods import split_by
from pult.reports.schemas import turnover_document
from pult.reports.selectors import turnover


@click.group("report")
def report_group() -> None:
    """Reports."""


@report_group.command("turnover")
@click.option("--from", "first", required=True, metavar="DAY", help="The first day: 2026-01-31.")
@click.option("--to", "last", required=True, metavar="DAY", help="The last day; it is included.")
@click.option(
    "--by",
    default="channel,day",
    metavar="channel,day",
    help='Split by channel, by day or by both (as without it); "" for the whole.',
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def report_turnover(first: str, last: str, by: str, as_json: bool) -> None:
    """Turnover in the company's days: cancelled orders out, refunds negative on the day they happened."""
    rows = turnover(first=_day(first, "--from"), last=_day(last, "--to"), by=split_by(by))
    if as_json:
        click.echo(orjson.dumps(turnover_document(rows), option=orjson.OPT_INDENT_2).decode())
        return
    for row in rows:
        day = row.day.isoformat() if row.day else ""
        click.echo(
            f"{day:10} {row.channel or '':24} {row.orders:>8} {format_amount(row.net, row.currency):>18}"
            f" {format_amount(row.vat, row.currency):>16} {format_amount(row.gross, row.currency):>18} {row.currency}"
        )
    if not rows:
        click.echo("Nothing was sold in these days.")


def _day(text: str, option: str) -> date:
    try:
        day = datetime.strptime(text.strip(), "%Y-%m-%d").date()  # noqa: DTZ007 a day has no zone
    except ValueError:
        raise UserError(f"“{text[:40]}” is no day; write {option} 2026-01-31.", code="bad_day") from None
    if not 1900 <= day.year <= 2999:
        raise UserError(f"The year of {option} must be between 1900 and 2999.", code="bad_day")
    return day


commands: list[click.Command] = [report_group]
