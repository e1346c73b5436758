"""The history of an order as its page tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext

from pult.orders.phrases import RESOLUTIONS, action_words, field_name, problem_sentence
from pult.orders.readable import value_words

# Keys of other tables: the words that go with them (SKU, name) are in the same entry.
_UNTOLD = frozenset({"customer_id", "product_id", "external_id", "id"})
_ONE_ACTION = timedelta(seconds=1)


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
    """History entries, newest first; the statements of one action, told by the database one by one, are one entry.

    `raw_url`: where the raw messages are shown, named beside what a channel did.
    """
    found: list[Told] = []
    last: Any = None
    for entry in entries:
        if last is None or not _belong_together(last, entry):
            found.append(_heading(entry, raw_url))
        last = entry
        found[-1].changes += _changes(entry.changes or {}, currency)
    return found


def _belong_together(later: Any, earlier: Any) -> bool:
    same = all(getattr(later, name) == getattr(earlier, name) for name in ("action", "actor_kind", "actor_id", "data"))
    return same and later.at - earlier.at < _ONE_ACTION


def _changes(changes: Mapping[str, Sequence[Any]], currency: str) -> list[dict[str, str]]:
    shown = []
    for name, (before, after) in sorted(changes.items()):
        part = name.rpartition(".")[2]
        if name.startswith("problem."):
            code = name.split(".")[1]
            if words := _problem_words(code, part, after):
                shown.append({"label": gettext("problem"), "before": "", "after": words})
        elif part not in _UNTOLD:
            shown.append(
                {
                    "label": field_name(name),
                    "before": value_words(part, before, currency),
                    "after": value_words(part, after, currency),
                }
            )
    return shown


def _problem_words(code: str, part: str, after: Any) -> str:
    """A problem that came (whole, or with other facts), or what became of it; nothing of one that is gone."""
    if part == "resolution":
        return str(RESOLUTIONS.get(str(after), ""))
    params = after if part == "params" else (after or {}).get("params") if part == code else None
    return problem_sentence(code, params) if isinstance(params, dict) else ""


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
