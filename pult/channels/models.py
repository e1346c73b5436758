"""Sales channels: where orders come from."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from pult.channels.phrases import KIND_NAMES
from pult.channels.types import COLORS, KINDS


class SalesChannel(models.Model):
    """One source of orders. `platform` is a code of the registry, text, so that a new platform needs no migration.

    `settings` are the open ones; `sealed` holds the secret ones, encrypted (lib.secrets). `cursor` is the connector's.
    `in_step_at`: when the last synchronisation that saw everything ended. `failing_since`: None while all is well.
    """

    code = models.SlugField(_("code"), max_length=63, unique=True)
    name = models.TextField(_("name"))
    kind = models.TextField(_("kind"), choices=list(KIND_NAMES.items()))
    platform = models.TextField(_("platform"), null=True, blank=True)
    currency = models.TextField(_("currency"), default="HUF")
    color = models.TextField(_("colour"), default="azure")
    settings: models.JSONField[Any, Any] = models.JSONField(default=dict)
    sealed = models.BinaryField(null=True)
    status_map: models.JSONField[Any, Any] = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    paused_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)

    cursor: models.JSONField[Any, Any] = models.JSONField(default=dict)
    next_poll_at = models.DateTimeField(db_default=Now())
    poll_started_at = models.DateTimeField(null=True)
    in_step_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failures_in_row = models.IntegerField(default=0)
    failure_code = models.TextField(null=True)
    failure_detail = models.TextField(null=True)
    last_order_at = models.DateTimeField(null=True)
    compared_at = models.DateTimeField(null=True)

    hook_secret = models.TextField(default="")
    hooks: models.JSONField[Any, Any] = models.JSONField(default=dict)
    hooks_checked_at = models.DateTimeField(null=True)
    last_hook_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("sales channel")
        verbose_name_plural = _("sales channels")
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=KINDS), name="channels_channel_kind"),
            models.CheckConstraint(
                condition=models.Q(kind="webshop", platform__isnull=False) | ~models.Q(kind="webshop"),
                name="channels_channel_platform_given",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def colour(self) -> int:
        """Its colour's place in the pages' palette: the same in lists and in charts."""
        return COLORS.get(self.color, 1)


class SyncRun(models.Model):
    """One attempt to bring a channel into step, whatever came of it: what was asked for, what came, why it failed."""

    channel = models.ForeignKey("channels.SalesChannel", on_delete=models.CASCADE, related_name="runs")
    trigger = models.TextField()
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    fetched = models.IntegerField(default=0)
    created = models.IntegerField(default=0)
    updated = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    error_code = models.TextField(null=True)
    error = models.TextField(null=True)
    note = models.TextField(null=True)

    class Meta:
        verbose_name = _("synchronisation")
        indexes = [models.Index(fields=["channel", "-id"], name="channels_syncrun_channel")]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.started_at:%Y-%m-%d %H:%M:%S}"
