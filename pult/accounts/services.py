"""Making and changing users and tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection

from pult.accounts.errors import BadAccount, KeyReused
from pult.accounts.models import ApiToken, IdempotencyKey, User
from pult.accounts.rules.permissions import ROLES
from pult.accounts.rules.tokens import new_token_text, token_digest
from pult.history.services import acting
from pult.history.types import Actor
from pult.lib.clock import now


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise BadAccount(
            "The role “%(role)s” is not known; choose one of %(choice)s.",
            code="bad_role",
            params={"role": role, "choice": ", ".join(ROLES)},
        )


def create_user(*, actor: Actor, email: str, role: str, name: str = "", password: str | None = None) -> User:
    """Make a user. Without a password the person sets one by the reset link. Raises BadAccount."""
    _check_role(role)
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError:
        raise BadAccount("“%(email)s” is no e-mail address.", code="bad_email", params={"email": email}) from None
    user = User(email=email, role=role, name=name.strip())
    _set_password(user, password)
    try:
        with acting(actor, "created"):
            user.save()
    except IntegrityError:
        raise BadAccount("There is a user %(email)s already.", code="email_taken", params={"email": email}) from None
    return user


def change_user(
    user_id: int,
    *,
    actor: Actor,
    role: str | None = None,
    name: str | None = None,
    is_active: bool | None = None,
    password: str | None = None,
) -> User:
    """Change a user; what is None stays. The last active administrator stays one. Raises BadAccount."""
    if role is not None:
        _check_role(role)
    with acting(actor, "edited"):
        # all administrators are locked, so that two of them can't take each other's right away at once
        admins = set(
            User.objects.select_for_update()
            .filter(role="admin", is_active=True)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        user = User.objects.select_for_update().get(pk=user_id)
        leaves = (role is not None and role != "admin") or is_active is False
        if user.pk in admins and leaves and len(admins) == 1:
            raise BadAccount("The last administrator can't be taken away; make another one first.", code="last_admin")
        user.role = role if role is not None else user.role
        user.name = name.strip() if name is not None else user.name
        user.is_active = is_active if is_active is not None else user.is_active
        if password:
            _set_password(user, password)
        user.save()
    return user


def keep_preferences(user_id: int, *, language: str | None = None, theme: str | None = None) -> None:
    """Remember a person's own choices."""
    values = {k: v for k, v in {"language": language, "theme": theme}.items() if v}
    if values:
        User.objects.filter(pk=user_id).update(**values)


def _set_password(user: User, password: str | None) -> None:
    if password is None:
        user.set_unusable_password()
        return
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise BadAccount(" ".join(error.messages), code="weak_password") from None
    user.set_password(password)


def create_token(
    *, actor: Actor, name: str, role: str, created_by: User | None = None, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make an API token; its text is returned here, once, and never again. Raises BadAccount."""
    _check_role(role)
    if not name.strip():
        raise BadAccount("A token needs a name that says who uses it.", code="bad_name")
    text = new_token_text()
    with acting(actor, "created"):
        token = ApiToken.objects.create(
            name=name.strip(),
            role=role,
            prefix=text[:12],
            digest=token_digest(text),
            created_by=created_by,
            expires_at=expires_at,
        )
    return token, text


def revoke_token(token_id: int, *, actor: Actor) -> None:
    """Make a token useless, at once."""
    with acting(actor, "revoked"):
        ApiToken.objects.filter(pk=token_id, revoked_at__isnull=True).update(revoked_at=now())


def note_token_use(token: ApiToken) -> None:
    """Remember when a token was last used, to the minute."""
    at = now()
    if token.last_used_at is None or (at - token.last_used_at).total_seconds() > 60:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)


IDEMPOTENCY_HOURS = 24


def claim_key(token: ApiToken, key: str, *, digest: bytes) -> IdempotencyKey | None:
    """None if this is the first request with the key, else the answer that was kept. Raises KeyReused.

    Must run inside the transaction that does the work: a second request with the key waits here until the first one has
    ended, and takes its place if that one came to nothing.
    """
    if _insert_key(token, key, digest):
        return None
    kept = IdempotencyKey.objects.get(token=token, key=key)
    if bytes(kept.request_digest) != digest:
        raise KeyReused
    return kept


def _insert_key(token: ApiToken, key: str, digest: bytes) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_idempotencykey (token_id, key, request_digest) VALUES (%s, %s, %s)"
            " ON CONFLICT (token_id, key) DO NOTHING",
            [token.pk, key, digest],
        )
        return bool(cursor.rowcount == 1)


def keep_answer(token: ApiToken, key: str, *, status: int, answer: Any) -> None:
    """Keep what a claimed key was answered."""
    IdempotencyKey.objects.filter(token=token, key=key).update(status=status, answer=answer)


def prune_idempotency_keys() -> int:
    """Forget answers older than IDEMPOTENCY_HOURS; returns how many."""
    old, _ = IdempotencyKey.objects.filter(created_at__lt=now() - timedelta(hours=IDEMPOTENCY_HOURS)).delete()
    return old
