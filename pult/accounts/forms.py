"""Forms of users, tokens and one's own profile."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from pult.accounts.models import ROLE_NAMES
from pult.lib.clock import now

WHAT_ROLES_MAY = {
    "admin": _("Everything, users and tokens too"),
    "manager": _("Orders, channels, inbox and reports"),
    "clerk": _("Work on orders, products and customers"),
    "cashier": _("See orders, products and customers"),
    "warehouse": _("Process and ship orders"),
    "viewer": _("Look at everything, change nothing"),
}
ROLE_CHOICES = list(ROLE_NAMES.items())
THEMES = [("auto", _("As the device")), ("light", _("Light")), ("dark", _("Dark"))]


class NewUserForm(forms.Form):
    """A person who will log in: with a password given here, or by a link on which the person chooses one."""

    email = forms.EmailField(label=_("E-mail address"))
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    role = forms.ChoiceField(label=_("Role"), choices=ROLE_CHOICES, initial="clerk")
    entrance = forms.ChoiceField(
        label=_("How the person gets in"),
        choices=[
            ("link", _("By a link on which the person chooses a password")),
            ("password", _("With this password")),
        ],
        widget=forms.RadioSelect,
        initial="link",
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters; needed only if you give the password yourself."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("entrance") == "password" and not cleaned.get("password"):
            self.add_error("password", _("Give a password, or choose the link."))
        return cleaned

    def password_given(self) -> str | None:
        return self.cleaned_data["password"] if self.cleaned_data["entrance"] == "password" else None


class ChangeUserForm(forms.Form):
    """What can be changed of a user."""

    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    role = forms.ChoiceField(label=_("Role"), choices=ROLE_CHOICES)
    is_active = forms.BooleanField(
        label=_("May log in"),
        required=False,
        help_text=_("Switched off, the person is logged out at once; what they did stays."),
    )


class TokenForm(forms.Form):
    """A key for a program."""

    name = forms.CharField(label=_("Name"), max_length=200, help_text=_("Which program uses it, and where."))
    role = forms.ChoiceField(label=_("Role"), choices=ROLE_CHOICES, initial="viewer")
    expires_on = forms.DateField(
        label=_("Valid until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: until it is revoked."),
    )

    def clean_expires_on(self) -> Any:
        day = self.cleaned_data["expires_on"]
        if day and day <= now().date():
            raise forms.ValidationError(_("This day is over; give a later one."))
        return day

    def expires_at(self) -> datetime | None:
        """The end of the last day, in the company's zone."""
        day = self.cleaned_data["expires_on"]
        return datetime.combine(day, time(23, 59, 59), tzinfo=ZoneInfo(settings.PULT_TIME_ZONE)) if day else None


class ProfileForm(forms.Form):
    """A person's own choices."""

    name = forms.CharField(label=_("Name"), max_length=200, required=False, help_text=_("As the history shows you."))
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    theme = forms.ChoiceField(label=_("Appearance"), choices=THEMES)
