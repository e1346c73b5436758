"""What the shell of every page needs to know."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """`may` maps an action to whether the person may do it."""
    user = getattr(request, "user", None)
    return {"may": _May(user)}


class _May:
    def __init__(self, user: Any) -> None:
        self._user = user

    def __getitem__(self, action: str) -> bool:
        return bool(self._user and self._user.is_authenticated and self._user.can(action))
