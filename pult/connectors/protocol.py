"""What a platform must be able to do, and the few shapes that cross between it and `sync`.

A platform is one file (a package once it outgrows it): at the top pure functions (`parse_order`), below a small class
that speaks HTTP. It takes up only the protocols that the platform can serve. Adding one costs that file, one line in
`registry.py`, and its tests (docs/recipes/add-a-platform.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from pult.lib.failures import PultError
from pult.orders.types import IncomingOrder

Cursor = dict[str, Any]
"""Where the next poll starts: plain JSON that only the connector reads. Empty: from the very beginning."""


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting of a platform: form, command line and documents are made from it.

    `kind`: text, url, secret, bool, date. A secret is sealed at rest and never shown again.
    """

    name: str
    label: str
    help: str = ""
    kind: str = "text"
    required: bool = True
    default: str = ""

    @property
    def secret(self) -> bool:
        return self.kind == "secret"


@dataclass(frozen=True, slots=True)
class RawMessage:
    """One order as the channel sent it, byte for byte enough to be read again at any later time."""

    external_id: str
    body: bytes
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Messages, and the cursor that is safe once they are kept: a poll that starts there again loses nothing."""

    messages: Sequence[RawMessage]
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One tick of a connection test. `code` is stable; `detail` is the English sentence; `level`: ok, warning, error.

    For a translated sentence: `gettext(template) % params`, followed by `gettext(next_step)` if there is one.
    """

    code: str
    level: str
    detail: str = ""
    template: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    next_step: str = ""

    @classmethod
    def of(cls, code: str, level: str, template: str, *, next_step: str = "", **params: Any) -> CheckStep:
        """A step from a sentence with `%(name)s` places, which `params` fill."""
        sentence = template % params if params else template
        return cls(code, level, f"{sentence} {next_step}".rstrip(), template, params, next_step)

    @classmethod
    def failed(cls, code: str, failure: PultError) -> CheckStep:
        """The step at which the test ends, with the words of what went wrong."""
        return cls(code, "error", str(failure), failure.template, failure.params, failure.next_step or "")


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """The little that a full comparison needs of one order in the shop."""

    external_id: str
    status: str
    total: Decimal | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HookHint:
    """What a webhook says, never more than a hint: look at these orders (`gone`: they may be deleted).

    Empty `external_ids`: nothing to do (a ping, a topic that does not concern us).
    """

    external_ids: tuple[str, ...] = ()
    ping: bool = False


@dataclass(frozen=True, slots=True)
class HooksState:
    """How the webhooks at the shop stand after `ensure_hooks`. `working` False: `detail` says why; polling goes on."""

    working: bool
    detail: str = ""
    memo: dict[str, Any] = field(default_factory=dict)


class NotAnOrder(Exception):
    """The message is well understood and is no order (a checkout draft): it is not kept as one."""


class Gone(Exception):
    """The message says that the shop deleted the order for good: a known one is cancelled, an unknown one ignored."""

    def __init__(self, external_id: str) -> None:
        super().__init__(f"Order {external_id} is gone from the shop.")
        self.external_id = external_id


class Connector(Protocol):
    """Every platform. Made by `registry.connector_for(platform, settings, client)`; holds no state between calls."""

    def check(self) -> Iterator[CheckStep]:
        """Try the settings at the shop, step by step; the last step of level `error` says what to mend."""
        ...

    @staticmethod
    def parse_order(body: bytes) -> IncomingOrder:
        """Read one raw message. Pure. Raises `Unreadable` with the reason, `NotAnOrder` for what is none, `Gone`."""
        ...


@runtime_checkable
class FetchesOrders(Protocol):
    def fetch_orders(self, cursor: Cursor, *, since: datetime | None, full: bool) -> Iterator[Page]:
        """Everything that changed since `cursor`, oldest change first; `full` reads everything again.

        `since` bounds a first import: orders placed before it are left in the shop. Duplicates are harmless.
        """
        ...

    def fetch_order(self, external_id: str) -> RawMessage | None:
        """One order as it is now; a body that says it is gone if the shop has deleted it; None if never an order."""
        ...


@runtime_checkable
class ComparesOrders(Protocol):
    def summaries(self, *, since: datetime) -> Iterator[OrderSummary]:
        """The orders of the shop placed since then, in a short form, deleted ones in the bin included."""
        ...


@runtime_checkable
class ReadsHooks(Protocol):
    def ensure_hooks(self, *, address: str, secret: str, memo: Mapping[str, Any]) -> HooksState:
        """Register the webhooks at the shop, or find and mend them; `memo` is what the last call returned."""
        ...

    def remove_hooks(self, *, address: str) -> None:
        """Take Pult's webhooks off the shop."""
        ...

    @staticmethod
    def read_hook(headers: Mapping[str, str], body: bytes, *, secret: str) -> HookHint:
        """Check the signature (constant time) and say what to fetch. Raises `Refused` if it is not from the shop.

        `headers` have lower-case names.
        """
        ...
