"""The forms of channels, messages and synchronisations outside Pult."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from pult.channels.selectors import health
from pult.connectors.protocol import CheckStep
from pult.lib.shapes import NO_NUL, Currency, Document, Input, PageQuery, Search, Word
from pult.lib.times import time_text
from pult.sync.services.polling import SyncResult

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel
    from pult.inbox.models import Message


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
        "error": str(result.failure) if result.failure else None,
        "error_code": result.failure.code if result.failure else None,
    }


class WebhooksPart(Document):
    working: bool | None
    detail: str | None
    last_at: str | None


class ChannelShape(Document):
    """A channel. Its secrets (keys, passwords) are never shown; `settings` are the open ones."""

    code: str
    name: str
    kind: str
    platform: str | None
    currency: str
    settings: dict[str, Any]
    state: Literal["idle", "paused", "waiting", "in_step", "failing", "out_of_step"]
    state_since: str | None
    paused: bool
    archived: bool
    in_step_at: str | None
    last_order_at: str | None
    next_poll_at: str | None
    failing_since: str | None
    error: str | None
    webhooks: WebhooksPart


class ChannelPage(Document):
    items: list[ChannelShape]
    next: str | None


class CheckStepShape(Document):
    code: str
    level: Literal["ok", "warning", "error"]
    message: str


class CheckShape(Document):
    channel: str
    ok: bool
    steps: list[CheckStepShape]


class QueuedShape(Document):
    """`queued` false: a synchronisation asked for earlier still waits and will do the same."""

    channel: str
    queued: bool
    full: bool


class ChannelsQuery(PageQuery):
    archived: bool = Field(False, description="Channels that were put away, too.")


class SyncInput(Input):
    full: bool = Field(False, description="Read and compare everything again.")


Setting = (
    Annotated[str, StringConstraints(max_length=4000, pattern=NO_NUL)]
    | bool
    | Annotated[int, Field(ge=-(2**31), le=2**31)]
)
Settings = dict[Search, Setting]
OrderStatus = Literal[
    "new", "confirmed", "on_hold", "processing", "ready", "shipped", "completed", "cancelled", "returned"
]


class ChannelInput(Input):
    """`settings` are those of the platform; the secret ones among them are sealed and never come back."""

    code: Word = Field(description="Small letters, digits and hyphens; it never changes.")
    kind: Literal["webshop", "store", "edi", "custom"]
    platform: Word | None = Field(None, description="Of a webshop.")
    name: Word | None = None
    currency: Currency | None = None
    settings: Settings = Field(default_factory=dict, max_length=50)


class ChannelChange(Input):
    """What is left out stays. `status_map`: the shop's state to Pult's first state of an order."""

    name: Word | None = None
    color: Annotated[str, StringConstraints(pattern="^[a-z]{1,20}$")] | None = None
    settings: Settings | None = Field(None, max_length=50)
    status_map: dict[Word, OrderStatus] | None = Field(None, max_length=200)


def setting_texts(given: Settings) -> dict[str, str]:
    """Settings as the command line would give them."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value).strip() for name, value in given.items()
    }
