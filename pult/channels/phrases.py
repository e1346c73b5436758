"""Channels in words for people."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

KIND_NAMES = {
    "webshop": _("Webshop"),
    "store": _("Store"),
    "edi": _("EDI partner"),
    "custom": _("Custom source"),
}
