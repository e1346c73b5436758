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


@bench_group.command("orders")
@click.option("--orders", default=1_000_000, show_default=True, type=click.IntRange(1_000, 20_000_000))
@json_option
def orders(orders: int, as_json: bool) -> None:
    """Every list, search and figure on a large installation: milliseconds, and tables read from end to end."""
    from pult.bench.lists import run_lists

    figures = run_lists(orders=orders)
    if not as_json:
        for name, row in figures.pop("questions").items():
            whole = f"  reads all of {', '.join(row['whole_tables'])}" if row["whole_tables"] else ""
            click.echo(f"{row['ms']:9.1f} ms {row['rows']:5} rows {row['buffers']:7} buffers  {name}{whole}")
    _print(figures, as_json)


@bench_group.command("hook")
@click.option("--orders", default=100, show_default=True, type=click.IntRange(1, 10_000))
@json_option
def hook(orders: int, as_json: bool) -> None:
    """A webhook comes in: when is its order in the list? On a real `pult serve` with a sandbox shop."""
    from pult.bench.live import run_hook

    _print(run_hook(orders=orders), as_json)


@bench_group.command("memory")
@click.option("--orders", default=100_000, show_default=True, type=click.IntRange(1, 1_000_000))
@json_option
def memory(orders: int, as_json: bool) -> None:
    """Memory of the web and the worker process before and after a first import, on a real `pult serve`."""
    from pult.bench.live import run_memory

    _print(run_memory(orders=orders), as_json)


def _print(figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode())
        return
    for name, value in figures.items():
        click.echo(f"{name.replace('_', ' '):24} {value}")


commands: list[click.Command] = [bench_group]
