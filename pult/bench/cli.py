"""`pult bench`: the project's own benchmarks."""

from __future__ import annotations

from typing import Any

import click
import orjson

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")


@click.group("bench")
def bench_group() -> None:
    """Measure this machine and this version; quote ratios, machines differ."""


@bench_group.command("ingest")
@click.option("--orders", default=20_000, show_default=True, type=click.IntRange(100, 1_000_000))
@click.option("--lines", default=3, show_default=True, type=click.IntRange(1, 50))
@json_option
def ingest(orders: int, lines: int, as_json: bool) -> None:
    """Raw wc/v3 messages to committed orders, beside a bare COPY of the same rows."""
    from pult.bench.ingest import run_ingest

    _print(run_ingest(orders=orders, lines=lines), as_json)


def _print(figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode())
        return
    for name, value in figures.items():
        click.echo(f"{name.replace('_', ' '):24} {value}")


commands: list[click.Command] = [bench_group]
