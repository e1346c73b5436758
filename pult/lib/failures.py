"""What can go wrong, by what is to be done about it.

Each failure carries a stable `code` for programs and an English sentence for people. The sentence is a template with
its `params` beside it, so that whoever shows it can translate it: `gettext(failure.template) % failure.params`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class PultError(Exception):
    """Something that a person or a calling program must be told of; never a defect.

    `field` names the part of the request that is wrong, where there is one: `lines.0.quantity`.
    """

    code = "error"
    field: str | None = None

    def __init__(
        self,
        template: str,
        *,
        code: str | None = None,
        next_step: str | None = None,
        params: Mapping[str, Any] | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(template)
        self.template = template
        self.params: dict[str, Any] = dict(params or {})
        self.next_step = next_step
        if code:
            self.code = code
        if field:
            self.field = field

    @property
    def sentence(self) -> str:
        """What happened, in English. Without `params` the template is the sentence, per cent signs and all."""
        return self.template % self.params if self.params else self.template

    def __str__(self) -> str:
        return f"{self.sentence} {self.next_step}" if self.next_step else self.sentence


class UserError(PultError):
    """Asked for something that cannot be done; the sentence says what to do instead."""

    code = "invalid"


class ChannelFailure(PultError):
    """A channel could not be read or told. The class says what follows."""

    code = "channel_failure"


class Transient(ChannelFailure):
    """It may work by itself later: try again with growing pauses."""

    code = "transient"


class Throttled(ChannelFailure):
    """The channel asks for a pause: try again after `wait_s` seconds."""

    code = "throttled"

    def __init__(
        self,
        template: str,
        *,
        wait_s: float,
        code: str | None = None,
        next_step: str | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(template, code=code, next_step=next_step, params=params)
        self.wait_s = wait_s


class Refused(ChannelFailure):
    """The channel does not accept the credentials: a person must mend them."""

    code = "refused"


class Misconfigured(ChannelFailure):
    """The address or another setting is wrong: a person must mend it."""

    code = "misconfigured"


class Unreadable(ChannelFailure):
    """What came in cannot be understood; the same bytes will not be understood later either."""

    code = "unreadable"
