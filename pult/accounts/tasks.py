"""The jobs of accounts."""

from __future__ import annotations

from pult.accounts.services import prune_idempotency_keys
from pult.lib.jobs import periodic


@periodic("29 * * * *", name="accounts.prune_idempotency_keys", queue="timer")
def prune() -> None:
    prune_idempotency_keys()
