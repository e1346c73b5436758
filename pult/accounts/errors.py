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


class TooManyRequests(UserError):
    """The program asks faster than it may; `wait_s` seconds later it may again."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__(
            "Too many requests; go on in %(seconds)s s.",
            code="too_many_requests",
            params={"seconds": f"{wait_s:.2f}"},
        )


class KeyReused(UserError):
    """The idempotency key belongs to another request."""

    field = "Idempotency-Key"

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key was used for another request; give each request a key of its own.",
            code="idempotency_key_reused",
        )
