"""Loaded by pytest before anything reads the settings: gives the tests a data folder of their own.

`PULT_TEST_DATA_DIR` names the folder (kept afterwards, so the next run starts faster); without it a fresh one is made
and removed. `PULT_DATABASE_URL` points the tests at another PostgreSQL instead of the embedded one.
"""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

KEPT = {"PULT_TEST_DATA_DIR", "PULT_DATA_DIR", "PULT_DATABASE_URL", "PULT_CHROMIUM"}

_made_here = ""


def _choose_data_dir() -> None:
    global _made_here
    folder = os.environ.get("PULT_TEST_DATA_DIR", "").strip()
    if not folder:
        folder = _made_here = tempfile.mkdtemp(prefix="pult-test-")
        # The workers of pytest-xdist inherit it and so share one server.
        os.environ["PULT_TEST_DATA_DIR"] = folder
    os.environ["PULT_DATA_DIR"] = folder
    # What a developer has set for their own installation must not change what is tested.
    for name in (
        "PULT_BIND",
        "PULT_PUBLIC_URL",
        "PULT_ALLOWED_HOSTS",
        "PULT_SYNC_INTERVAL",
        "PULT_DEMO",
        "PULT_EMAIL_URL",
    ):
        os.environ.pop(name, None)


def ensure_test_database() -> None:
    """Have the tests' embedded server running, without fsync: nothing in it must survive."""
    if not os.environ.get("PULT_DATABASE_URL", "").strip():
        from pult.lib.postgres import ensure_running

        ensure_running(os.environ["PULT_DATA_DIR"], durable=False)


def pytest_unconfigure(config: pytest.Config) -> None:
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return
    from pult.lib.postgres import leave

    leave(os.environ["PULT_DATA_DIR"])
    if _made_here:
        shutil.rmtree(_made_here, ignore_errors=True)


_choose_data_dir()
