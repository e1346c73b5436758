"""People and programs that may enter."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from pult.accounts.rules.permissions import ROLES, can

ROLE_NAMES = {
    "admin": _("Administrator"),
    "manager": _("Manager"),
    "clerk": _("Clerk"),
    "cashier": _("Cashier"),
    "warehouse": _("Warehouse"),
    "viewer": _("Viewer"),
}


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person who logs in with an e-mail address; the role decides what the person may do."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.TextField(_("name"), blank=True, default="")
    role = models.TextField(_("role"), choices=list(ROLE_NAMES.items()))
    language = models.TextField(_("language"), default="hu", choices=[("hu", "Magyar"), ("en", "English")])
    theme = models.TextField(_("appearance"), default="auto")
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="accounts_user_email_any_case"),
            models.CheckConstraint(condition=models.Q(role__in=ROLES), name="accounts_user_role_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def can(self, action: str) -> bool:
        return self.is_active and can(self.role, action)

    @property
    def is_staff(self) -> bool:
        return False

    def get_full_name(self) -> str:
        return str(self)


class ApiToken(models.Model):
    """A program's key. Only its hash is kept; the text is shown once, when it is made."""

    name = models.TextField(_("name"))
    role = models.TextField(_("role"), choices=list(ROLE_NAMES.items()))
    prefix = models.TextField()
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("API token")
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=ROLES), name="accounts_token_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def can(self, action: str) -> bool:
        return can(self.role, action)


class IdempotencyKey(models.Model):
    """An answer kept, so that the same write sent again (a lost answer) is told the same and done once."""

    token = models.ForeignKey("accounts.ApiToken", on_delete=models.CASCADE)
    key = models.TextField()
    request_digest = models.BinaryField(max_length=32)
    status = models.IntegerField(null=True)
    answer: models.JSONField[Any, Any] = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="accounts_idempotency_key")]
        indexes = [models.Index(fields=["created_at"], name="accounts_idempotency_age")]

    def __str__(self) -> str:
        return self.key
