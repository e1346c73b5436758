"""The history of an order as its page tells it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from pult.orders.phrases import action_words, field_name, problem_sentence
from pult.orders.readable import value_words

# Keys of other tables: the words that go with them (SKU, name) are in the same entry.
_UNTOLD = frozenset({"customer_id", "product_id", "external_id", "id"})


@dataclass(slots=True)
class Told:
    """One entry in the words `ui/timeline.html` wants."""

    at: datetime
    actor: str
    title: str
    icon: str
    changes: list[dict[str, str]] = field(default_factory=list)
    url: str = ""
    url_label: str = ""


def told(entries: Iterable[Any], *, currency: str, raw_url: str = "") -> list[Told]:
    """History entries, newest first; what one transaction did by one action is one entry.

    `raw_url`: where the raw messages are shown, named beside what a channel did.
    """
    found: list[Told] = []
    last: tuple[Any, ...] = ()
    for entry in entries:
        key = (entry.at, entry.action, entry.actor_kind, entry.actor_id)
        if key != last:
            found.append(_heading(entry, raw_url))
            last = key
        for name, (before, after) in sorted((entry.changes or {}).items()):
            part = name.rpartition(".")[2]
            if part not in _UNTOLD:
                found[-1].changes.append(
                    {
                        "label": field_name(name),
                        "before": value_words(part, before, currency),
                        "after": value_words(part, after, currency),
                    }
                )
    return found


def _heading(entry: Any, raw_url: str) -> Told:
    title, icon = action_words(entry.action)
    told_ = Told(entry.at, actor_words(entry.actor_kind, entry.actor_name), title, icon)
    data = entry.data or {}
    if data.get("reason"):
        told_.title = f"{title}: {data['reason']}"
    elif data.get("problem"):
        told_.title = f"{title}: {problem_sentence(data['problem'], data.get('params') or {})}"
    if raw_url and entry.action in {"received", "created", "changed_in_shop"} and entry.actor_kind == "channel":
        told_.url, told_.url_label = raw_url, gettext("Raw message")
    return told_


def actor_words(kind: str, name: str | None) -> str:
    """Who did it: a person by name, a program by its token's name, a channel, or Pult itself."""
    if kind == "token":
        return gettext("%(name)s (program)") % {"name": name or "–"}
    if kind == "channel":
        return gettext("%(name)s (channel)") % {"name": name or "–"}
    if kind == "database":
        return gettext("directly in the database (%(name)s)") % {"name": name or "–"}
    return name or gettext("Pult")
