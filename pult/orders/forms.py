"""What comes in from the order pages: the filter in the address, and the small forms of an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from pult.lib.clock import now
from pult.lib.paging import BadCursor, decode_cursor
from pult.orders.rules.states import PAYMENT_STATUSES, STATUSES
from pult.orders.selectors import OrderFilter
from pult.ui.statuses import look_of
from pult.ui.templatetags.pult_ui import day

KIND_NAMES: Final = {
    "webshop": _("Webshop"),
    "store": _("Store"),
    "edi": _("EDI partner"),
    "custom": _("Custom source"),
}
_MANY: Final = ("channel", "kind", "status", "payment")
_YES: Final = ("problems", "unmatched")
_ONE: Final = ("q", "from", "to", "customer")


@dataclass(frozen=True, slots=True)
class ListAddress:
    """The filter of the order list as its address has it; what it does not understand it leaves out.

    `values` hold what is on: several of a key mean any of them.
    """

    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def read(cls, query: QueryDict) -> ListAddress:
        """From a request's query; unknown keys and values are ignored, so an old link still opens."""
        known: dict[str, tuple[str, ...]] = {}
        for key in (*_MANY, *_YES, *_ONE):
            given = [value.replace("\0", "").strip() for value in query.getlist(key)]
            wanted = tuple(dict.fromkeys(value for value in given if value and _is_known(key, value)))
            if wanted:
                known[key] = wanted if key in _MANY else wanted[:1]
        return cls(known)

    def one(self, key: str) -> str:
        return self.values.get(key, ("",))[0]

    @property
    def is_filtered(self) -> bool:
        return bool(self.values)

    def query(self) -> str:
        """As it stands in an address; "" without any filter."""
        return urlencode([(key, value) for key, values in self.values.items() for value in values])

    def url(self, base: str, **more: str) -> str:
        """An address under `base` with this filter and `more`."""
        pairs = [part for part in (self.query(), urlencode(more)) if part]
        return f"{base}?{'&'.join(pairs)}" if pairs else base

    def toggled(self, key: str, value: str) -> ListAddress:
        """With one value put on, or taken off if it is on."""
        had = self.values.get(key, ())
        if value in had:
            left = tuple(one for one in had if one != value)
        else:
            left = (*had, value) if key in _MANY else (value,)
        return self.without(key, but=left)

    def without(self, *keys: str, but: tuple[str, ...] = ()) -> ListAddress:
        """Without these keys; `but` are the values that stay (of one key)."""
        kept = {key: values for key, values in self.values.items() if key not in keys}
        if but:
            kept[keys[0]] = but
        return ListAddress(kept)

    def between(self, first: date, last: date) -> ListAddress:
        """With other days, both included."""
        return ListAddress({**self.values, "from": (first.isoformat(),), "to": (last.isoformat(),)})

    def pairs_but(self, *keys: str) -> list[tuple[str, str]]:
        """What a form that changes `keys` must carry along."""
        return [(key, value) for key, values in self.values.items() if key not in keys for value in values]

    def filter(self) -> OrderFilter:
        """As the selectors take it."""
        first, last = _day(self.one("from")), _day(self.one("to"))
        customer = self.one("customer")
        return OrderFilter(
            channels=self.values.get("channel", ()),
            kinds=self.values.get("kind", ()),
            statuses=self.values.get("status", ()),
            payment_statuses=self.values.get("payment", ()),
            placed_from=_midnight(first) if first else None,
            placed_to=_midnight(last + timedelta(days=1)) if last else None,
            problems="problems" in self.values,
            unmatched="unmatched" in self.values,
            customer_id=int(customer) if customer else None,
            q=self.one("q"),
        )


def _is_known(key: str, value: str) -> bool:
    if key == "kind":
        return value in KIND_NAMES
    if key == "status":
        return value in STATUSES
    if key == "payment":
        return value in PAYMENT_STATUSES
    if key in _YES:
        return value == "1"
    if key in {"from", "to"}:
        return _day(value) is not None
    if key == "customer":
        return value.isascii() and value.isdigit() and len(value) < 18
    return len(value) <= 200


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1900 < found.year < 3000 else None


def _midnight(of: date) -> datetime:
    return datetime.combine(of, time.min, tzinfo=ZoneInfo(settings.PULT_TIME_ZONE))


def today() -> date:
    """The company's day."""
    return now().astimezone(ZoneInfo(settings.PULT_TIME_ZONE)).date()


def read_place(text: str | None) -> tuple[datetime, int] | None:
    """The row a page of the list starts behind; None for the first page, and for what is no place."""
    if not text:
        return None
    try:
        at, pk = decode_cursor(text, [datetime, int])
    except BadCursor:
        return None
    assert isinstance(at, datetime)
    assert isinstance(pk, int)
    return at, pk


def chips(address: ListAddress, base: str, channel_names: Mapping[str, str]) -> list[dict[str, str]]:
    """The filters that are on, each with the address that takes it off."""
    shown: list[dict[str, str]] = []

    def add(key: str, value: str, label: str, words: str) -> None:
        shown.append({"label": label, "value": words, "remove_url": address.toggled(key, value).url(base)})

    if q := address.one("q"):
        add("q", q, gettext("Search"), q[:60])
    for code in address.values.get("channel", ()):
        add("channel", code, gettext("Channel"), channel_names.get(code, code))
    for kind in address.values.get("kind", ()):
        add("kind", kind, gettext("Kind of channel"), str(KIND_NAMES[kind]))
    for status in address.values.get("status", ()):
        add("status", status, gettext("State"), str(look_of("order", status).label))
    for payment in address.values.get("payment", ()):
        add("payment", payment, gettext("Payment"), str(look_of("payment", payment).label))
    for key, label in (("from", gettext("From")), ("to", gettext("To"))):
        if address.one(key):
            add(key, address.one(key), label, day(_day(address.one(key))))
    if "problems" in address.values:
        add("problems", "1", gettext("Show"), gettext("with problems"))
    if "unmatched" in address.values:
        add("unmatched", "1", gettext("Show"), gettext("with unmatched lines"))
    if customer := address.one("customer"):
        add("customer", customer, gettext("Show"), gettext("one customer's orders"))
    return shown


def menus(address: ListAddress, base: str, channels: Sequence[Any]) -> list[dict[str, Any]]:
    """The filter menus: label, icon and options, each option an address."""

    def menu(key: str, label: str, icon: str, options: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        on = address.values.get(key, ())
        return {
            "label": label,
            "icon": icon,
            "options": [
                {"label": words, "url": address.toggled(key, value).url(base), "active": value in on}
                for value, words in options
            ],
        }

    rows = [(channel.code, channel.name) for channel in channels]
    made = [
        menu("status", gettext("State"), "progress", [(code, look_of("order", code).label) for code in STATUSES]),
        menu(
            "payment", gettext("Payment"), "cash", [(code, look_of("payment", code).label) for code in PAYMENT_STATUSES]
        ),
    ]
    if len({channel.kind for channel in channels}) > 1 or "kind" in address.values:
        made.append(menu("kind", gettext("Kind of channel"), "plug-connected", list(KIND_NAMES.items())))
    if len(rows) > 1:
        made.insert(0, menu("channel", gettext("Channel"), "shopping-bag", rows))
    return made


def day_ranges(address: ListAddress, base: str) -> list[dict[str, Any]]:
    """The days people mostly ask for."""
    end = today()
    ranges = (
        (gettext("Today"), end, end),
        (gettext("Yesterday"), end - timedelta(days=1), end - timedelta(days=1)),
        (gettext("Last 7 days"), end - timedelta(days=6), end),
        (gettext("Last 30 days"), end - timedelta(days=29), end),
    )
    return [
        {
            "label": label,
            "url": address.between(first, last).url(base),
            "active": address.one("from") == first.isoformat() and address.one("to") == last.isoformat(),
        }
        for label, first, last in ranges
    ]


class PlainText(forms.CharField):
    """A text field that drops zero bytes: PostgreSQL keeps none."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(str(value).replace("\0", "") if value is not None else value))


class StepForm(forms.Form):
    """A step, with the reason the person gave, if any."""

    reason = PlainText(required=False, max_length=500)


class NoteForm(forms.Form):
    """The internal note of an order."""

    internal_note = PlainText(
        label=_("Internal note"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 4})
    )


class TagsForm(forms.Form):
    """The tags of an order, separated by commas."""

    tags = PlainText(label=_("Tags"), required=False, max_length=500, help_text=_("Separate them with commas."))

    def clean_tags(self) -> list[str]:
        words = (" ".join(tag.split())[:40] for tag in self.cleaned_data["tags"].split(","))
        return list(dict.fromkeys(word for word in words if word))[:20]


class MatchForm(forms.Form):
    """Which product a line means; `scope` says for this line alone, or for every line with its code."""

    sku = PlainText(max_length=200)
    scope = forms.ChoiceField(choices=[("line", ""), ("all", "")])
