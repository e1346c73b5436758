"""What can be refused at the door."""

from __future__ import annotations

from pult.lib.failures import UserError


class BadAccount(UserError):
    """A user or token can't be made as asked; the sentence names what to mend."""


class NotAllowed(UserError):
    """The role may not do this."""

    def __init__(self, action: str) -> None:
        super().__init__(
            "Your role does not allow this (%(action)s). Ask an administrator.",
            code="not_allowed",
            params={"action": action},
        )
