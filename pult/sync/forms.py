"""Forms of channels, made from the settings that a platform asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from pult.channels.selectors import all_channels
from pult.connectors.protocol import SettingField
from pult.lib.clock import now
from pult.lib.currencies import is_currency
from pult.lib.identifiers import is_channel_code

PREFIX = "set_"
"""Before the names of the platform's settings, so that none can be taken for a field of the form itself."""

ASKED_LATER = ("since",)
"""Settings of a step of their own."""


class SettingsForm(forms.Form):
    """The settings of a platform. `kept` names the secrets that are known already: left empty, they stay."""

    def __init__(self, *args: Any, fields: Collection[SettingField], kept: Collection[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = frozenset(kept)
        self.setting_fields = [item for item in fields if item.name not in ASKED_LATER]
        for item in self.setting_fields:
            self.fields[f"{PREFIX}{item.name}"] = self._made(item)

    def _made(self, item: SettingField) -> forms.Field:
        options: dict[str, Any] = {
            "label": gettext(item.label),
            "help_text": gettext(item.help) if item.help else "",
            "required": item.required,
            "initial": item.default or None,
        }
        if item.kind == "bool":
            return forms.BooleanField(**{**options, "required": False, "initial": item.default == "true"})
        if item.kind == "date":
            return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **options)
        if item.secret:
            if item.name in self.kept:
                options["required"] = False
                options["help_text"] = gettext("Known already and never shown. Leave it empty to keep it.")
            # new-password: the browser must not offer the person's own password here
            widget = forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"})
            return forms.CharField(widget=widget, max_length=1000, **options)
        attrs = {"inputmode": "url"} if item.kind == "url" else {}
        return forms.CharField(max_length=1000, widget=forms.TextInput(attrs=attrs), **options)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for item in self.setting_fields:
            name = f"{PREFIX}{item.name}"
            if item.kind == "url" and cleaned.get(name):
                cleaned[name] = self._address(name, cleaned[name])
        return cleaned

    def _address(self, name: str, text: str) -> str:
        address = text if "://" in text else f"https://{text}"
        try:
            parts = urlsplit(address)
            good = parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in address
            _port = parts.port
        except ValueError:
            good = False
        if not good:
            self.add_error(name, _("Give an address like https://shop.example."))
        return address

    def given(self) -> dict[str, str]:
        """The settings as text by name; what was left empty is left out."""
        values: dict[str, str] = {}
        for item in self.setting_fields:
            value = self.cleaned_data.get(f"{PREFIX}{item.name}")
            if item.kind == "bool":
                values[item.name] = "true" if value else "false"
            elif value:
                values[item.name] = str(value)
        return values


class NewChannelForm(SettingsForm):
    """A new channel: its name, code and currency, then what its platform asks for."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("As people see it in lists and reports."))
    code = forms.CharField(
        label=_("Code"),
        max_length=63,
        required=False,
        help_text=_(
            "Short and for ever: programs and reports know the channel by it. Made from the name if left empty."
        ),
    )
    currency = forms.CharField(
        label=_("Currency"), max_length=3, initial="HUF", help_text=_("Three letters, such as HUF or EUR.")
    )

    def clean_currency(self) -> str:
        currency = str(self.cleaned_data["currency"]).upper()
        if not is_currency(currency):
            raise forms.ValidationError(_("This currency is not known; give its three letters, for instance HUF."))
        return currency

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        taken = set(all_channels(archived=True).values_list("code", flat=True))
        code = str(cleaned.get("code") or "")
        if not code and cleaned.get("name"):
            cleaned["code"] = free_code(str(cleaned["name"]), taken)
        elif code and not is_channel_code(code):
            self.add_error("code", _("Use small letters, digits and dashes only, for instance my-shop."))
        elif code in taken:
            self.add_error("code", _("There is a channel with this code already; choose another one."))
        return cleaned


def free_code(name: str, taken: Collection[str]) -> str:
    """A code made from a name, that no other channel has."""
    base = slugify(name).replace("_", "-").strip("-")[:55] or "channel"
    code, number = base, 2
    while code in taken:
        code, number = f"{base}-{number}", number + 1
    return code


class ChangeChannelForm(SettingsForm):
    """What can be changed of a channel afterwards."""

    name = forms.CharField(label=_("Name"), max_length=120)


class StartForm(forms.Form):
    """What a first synchronisation takes over."""

    scope = forms.ChoiceField(
        label=_("What to take over"),
        choices=[("all", _("Everything the shop still has")), ("since", _("Only orders placed from a day on"))],
        widget=forms.RadioSelect,
        initial="all",
    )
    since = forms.DateField(
        label=_("From this day on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Older orders stay in the shop."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("scope") == "since":
            day = cleaned.get("since")
            if not day and "since" not in self.errors:
                self.add_error("since", _("Give the day from which orders are taken over."))
            elif day and day > now().date():
                self.add_error("since", _("This day is still to come."))
        return cleaned

    def since_text(self) -> str:
        """The day as a setting; empty for everything."""
        return self.cleaned_data["since"].isoformat() if self.cleaned_data["scope"] == "since" else ""


def initial_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Open settings as the initial values of a form."""
    return {
        f"{PREFIX}{name}": (value == "true" if value in ("true", "false") else value)
        for name, value in settings.items()
    }
