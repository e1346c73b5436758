"""The history of things: append-only, guarded by the database."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Entry(models.Model):
    """One change of one object. `changes` is {field: [before, after]}; `data` is what the step itself wants to say.

    Rows come from triggers (history/migrations), with the actor and the action of the running transaction.
    """

    object_type = models.TextField()
    object_id = models.BigIntegerField()
    action = models.TextField()
    actor_kind = models.TextField()
    actor_id = models.TextField(null=True)
    actor_name = models.TextField(null=True)
    changes = models.JSONField(null=True)
    data = models.JSONField(null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("history entry")
        indexes = [models.Index(fields=["object_type", "object_id", "id"], name="history_entry_object")]

    def __str__(self) -> str:
        return f"{self.object_type} {self.object_id}: {self.action}"
