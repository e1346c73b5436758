"""By which signs a buyer is recognised."""

from __future__ import annotations

from pult.customers.types import Buyer
from pult.lib.identifiers import email_key
from pult.lib.tax_numbers import read_tax_number

Sign = tuple[str, str]
"""(kind, value): unique across customers."""


def signs_of(buyer: Buyer) -> list[Sign]:
    """The signs of a buyer, strongest first: the channel's own customer id, the tax number, the e-mail address.

    A tax number counts by its first eight digits: branches and VAT groups of one company are one customer. One that
    does not pass its check counts for nothing, or everybody who typed "0" or "none" would be one customer.
    The e-mail of someone who buys with a tax number does not count: the same person may buy for more than one company.
    """
    signs: list[Sign] = []
    if buyer.external_id:
        signs.append((f"channel:{buyer.channel_id}", buyer.external_id[:200]))
    if tax := _tax_key(buyer.tax_number) or _tax_key(buyer.eu_tax_number):
        signs.append(("tax", tax))
    elif key := email_key(buyer.email):
        signs.append(("email", key[:320]))
    return signs


def _tax_key(text: str | None) -> str | None:
    return read_tax_number(text[:200]).key if text else None
