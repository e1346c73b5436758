"""How states are shown: a word, an icon and a colour for each code. Colour never stands alone."""

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as pgettext


class Look(NamedTuple):
    """`tone` is one of neutral, info, accent, success, warning, danger."""

    label: Any
    icon: str
    tone: str


LOOKS: dict[str, dict[str, Look]] = {
    "order": {
        "new": Look(pgettext("order", "New"), "star", "info"),
        "confirmed": Look(pgettext("order", "Confirmed"), "check", "accent"),
        "on_hold": Look(pgettext("order", "On hold"), "hand-stop", "warning"),
        "processing": Look(pgettext("order", "Processing"), "progress", "accent"),
        "ready": Look(pgettext("order", "Ready"), "package", "accent"),
        "shipped": Look(pgettext("order", "Shipped"), "truck-delivery", "accent"),
        "completed": Look(pgettext("order", "Completed"), "circle-check", "success"),
        "cancelled": Look(pgettext("order", "Cancelled"), "circle-x", "neutral"),
        "returned": Look(pgettext("order", "Returned"), "arrow-back-up", "neutral"),
    },
    "payment": {
        "unpaid": Look(_("Unpaid"), "circle-dashed", "warning"),
        "partly_paid": Look(_("Partly paid"), "circle-half", "warning"),
        "paid": Look(_("Paid"), "cash", "success"),
        "partly_refunded": Look(_("Partly refunded"), "arrow-back-up", "neutral"),
        "refunded": Look(_("Refunded"), "arrow-back-up", "neutral"),
    },
    "fulfilment": {
        "unfulfilled": Look(_("Unfulfilled"), "circle-dashed", "neutral"),
        "partly_fulfilled": Look(_("Partly fulfilled"), "circle-half", "warning"),
        "fulfilled": Look(_("Fulfilled"), "truck", "success"),
        "returned": Look(pgettext("order", "Returned"), "arrow-back-up", "neutral"),
    },
    "channel": {
        "ok": Look(_("In step"), "circle-check", "success"),
        "syncing": Look(_("Synchronising"), "refresh", "info"),
        "new": Look(_("Not synchronised yet"), "circle-dashed", "neutral"),
        "late": Look(_("Late"), "clock", "warning"),
        "backing_off": Look(_("Waiting to try again"), "clock-pause", "warning"),
        "failed": Look(_("Out of step"), "alert-triangle", "danger"),
        "paused": Look(_("Paused"), "player-pause", "neutral"),
    },
    "message": {
        "waiting": Look(_("Waiting"), "clock", "info"),
        "done": Look(_("Understood"), "circle-check", "success"),
        "failed": Look(_("Not understood"), "alert-triangle", "danger"),
        "held": Look(_("Held"), "hand-stop", "warning"),
    },
}


def look_of(kind: str, code: str) -> Look:
    """The look of a state; an unknown code is shown as it is, in grey."""
    return LOOKS.get(kind, {}).get(code) or Look(code, "circle-dashed", "neutral")
