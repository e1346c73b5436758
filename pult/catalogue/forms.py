"""Forms of products."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pult.lib.currencies import is_currency
from pult.lib.identifiers import normalise_gtin


class ProductForm(forms.Form):
    """A product as a person writes it."""

    sku = forms.CharField(
        label=pgettext_lazy("column", "SKU"), max_length=100, help_text=_("The code by which the webshops send it too.")
    )
    name = forms.CharField(label=_("Name"), max_length=300)
    unit = forms.CharField(label=_("Unit"), max_length=20, initial="db")
    vat_rate = forms.DecimalField(
        label=_("VAT rate, %"), required=False, min_value=0, max_value=100, max_digits=6, decimal_places=3
    )
    price_gross = forms.DecimalField(label=_("Gross price"), required=False, max_digits=18, decimal_places=4)
    currency = forms.CharField(label=_("Currency"), max_length=3, initial="HUF")
    barcodes = forms.CharField(
        label=_("Barcodes"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line."),
    )
    is_active = forms.BooleanField(label=_("Active"), required=False, initial=True)

    def clean_currency(self) -> str:
        currency = str(self.cleaned_data["currency"]).upper()
        if not is_currency(currency):
            raise forms.ValidationError(_("This currency is not known; give its three letters, for instance HUF."))
        return currency

    def clean_barcodes(self) -> list[str]:
        written = re.split(r"[\n,;]+", str(self.cleaned_data["barcodes"]))
        return [code for code in map(normalise_gtin, written) if code]

    def values(self) -> dict[str, Any]:
        """The arguments of `save_product`."""
        return dict(self.cleaned_data)
