"""A database of the benchmark's own, beside the installation's, gone afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection
from psycopg import sql


@contextmanager
def bench_database() -> Iterator[str]:
    """Make a database, migrate it and let every query of this process go there; dropped at the end. Yields its name."""
    own = connection.settings_dict["NAME"]
    name = f"pult_bench_{os.getpid()}"
    _run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        _use(name)
        call_command("migrate", interactive=False, verbosity=0)
        yield name
    finally:
        _use(own)
        _run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _run(statement: sql.Composed) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name
