"""Webhooks: registered at the shop, watched, and never more than a hint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.conf import settings

from pult.channels.models import SalesChannel
from pult.channels.services import keep_hooks, note_hook
from pult.connectors.protocol import ReadsHooks
from pult.connectors.registry import PLATFORMS
from pult.lib.failures import ChannelFailure
from pult.sync.services.connecting import connector_of
from pult.sync.services.understanding import Tally, keep_page, understand


def fetch_hinted(channel: SalesChannel, external_ids: Sequence[str]) -> Tally:
    """Fetch the orders that a hook hinted at, and take them in. Raises ChannelFailure for the job to retry."""
    connector = connector_of(channel)
    messages = [message for message in map(connector.fetch_order, external_ids) if message is not None]
    ids = keep_page(channel, messages, source="hook", cursor=None)
    return understand(channel, ids)


def ensure_hooks(channel: SalesChannel) -> None:
    """Register the webhooks at the shop, or find and mend them, and write down how they stand. Polling never waits for it."""
    if not isinstance(connector := connector_of(channel), ReadsHooks):
        return
    try:
        state = connector.ensure_hooks(
            address=hook_address(channel), secret=channel.hook_secret, memo=channel.hooks.get("memo", {})
        )
        keep_hooks(channel.pk, {"working": state.working, "detail": state.detail, "memo": state.memo})
    except ChannelFailure as failure:
        keep_hooks(channel.pk, {"working": False, "detail": str(failure), "memo": channel.hooks.get("memo", {})})


def hook_address(channel: SalesChannel) -> str:
    """Where the shop's webhooks are sent; the last part is a secret of its own."""
    return f"{settings.PULT_PUBLIC_URL}/hooks/{channel.code}/{channel.hook_secret}"


def read_hook(channel: SalesChannel, headers: Mapping[str, str], body: bytes) -> tuple[str, ...]:
    """What a hook hints at: ids of orders to fetch. Raises Refused for a wrong signature."""
    hint = PLATFORMS[channel.platform or ""].connector.read_hook(headers, body, secret=channel.hook_secret)
    note_hook(channel.pk)
    return tuple(hint.external_ids)
