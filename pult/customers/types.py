"""A buyer as an order tells it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Buyer:
    """What is known of a buyer. `channel_id` and `external_id` together are the channel's own customer id."""

    channel_id: int
    type: str
    name: str | None = None
    company: str | None = None
    email: str | None = None
    phone: str | None = None
    tax_number: str | None = None
    eu_tax_number: str | None = None
    group: str | None = None
    external_id: str | None = None
