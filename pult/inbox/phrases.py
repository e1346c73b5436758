"""The words of messages."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

SOURCES = {"poll": _("poll"), "hook": _("webhook"), "compare": _("comparison")}
"""How a message came."""
