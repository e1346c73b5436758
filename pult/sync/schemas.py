"""The forms of channels, messages and synchronisations outside Pult."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pult.channels.models import SalesChannel
from pult.channels.selectors import health
from pult.connectors.protocol import CheckStep
from pult.inbox.models import Message
from pult.lib.times import time_text
from pult.sync.services.polling import SyncResult


def channel_document(channel: SalesChannel) -> dict[str, Any]:
    """A channel without its secrets."""
    state = health(channel)
    return {
        "code": channel.code,
        "name": channel.name,
        "kind": channel.kind,
        "platform": channel.platform,
        "currency": channel.currency,
        "settings": channel.settings,
        "state": state.state,
        "state_since": time_text(state.since),
        "paused": channel.paused_at is not None,
        "archived": channel.archived_at is not None,
        "in_step_at": time_text(channel.in_step_at),
        "last_order_at": time_text(channel.last_order_at),
        "next_poll_at": time_text(channel.next_poll_at),
        "failing_since": time_text(channel.failing_since),
        "error": channel.failure_detail,
        "webhooks": {
            "working": channel.hooks.get("working"),
            "detail": channel.hooks.get("detail") or None,
            "last_at": time_text(channel.last_hook_at),
        },
    }


def check_document(channel: SalesChannel, steps: Sequence[CheckStep]) -> dict[str, Any]:
    """What a test of a channel found."""
    return {
        "channel": channel.code,
        "ok": not any(step.level == "error" for step in steps),
        "steps": [{"code": step.code, "level": step.level, "message": step.detail} for step in steps],
    }


def message_document(message: Message) -> dict[str, Any]:
    """A raw message without its body."""
    return {
        "id": message.pk,
        "channel": message.channel.code,
        "source": message.source,
        "external_id": message.external_id,
        "received_at": time_text(message.received_at),
        "state": message.state,
        "attempts": message.attempts,
        "error": {"code": message.error_code, "message": message.error} if message.error_code else None,
    }


def result_document(result: SyncResult) -> dict[str, Any]:
    """One synchronisation, as `pult sync --json` and the API tell it."""
    tally = result.tally
    return {
        "channel": result.channel,
        "fetched": tally.fetched,
        "created": tally.created,
        "updated": tally.updated,
        "unchanged": tally.unchanged,
        "failed": tally.failed,
        "seconds": round(result.seconds, 3),
        "error": None if result.failure is None else {"code": result.failure.code, "message": str(result.failure)},
    }
