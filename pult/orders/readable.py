"""Values of an order as people read them: in the history, in differences, on an envelope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import get_language, gettext

from pult.orders.phrases import LINE_KINDS, field_name
from pult.ui.formats import format_money, format_number
from pult.ui.statuses import look_of
from pult.ui.templatetags.pult_ui import exact_words

LONGEST: Final = 300
"""Characters shown of one text: a hostile name of 10,000 must not bury the page."""

_MONEY: Final = frozenset(
    [
        "paid",
        "refunded",
        "total_net",
        "total_vat",
        "total_gross",
        "unit_price_net",
        "unit_price_gross",
        "discount_gross",
        "net",
        "vat",
        "gross",
    ]
)
_TIMES: Final = frozenset({"paid_at", "refunded_at", "placed_at"})
_STATES: Final = {"status": "order", "payment_status": "payment", "fulfilment_status": "fulfilment"}
_ENVELOPED: Final = frozenset({"billing_address", "shipping_address", "pickup_point"})
_BUYER_TYPES: Final = {"person": "Person", "company": "Company"}  # translated where `customers` names them


@dataclass(frozen=True, slots=True)
class Difference:
    """One field before and after, each as lines of text; empty where there was nothing."""

    label: str
    before: list[str]
    after: list[str]


def envelope(address: Mapping[str, Any] | None, *, with_phone: bool = False) -> list[str]:
    """The lines of an address as the post of its country wants them (in Hungary the place before the street)."""
    if not address:
        return []
    place = " ".join(str(address[part]) for part in ("postcode", "city") if address.get(part))
    street, country = address.get("street"), address.get("country")
    at_home = country in (None, "", "HU")
    names = dict.fromkeys((address.get("name"), address.get("company")))
    lines = [*names, *((place, street) if at_home else (street, place))]
    lines += [address.get("region") if not at_home else None, None if at_home else country]
    if with_phone:
        lines.append(address.get("phone"))
    return [cut(line) for line in lines if line]


def differences(changes: Mapping[str, Sequence[Any]], currency: str) -> list[Difference]:
    """The fields a shop changed, readable; of lines only those that differ, of a buyer each part by itself."""
    found: list[Difference] = []
    for field, (before, after) in changes.items():
        if field == "lines":
            found.append(_line_difference(before or [], after or [], currency))
        elif field == "buyer" and isinstance(after, dict):
            old = before if isinstance(before, dict) else {}
            found += [
                Difference(
                    field_name(f"buyer_{part}"),
                    value_lines(part, old.get(part), currency),
                    value_lines(part, new, currency),
                )
                for part, new in after.items()
                if old.get(part) != new and part != "external_id"
            ]
        else:
            found.append(
                Difference(field_name(field), value_lines(field, before, currency), value_lines(field, after, currency))
            )
    return found


def _line_difference(before: Sequence[Any], after: Sequence[Any], currency: str) -> Difference:
    old, new = _by_identity(before), _by_identity(after)
    keys = [*old, *(key for key in new if key not in old)]
    changed = [key for key in keys if old.get(key) != new.get(key)]
    return Difference(
        field_name("lines"),
        [_line_words(old[key], currency) for key in changed if key in old],
        [_line_words(new[key], currency) for key in changed if key in new],
    )


def _by_identity(lines: Sequence[Any]) -> dict[str, Mapping[str, Any]]:
    return {str(line.get("external_id") or f"#{place}"): line for place, line in enumerate(lines)}


def _line_words(line: Mapping[str, Any], currency: str) -> str:
    quantity = value_words("quantity", line.get("quantity"), currency)
    return f"{quantity} × {cut(line.get('name') or '–')}, {value_words('gross', line.get('gross'), currency)}"


def value_lines(field: str, value: Any, currency: str) -> list[str]:
    """A value as lines of text; none where it is empty."""
    if value is None or value in ("", [], {}):
        return []
    if field in {"billing_address", "shipping_address"} and isinstance(value, Mapping):
        return envelope(value, with_phone=True)
    if field == "pickup_point" and isinstance(value, Mapping):
        return [cut(part) for part in (value.get("name"), value.get("provider"), value.get("code")) if part]
    if field == "refunds" and isinstance(value, list):
        return [_refund_words(refund, currency) for refund in value]
    if isinstance(value, list):
        return [cut(part) for part in value]
    return [value_words(field, value, currency)]


def _refund_words(refund: Mapping[str, Any], currency: str) -> str:
    words = [value_words(part, refund.get(part), currency) for part in ("gross", "refunded_at", "reason")]
    return ", ".join(word for word in words if word)


def value_words(field: str, value: Any, currency: str) -> str:
    """One value as a few words; `field` is its last name (`status`, `gross`…), "" if there is none."""
    if value is None or value in ("", [], {}):
        return ""
    language = (get_language() or "hu").split("-")[0]
    if field in _STATES:
        return str(look_of(_STATES[field], str(value)).label)
    if field in _MONEY and (amount := _decimal(value)) is not None:
        return format_money(amount, currency, language=language)
    if field in {"quantity", "vat_rate"} and (amount := _decimal(value)) is not None:
        return format_number(amount, language=language) + (" %" if field == "vat_rate" else "")
    if field in _TIMES and (at := _time(value)) is not None:
        return exact_words(at)
    if field == "kind":
        return str(LINE_KINDS.get(str(value), (value,))[0])
    if field in {"buyer_type", "type"}:
        return gettext(_BUYER_TYPES.get(str(value), str(value)))
    if isinstance(value, Mapping) and field not in _ENVELOPED:
        return _part_words(value, currency)
    if isinstance(value, (Mapping, list)):
        return ", ".join(value_lines(field, value, currency))
    return cut(value)


def _part_words(value: Mapping[str, Any], currency: str) -> str:
    """A whole line or refund, as the history keeps it when one comes or goes."""
    return _line_words(value, currency) if "quantity" in value else _refund_words(value, currency)


def cut(text: Any) -> str:
    """A text of a length that a page can bear."""
    plain = str(text)
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST]}…"


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None


def _time(value: Any) -> datetime | None:
    try:
        return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return None
