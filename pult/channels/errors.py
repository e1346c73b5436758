"""What can be refused about channels."""

from __future__ import annotations

from pult.lib.failures import UserError


class ChannelNotFound(UserError):
    def __init__(self, code: str) -> None:
        super().__init__(
            "There is no channel %(channel)s; see `pult channel list`.",
            code="channel_not_found",
            params={"channel": code},
        )


class BadChannel(UserError):
    """A channel can't be made or changed as asked; the sentence names what to mend."""
