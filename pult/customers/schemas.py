"""The form of a customer outside Pult."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from pult.customers.models import Customer
from pult.lib.shapes import Document, Input, MaybeText, MaybeWord, PageQuery, Search
from pult.lib.times import time_text


def customer_document(customer: Customer) -> dict[str, Any]:
    """A customer; absent is null."""
    return {
        "id": customer.pk,
        "type": customer.type,
        "name": customer.name,
        "company": customer.company,
        "email": customer.email,
        "phone": customer.phone,
        "tax_number": customer.tax_number,
        "eu_tax_number": customer.eu_tax_number,
        "group": customer.group,
        "note": customer.note,
        "created_at": time_text(customer.created_at),
    }


class CustomerShape(Document):
    id: int
    type: str
    name: str | None
    company: str | None
    email: str | None
    phone: str | None
    tax_number: str | None
    eu_tax_number: str | None
    group: str | None
    note: str | None
    created_at: str


class CustomerPage(Document):
    items: list[CustomerShape]
    next: str | None


class CustomersQuery(PageQuery):
    q: Search = Field("", description="Words in name, company, e-mail, phone or tax number.")


class CustomerChange(Input):
    """What is left out stays; null empties."""

    type: Literal["person", "company"] = "person"
    name: MaybeWord = None
    company: MaybeWord = None
    email: MaybeWord = None
    phone: MaybeWord = None
    tax_number: MaybeWord = None
    eu_tax_number: MaybeWord = None
    group: MaybeWord = None
    note: MaybeText = None


class CustomerInput(CustomerChange):
    """A name, a company or an e-mail address must be given."""
