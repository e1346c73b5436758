"""How people come in: they are invited; nobody signs up."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse


class ClosedSignup(DefaultAccountAdapter):
    """No sign-up; everything else as django-allauth does it."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def post_login(self, request: HttpRequest, user: Any, **options: Any) -> HttpResponse:
        """Go on in the language the person has chosen, also on a new machine."""
        response: HttpResponse = super().post_login(request, user, **options)
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, user.language, max_age=365 * 24 * 3600, samesite="Lax")
        return response

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """Users have no user name."""
