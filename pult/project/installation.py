"""Where this installation keeps its data and whether it brings its own database; known before any settings are read."""

from __future__ import annotations

import os
from pathlib import Path

from pult.lib.postgres import ensure_running

# Told to `pult serve` by a child that cannot start until somebody does something.
EXIT_MISCONFIGURED = 78


def data_dir() -> Path:
    """The data folder, as the settings read it; here so that light commands need no Django."""
    return Path(os.environ.get("PULT_DATA_DIR", "").strip() or "./var").expanduser().resolve()


def uses_embedded_database() -> bool:
    """Whether this installation brings its own PostgreSQL, none being named by PULT_DATABASE_URL."""
    return not (os.environ.get("PULT_DATABASE_URL", "").strip() or os.environ.get("PULT_DATABASE_URL_FILE"))


def ensure_database() -> None:
    """Have the embedded database running for as long as this process lives, if this installation uses it."""
    if uses_embedded_database():
        ensure_running(data_dir())
