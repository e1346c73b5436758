"""Forms of customers."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class CustomerForm(forms.Form):
    """What is known of a customer, as a person mends it."""

    type = forms.ChoiceField(label=_("Type"), choices=[("person", _("Person")), ("company", _("Company"))])
    name = forms.CharField(label=_("Name"), max_length=300, required=False)
    company = forms.CharField(label=_("Company"), max_length=300, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    tax_number = forms.CharField(label=_("Tax number"), max_length=40, required=False)
    eu_tax_number = forms.CharField(label=pgettext_lazy("column", "EU tax number"), max_length=40, required=False)
    group = forms.CharField(label=_("Group"), max_length=100, required=False)
    note = forms.CharField(label=_("Note"), max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 4}))

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or {}
        if not any(cleaned.get(name) for name in ("name", "company", "email")) and not self.errors:
            raise forms.ValidationError(
                _("Give a name, a company or an e-mail address, so that the customer can be found.")
            )
        return cleaned
