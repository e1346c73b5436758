"""What can be refused about reports."""

from __future__ import annotations

from pult.lib.failures import UserError


class BadReport(UserError):
    """A report can't be made as asked; the sentence says what to mend."""
