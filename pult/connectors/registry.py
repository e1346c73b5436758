"""The platforms Pult speaks: the one line a new platform adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pult.connectors import woocommerce
from pult.connectors.protocol import SettingField


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform by its code: its name for people, the channel kind, its settings, and its connector's class.

    The class takes the opened settings (every name of `fields`, as text) plus the common ones; `parse_order` and
    `read_hook` are static, so that what was kept can be read without any settings.
    """

    code: str
    name: str
    kind: str
    fields: tuple[SettingField, ...]
    connector: type[Any]


PLATFORMS: dict[str, Platform] = {
    "woocommerce": Platform("woocommerce", "WooCommerce", "webshop", woocommerce.FIELDS, woocommerce.WooCommerce),
}
