"""By which signs a buyer is recognised."""

from __future__ import annotations

from pult.customers.types import Buyer
from pult.lib.identifiers import email_key

Sign = tuple[str, str]
"""(kind, value): unique across customers."""


def signs_of(buyer: Buyer) -> list[Sign]:
    """The signs of a buyer, strongest first: the channel's own customer id, the tax number, the e-mail address.

    A tax number counts by its first eight digits: branches and VAT groups of one company are one customer.
    The e-mail of someone who buys with a tax number does not count: the same person may buy for more than one company.
    """
    signs: list[Sign] = []
    if buyer.external_id:
        signs.append((f"channel:{buyer.channel_id}", buyer.external_id[:200]))
    if buyer.tax_number:
        signs.append(("tax", "".join(c for c in buyer.tax_number if c.isalnum())[:8].upper()))
    elif buyer.eu_tax_number:
        signs.append(("tax", "".join(c for c in buyer.eu_tax_number if c.isalnum()).upper()[:20]))
    elif key := email_key(buyer.email):
        signs.append(("email", key[:320]))
    return signs
