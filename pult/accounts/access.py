"""Who stands at an entrance: the actor of a request, and the check of its right."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from pult.accounts.models import ApiToken, User
from pult.accounts.rules.permissions import ACTIONS
from pult.history.types import Actor

View = Callable[..., HttpResponseBase]


def allowed_to(action: str) -> Callable[[View], View]:
    """Let only people through whose role may do `action`; others are asked to log in, or refused (403).

    The view carries the action as `view.action`, for the test that walks every view with every role.
    """
    if action not in ACTIONS:
        raise KeyError(action)

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.can(action):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        checked = login_required(guarded)
        checked.action = action
        return checked

    return decorate


def actor_of(request: HttpRequest) -> Actor:
    """The person or program behind a request, as the history names it."""
    token: ApiToken | None = (
        getattr(request, "auth", None) if isinstance(getattr(request, "auth", None), ApiToken) else None
    )
    if token is not None:
        return Actor("token", str(token.pk), token.name)
    user = request.user
    assert isinstance(user, User)
    return Actor("user", str(user.pk), str(user))
