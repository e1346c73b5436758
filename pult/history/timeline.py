"""History entries in the shape that `ui/timeline.html` shows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from pult.history.models import Entry

ACTIONS: dict[str, tuple[Any, str]] = {
    "created": (_("Added"), "plus"),
    "received": (_("Came in with an order"), "inbox"),
    "edited": (_("Edited"), "pencil"),
    "changed": (_("Changed"), "pencil"),
    "paused": (_("Paused"), "player-pause"),
    "resumed": (_("Resumed"), "player-play"),
    "archived": (_("Archived"), "box"),
    "credentials_replaced": (_("Replaced the credentials"), "key"),
    "retried": (_("Had it read again"), "refresh"),
    "revoked": (_("Revoked"), "lock"),
}
_LONGEST = 200


def timeline(
    entries: Iterable[Entry], *, labels: Mapping[str, Any], actions: Mapping[str, tuple[Any, str]] | None = None
) -> list[dict[str, Any]]:
    """Entries for the template. `labels` name the fields; `actions` add to or replace the common (words, icon)."""
    known = {**ACTIONS, **(actions or {})}
    shown = []
    for entry in entries:
        title, icon = known.get(entry.action, (entry.action, "pencil"))
        shown.append(
            {
                "at": entry.at,
                "actor": entry.actor_name or gettext("Pult"),
                "title": title,
                "icon": icon,
                "changes": list(_changes(entry.changes or {}, labels)),
            }
        )
    return shown


def _changes(changes: Mapping[str, Any], labels: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for name, (before, after) in changes.items():
        label = labels.get(name, name)
        if isinstance(before, dict) and isinstance(after, dict):
            for key in sorted(before.keys() | after.keys()):
                if before.get(key) != after.get(key):
                    yield {
                        "label": f"{label}: {labels.get(key, key)}",
                        "before": shown_value(before.get(key)),
                        "after": shown_value(after.get(key)),
                    }
        else:
            yield {"label": label, "before": shown_value(before), "after": shown_value(after)}


def shown_value(value: Any) -> str:
    """A recorded value as a person reads it; empty for none."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
