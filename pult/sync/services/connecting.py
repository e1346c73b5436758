"""Setting up and trying a channel: the settings its platform asks for, and the connector that speaks to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pult.channels.errors import BadChannel
from pult.channels.selectors import opened_settings
from pult.connectors.protocol import CheckStep, SettingField
from pult.connectors.registry import PLATFORMS
from pult.lib.currencies import is_currency
from pult.lib.failures import ChannelFailure, Misconfigured

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel

COMMON = ("currency", "price_list", "warehouse", "verify_tls", "since")
"""Settings that every channel may have."""

EDI = ("own_gln", "own_edi_id", "partner_edi_id", "buyer_glns", "accept_test", "unknown_places", "transport")


@dataclass(frozen=True, slots=True)
class CheckedSettings:
    """Settings ready to be kept: open ones, secret ones, and the channel's currency."""

    open: dict[str, str] = field(default_factory=dict)
    secret: dict[str, str] = field(default_factory=dict)
    currency: str = "HUF"


def connector_of(channel: SalesChannel) -> Any:
    """The connector of a channel, its settings opened here and nowhere else. Raises Misconfigured."""
    platform = PLATFORMS.get(channel.platform or "")
    if platform is None:
        raise Misconfigured(
            "The platform “%(platform)s” is not known to this version of Pult.",
            params={"platform": channel.platform or ""},
        )
    return platform.connector(opened_settings(channel))


def checked_settings(
    *, kind: str, platform: str | None, given: Mapping[str, str], partial: bool = False
) -> CheckedSettings:
    """Check settings against what the platform asks for; `partial`: a change, the rest stays. Raises BadChannel."""
    fields = _fields_of(kind, platform)
    known = {item.name: item for item in fields}
    allowed = {*known, *COMMON, *(EDI if kind == "edi" else ())}
    for name in given:
        if name not in allowed:
            raise BadChannel(
                "The setting “%(name)s” is not known here; choose from %(choice)s.",
                code="bad_setting",
                params={"name": name, "choice": ", ".join(sorted(allowed))},
            )
    values = {name: value for name, value in given.items() if value}
    if not partial:
        for item in fields:
            if item.default:
                values.setdefault(item.name, item.default)
            if item.required and not values.get(item.name):
                raise BadChannel(
                    "The setting %(name)s is missing; give it with --set %(name)s=…",
                    code="missing_setting",
                    params={"name": item.name},
                )
    for name, value in values.items():
        _check_value(name, value, known.get(name))
    secret = {name: value for name, value in values.items() if name in known and known[name].secret}
    currency = values.get("currency", "HUF").upper()
    if not is_currency(currency):
        raise BadChannel(
            "The currency “%(currency)s” is not known; give its three letters, e.g. HUF.",
            code="bad_currency",
            params={"currency": currency},
        )
    return CheckedSettings({n: v for n, v in values.items() if n not in secret}, secret, currency)


def _fields_of(kind: str, platform: str | None) -> tuple[SettingField, ...]:
    if kind != "webshop":
        if platform:
            raise BadChannel("Only a webshop has a platform; leave --platform out.", code="bad_platform")
        return ()
    if not platform:
        raise BadChannel(
            "A webshop needs a platform; give --platform with one of: %(choice)s.",
            params={"choice": ", ".join(sorted(PLATFORMS))},
            code="bad_platform",
        )
    if platform not in PLATFORMS:
        raise BadChannel(
            "The platform “%(platform)s” is not known; choose one of: %(choice)s.",
            params={"platform": platform, "choice": ", ".join(sorted(PLATFORMS))},
            code="bad_platform",
        )
    return PLATFORMS[platform].fields


def _check_value(name: str, value: str, item: SettingField | None) -> None:
    kind = item.kind if item else {"verify_tls": "bool", "since": "date"}.get(name, "text")
    if kind == "url":
        try:
            parts = urlsplit(value)
            good = parts.scheme in {"http", "https"} and bool(parts.hostname)
        except ValueError:
            good = False
        if not good:
            raise BadChannel(
                "The setting %(name)s must be an address like https://shop.example.",
                code="bad_setting",
                params={"name": name},
            )
    elif kind == "bool" and value.lower() not in {"true", "false"}:
        raise BadChannel("The setting %(name)s must be true or false.", code="bad_setting", params={"name": name})
    elif kind == "date":
        first_day(value, name)


def first_day(text: str, name: str = "since") -> date:
    """The day in a setting. Raises BadChannel."""
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        raise BadChannel(
            "The setting %(name)s must be a date like 2026-01-31.", code="bad_setting", params={"name": name}
        ) from None


def check_channel(channel: SalesChannel) -> Iterator[CheckStep]:
    """Try a channel's settings at the shop: the steps as they happen; the last one of level error says what to mend."""
    if channel.kind != "webshop":
        yield CheckStep("no_connection", "ok", "This kind of channel has no connection to try.")
        return
    yield from _steps(lambda: connector_of(channel))


def check_settings(*, platform: str, settings: Mapping[str, str]) -> Iterator[CheckStep]:
    """Try settings before a channel is made of them."""
    yield from _steps(lambda: PLATFORMS[platform].connector(settings))


def _steps(make: Any) -> Iterator[CheckStep]:
    try:
        yield from make().check()
    except ChannelFailure as failure:
        yield CheckStep(failure.code, "error", str(failure))
