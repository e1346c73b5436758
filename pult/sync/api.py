"""Channels over HTTP: here, for this app knows the platforms and what settings they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from ninja import Query, Router

from pult.accounts.access import actor_of
from pult.accounts.api import reads, writes
from pult.channels.errors import BadChannel
from pult.channels.selectors import all_channels, channel_by_code
from pult.channels.services import add_channel, change_channel, pause_channel, resume_channel
from pult.channels.types import COLORS
from pult.lib.jobs import defer
from pult.lib.paging import decode_cursor, encode_cursor
from pult.lib.shapes import Word
from pult.sync.schemas import (
    ChannelChange,
    ChannelInput,
    ChannelPage,
    ChannelShape,
    ChannelsQuery,
    CheckShape,
    QueuedShape,
    SyncInput,
    channel_document,
    check_document,
    setting_texts,
)
from pult.sync.services.connecting import check_channel, checked_settings

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel

router = Router(tags=["channels"])


@reads(router, "/channels", action="channels.view", answer=ChannelPage)
def list_channels(request: HttpRequest, query: Query[ChannelsQuery]) -> dict[str, Any]:
    """Channels by their code, with how each stands."""
    found = all_channels(archived=query.archived).order_by("code")
    if query.cursor:
        (after,) = decode_cursor(query.cursor, [str])
        found = found.filter(code__gt=after)
    channels = list(found[: query.limit + 1])
    page = channels[: query.limit]
    return {
        "items": [channel_document(channel) for channel in page],
        "next": encode_cursor([page[-1].code]) if len(channels) > len(page) else None,
    }


@writes(router, "POST", "/channels", action="channels.edit", answer=ChannelShape, status=201)
def create_channel(request: HttpRequest, body: ChannelInput) -> dict[str, Any]:
    """Make a channel; a webshop's settings are checked against what its platform asks for. 409 if the code is taken."""
    given = setting_texts(body.settings)
    if body.currency:
        given["currency"] = body.currency
    parts = checked_settings(kind=body.kind, platform=body.platform, given=given)
    channel = add_channel(
        actor=actor_of(request),
        code=body.code,
        kind=body.kind,
        platform=body.platform,
        name=body.name,
        currency=parts.currency,
        open_settings=parts.open,
        secret_settings=parts.secret,
    )
    return _whole(channel.code)


@reads(router, "/channels/{code}", action="channels.view", answer=ChannelShape)
def get_channel(request: HttpRequest, code: Word) -> dict[str, Any]:
    """One channel, with how it stands."""
    return _whole(code)


@writes(router, "PATCH", "/channels/{code}", action="channels.edit", answer=ChannelShape)
def patch_channel(request: HttpRequest, code: Word, body: ChannelChange) -> dict[str, Any]:
    """Change a channel's name, colour, settings or map of states; new settings are tried at once."""
    channel = channel_by_code(code)
    if body.color is not None and body.color not in COLORS:
        raise BadChannel(
            "The colour “%(color)s” is not known; choose from %(choice)s.",
            code="bad_color",
            params={"color": body.color, "choice": ", ".join(COLORS)},
            field="color",
        )
    given = setting_texts(body.settings or {})
    parts = checked_settings(kind=channel.kind, platform=channel.platform, given=given, partial=True)
    if parts.open.get("currency", channel.currency).upper() != channel.currency:
        raise BadChannel(
            "A channel keeps its currency; add another channel for another one.",
            code="currency_fixed",
            field="settings.currency",
        )
    change_channel(
        channel.pk,
        actor=actor_of(request),
        name=body.name,
        color=body.color,
        open_settings=parts.open or None,
        secret_settings=parts.secret or None,
        status_map=body.status_map,
    )
    return _whole(code)


@writes(router, "POST", "/channels/{code}/sync", action="channels.sync", answer=QueuedShape, status=202)
def sync_channel(request: HttpRequest, code: Word, body: SyncInput | None = None) -> dict[str, Any]:
    """Ask for one synchronisation now; a worker does it at once. The channel says afterwards how it went."""
    channel = _webshop(code)
    full = bool(body and body.full)
    queued = defer(
        "sync.sync_now",
        lock=f"channel:{channel.pk}",
        queueing_lock=f"{'full' if full else 'manual'}:{channel.pk}",
        channel_id=channel.pk,
        full=full,
    )
    return {"channel": channel.code, "queued": queued, "full": full}


@writes(router, "POST", "/channels/{code}/pause", action="channels.edit", answer=ChannelShape)
def pause(request: HttpRequest, code: Word) -> dict[str, Any]:
    """Stop polling; the orders wait in the shop."""
    pause_channel(_webshop(code).pk, actor=actor_of(request))
    return _whole(code)


@writes(router, "POST", "/channels/{code}/resume", action="channels.edit", answer=ChannelShape)
def resume(request: HttpRequest, code: Word) -> dict[str, Any]:
    """Go on at once, from where the channel stood."""
    resume_channel(_webshop(code).pk, actor=actor_of(request))
    return _whole(code)


@writes(router, "POST", "/channels/{code}/test", action="channels.sync", answer=CheckShape, once=False)
def test_channel(request: HttpRequest, code: Word) -> dict[str, Any]:
    """Try the channel's settings at the shop, now, and say what works; nothing is changed."""
    channel = channel_by_code(code)
    return check_document(channel, list(check_channel(channel)))


def _webshop(code: str) -> SalesChannel:
    channel = channel_by_code(code)
    if channel.kind != "webshop" or channel.archived_at is not None:
        raise BadChannel(
            "The channel %(channel)s has nothing to fetch: it is no webshop, or was put away.",
            code="nothing_to_fetch",
            params={"channel": channel.code},
        )
    return channel


def _whole(code: str) -> dict[str, Any]:
    return channel_document(channel_by_code(code))
