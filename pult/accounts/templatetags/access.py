"""Rights in templates: `{% load access %}`, then `{% if user|can:"orders.edit" %}`."""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()


@register.filter
def can(user: Any, action: str) -> bool:
    """Whether the person may do the action; nobody may anything before logging in."""
    return bool(user.is_authenticated and user.can(action))
