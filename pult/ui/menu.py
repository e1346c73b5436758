"""The menu of the shell. An entry whose page doesn't exist, or that the person may not open, is left out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

May = Callable[[str], bool]


@dataclass(frozen=True)
class Entry:
    """A line of the menu. `permission` is the action the person must be allowed (empty: everyone who is logged in);
    `key` names its number badge (`ui/menu_badge.html`)."""

    key: str
    label: Any
    icon: str
    url_name: str
    permission: str = ""


@dataclass(frozen=True)
class Item:
    """An entry as shown to one person on one page."""

    key: str
    label: Any
    icon: str
    url: str
    active: bool


ENTRIES = (
    Entry("overview", _("Overview"), "layout-dashboard", "reports:overview", "orders.view"),
    Entry("orders", _("Orders"), "shopping-cart", "orders:list", "orders.view"),
    Entry("customers", _("Customers"), "users", "customers:list", "customers.view"),
    Entry("products", _("Products"), "package", "catalogue:list", "catalogue.view"),
    Entry("channels", _("Channels"), "plug-connected", "channels:list", "channels.view"),
    Entry("inbox", _("Inbox"), "inbox", "inbox:list", "inbox.view"),
    Entry("reports", _("Reports"), "chart-bar", "reports:turnover", "reports.view"),
    Entry("settings", _("Settings"), "settings", "accounts:users", "accounts.view"),
)


def visible_items(entries: Iterable[Entry], *, may: May, current: str = "") -> list[Item]:
    """The entries this person sees, in order. `current` is the view name of the open page (`orders:detail`).

    The page's own entry is active, else the first one of the same app.
    """
    shown = [
        (entry, url) for entry in entries if (not entry.permission or may(entry.permission)) and (url := _url_of(entry))
    ]
    active = _active_name([entry.url_name for entry, _url in shown], current)
    return [Item(entry.key, entry.label, entry.icon, url, entry.url_name == active) for entry, url in shown]


def _url_of(entry: Entry) -> str | None:
    try:
        return str(reverse(entry.url_name))
    except NoReverseMatch:
        return None


def _active_name(names: list[str], current: str) -> str | None:
    if current in names:
        return current
    app = current.partition(":")[0] if ":" in current else None
    return next((name for name in names if app and name.startswith(f"{app}:")), None)
