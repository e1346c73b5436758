"""What a person asks a report for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from pult.reports.rules.periods import LONGEST_DAYS

SPLITS = {
    "channel": _("By channel"),
    "day": _("By day"),
    "channel,day": _("By channel and day"),
}


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class TurnoverForm(forms.Form):
    """Days, both included, and what the turnover is split by."""

    by = forms.ChoiceField(choices=list(SPLITS.items()), required=False)

    def __init__(self, data: Any, **options: Any) -> None:
        super().__init__(data, **options)
        # `from` is a word of the language, so the fields are named here
        self.fields["from"] = forms.DateField(label=_("From"), input_formats=["%Y-%m-%d"], widget=DayInput())
        self.fields["to"] = forms.DateField(label=_("To"), input_formats=["%Y-%m-%d"], widget=DayInput())

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        first, last = values.get("from"), values.get("to")
        if first and last:
            if first > last:
                raise ValidationError(gettext("The first day is after the last one."))
            if (last - first).days > LONGEST_DAYS:
                raise ValidationError(gettext("A report covers at most ten years."))
            if first.year < 1900 or last.year > 2999:
                raise ValidationError(gettext("The year must be between 1900 and 2999."))
        return values


def presets(today: date, by: str) -> list[dict[str, str]]:
    """The periods people mostly ask for, as queries."""
    month = today.replace(day=1)
    last_month_end = month - timedelta(days=1)
    periods = (
        (gettext("Today"), today, today),
        (gettext("Last 7 days"), today - timedelta(days=6), today),
        (gettext("This month"), month, today),
        (gettext("Last month"), last_month_end.replace(day=1), last_month_end),
        (gettext("This year"), today.replace(month=1, day=1), today),
    )
    return [
        {
            "label": label,
            "query": urlencode({"from": first.isoformat(), "to": last.isoformat(), "by": by}),
            "first": first.isoformat(),
            "last": last.isoformat(),
        }
        for label, first, last in periods
    ]
