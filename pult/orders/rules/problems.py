"""The sentences of problems. English here; pages translate the template, then fill it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

SENTENCES: Final[dict[str, str]] = {
    "totals_differ": (
        "The lines add up to {lines} {currency}, the channel says {total} {currency}:"
        " a difference of {difference} {currency}."
    ),
    "negative_total": "The total is negative: {total} {currency}.",
    "no_lines": "The order has no lines.",
    "unknown_currency": "The currency “{currency}” is not known.",
    "unknown_country": "The country “{country}” is not known.",
    "unknown_status": "The shop's state “{status}” is not known; the order came in as new.",
    "bad_tax_number": "The tax number “{tax_number}” does not pass its check.",
    "text_cut": "A text was too long and was cut: {field}. The raw message has all of it.",
    "changed_in_shop": "The shop changed the order after work on it had begun: {fields}.",
    "refund_exceeds_total": "More was given back ({refunded} {currency}) than the order's total ({total} {currency}).",
    "pickup_point_unknown": "The buyer chose a pickup point, but the shop did not send which one.",
    "wrong_state_in_shop": "The shop's state changed to “{status}”, which does not fit the order's state here.",
}
"""Every code a problem may have; a connector may add none that is not here."""


def sentence(code: str, params: Mapping[str, Any], template: str | None = None) -> str:
    """The sentence of a problem, filled. `template` is the translated one; an unknown code is said as it is."""
    text = template or SENTENCES.get(code, code)
    try:
        return text.format_map({key: _plain(value) for key, value in params.items()})
    except (KeyError, IndexError, ValueError):
        return text


def _plain(value: Any) -> str:
    return ", ".join(str(part) for part in value) if isinstance(value, (list, tuple)) else str(value)
