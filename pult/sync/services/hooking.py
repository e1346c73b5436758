"""Webhooks: registered at the shop, watched, and never more than a hint."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.conf import settings

from pult.channels.services import keep_hooks, note_hook, poll_at_once
from pult.connectors.protocol import ReadsHooks
from pult.connectors.registry import PLATFORMS
from pult.lib.failures import ChannelFailure, Throttled
from pult.sync.services.connecting import connector_of
from pult.sync.services.understanding import Tally, keep_page, understand

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel


def fetch_hinted(channel: SalesChannel, external_ids: Sequence[str]) -> Tally:
    """Fetch the orders that a hook hinted at, and take them in.

    A shop that fails is left to the next poll, which finds the same orders: hints must not wear out what waits already.
    """
    if channel.failing_since is not None:
        return Tally()
    try:
        connector = connector_of(channel)
        messages = [message for message in map(connector.fetch_order, external_ids) if message is not None]
    except Throttled:
        return Tally()
    except ChannelFailure as failure:
        logger.warning("A hinted order could not be fetched; the channel is polled.", extra={"failure": str(failure)})
        poll_at_once(channel.pk)
        return Tally()
    ids = keep_page(channel, messages, source="hook", cursor=None)
    return understand(channel, ids)


def ensure_hooks(channel: SalesChannel) -> None:
    """Register the webhooks at the shop, or find and mend them, and write down how they stand.

    Polling never waits for it.
    """
    try:
        if not isinstance(connector := connector_of(channel), ReadsHooks):
            return
        state = connector.ensure_hooks(
            address=hook_address(channel), secret=channel.hook_secret, memo=channel.hooks.get("memo", {})
        )
        keep_hooks(channel.pk, {"working": state.working, "detail": state.detail, "memo": state.memo})
    except ChannelFailure as failure:
        keep_hooks(channel.pk, {"working": False, "detail": str(failure), "memo": channel.hooks.get("memo", {})})


def hint_lock(channel_id: int) -> str:
    """The lock of the jobs that fetch what hooks hint at: a slow shop shall hold one of a worker's places."""
    return f"hook:{channel_id}"


def hook_address(channel: SalesChannel) -> str:
    """Where the shop's webhooks are sent; the last part is a secret of its own."""
    return f"{settings.PULT_PUBLIC_URL}/hooks/{channel.code}/{channel.hook_secret}"


def reads_hooks(channel: SalesChannel) -> bool:
    """Whether the channel's platform sends webhooks."""
    platform = PLATFORMS.get(channel.platform or "")
    return platform is not None and hasattr(platform.connector, "read_hook")


def read_hook(channel: SalesChannel, headers: Mapping[str, str], body: bytes) -> tuple[str, ...]:
    """What a hook hints at: ids of orders to fetch. Raises Refused for a wrong signature."""
    hint = PLATFORMS[channel.platform or ""].connector.read_hook(headers, body, secret=channel.hook_secret)
    note_hook(channel.pk)
    return tuple(hint.external_ids)
