"""Raw messages."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Message(models.Model):
    """What came in, as it came. `state`: kept (not understood yet), understood, failed (with its reason), ignored.

    The same `external_id` may stand here many times: each state of the order that the channel ever told.
    `checksum` is BLAKE2b-128 of the body. `then` names the task that understands it.
    """

    channel = models.ForeignKey("channels.SalesChannel", db_index=False, on_delete=models.PROTECT, related_name="+")
    source = models.TextField()
    external_id = models.TextField()
    checksum = models.BinaryField(max_length=16)
    body = models.BinaryField()
    received_at = models.DateTimeField(db_default=Now())
    state = models.TextField(db_default="kept")
    then = models.TextField()
    attempts = models.IntegerField(db_default=0)
    error_code = models.TextField(null=True)
    error = models.TextField(null=True)
    understood_at = models.DateTimeField(null=True)
    order_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("message")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["kept", "understood", "failed", "ignored"]), name="inbox_message_state"
            ),
        ]
        indexes = [
            models.Index(fields=["channel", "external_id", "-id"], name="inbox_message_external"),
            models.Index(fields=["id"], condition=models.Q(state="kept"), name="inbox_message_kept"),
            models.Index(fields=["-id"], condition=models.Q(state="failed"), name="inbox_message_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.external_id} #{self.pk}"
