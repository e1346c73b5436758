"""Questions to the history."""

from __future__ import annotations

from django.db.models import QuerySet

from pult.history.models import Entry


def entries_of(object_type: str, object_id: int) -> QuerySet[Entry]:
    """The history of one object, newest first."""
    return Entry.objects.filter(object_type=object_type, object_id=object_id).order_by("-id")
