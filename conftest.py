"""Fixtures of every test. The data folder is chosen earlier, by `pult.testing.pytest_plugin`."""

from __future__ import annotations

import pytest

from pult.testing.pytest_plugin import ensure_test_database


def pytest_configure() -> None:
    from django.conf import settings

    # Tests have no collected files with hashes in their names; `live_pult` serves those.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Start the embedded PostgreSQL before the first test that asks for the database; pure tests never wait for it."""
    ensure_test_database()
