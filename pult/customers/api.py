"""Customers over HTTP."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from pult.accounts.access import actor_of
from pult.accounts.api import reads, writes
from pult.customers.errors import CustomerNotFound
from pult.customers.models import Customer
from pult.customers.schemas import (
    CustomerChange,
    CustomerInput,
    CustomerPage,
    CustomerShape,
    CustomersQuery,
    customer_document,
)
from pult.customers.selectors import customer_by_id, customers_page
from pult.customers.services import create_customer as create
from pult.customers.services import edit_customer
from pult.lib.failures import UserError
from pult.lib.paging import decode_cursor, encode_cursor
from pult.lib.shapes import RowId

router = Router(tags=["customers"])


@reads(router, "/customers", action="customers.view", answer=CustomerPage)
def list_customers(request: HttpRequest, query: Query[CustomersQuery]) -> dict[str, Any]:
    """Customers, newest first."""
    (after,) = decode_cursor(query.cursor, [int]) if query.cursor else (None,)
    assert after is None or isinstance(after, int)
    found = customers_page(query=query.q, after=after, limit=query.limit + 1)
    page = found[: query.limit]
    return {
        "items": [customer_document(customer) for customer in page],
        "next": encode_cursor([page[-1].pk]) if len(found) > len(page) else None,
    }


@writes(router, "POST", "/customers", action="customers.edit", answer=CustomerShape, status=201)
def create_customer(request: HttpRequest, body: CustomerInput) -> dict[str, Any]:
    """Make a customer; 409 if the tax number or the e-mail address is known already."""
    if not (body.name or body.company or body.email):
        raise UserError("Give a name, a company or an e-mail address.", code="no_name", field="name")
    customer = create(actor=actor_of(request), **body.model_dump())
    customer.refresh_from_db()
    return customer_document(customer)


@reads(router, "/customers/{customer_id}", action="customers.view", answer=CustomerShape)
def get_customer(request: HttpRequest, customer_id: RowId) -> dict[str, Any]:
    """One customer."""
    return customer_document(_customer(customer_id))


@writes(router, "PATCH", "/customers/{customer_id}", action="customers.edit", answer=CustomerShape)
def change_customer(request: HttpRequest, customer_id: RowId, body: CustomerChange) -> dict[str, Any]:
    """Change what is known of a customer; orders keep their own snapshot."""
    customer = _customer(customer_id)
    values = body.model_dump(exclude_unset=True)
    if values:
        edit_customer(customer.pk, actor=actor_of(request), **values)
    return customer_document(_customer(customer_id))


def _customer(customer_id: int) -> Customer:
    customer = customer_by_id(customer_id)
    if customer is None:
        raise CustomerNotFound(customer_id)
    return customer
