"""Questions about people and tokens."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from pult.accounts.models import ApiToken, User
from pult.accounts.rules.tokens import token_digest
from pult.lib.clock import now


def all_users() -> QuerySet[User]:
    return User.objects.order_by("-is_active", "name", "email")


def all_tokens() -> QuerySet[ApiToken]:
    return ApiToken.objects.order_by("-pk").select_related("created_by")


def token_by_text(text: str) -> ApiToken | None:
    """The live token with this text: neither revoked nor expired."""
    return ApiToken.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=now()), digest=token_digest(text), revoked_at__isnull=True
    ).first()
