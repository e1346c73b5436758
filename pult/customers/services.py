"""Recognising and keeping customers."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import Case, Value, When

from pult.customers.errors import CustomerKnown
from pult.customers.models import Customer, Identity
from pult.customers.rules.matching import Sign, signs_of
from pult.customers.types import Buyer
from pult.history.services import acting
from pult.history.types import Actor
from pult.lib.bulk import copy_rows, next_ids
from pult.lib.search import search_text


def match_or_create_customers(buyers: Sequence[Buyer]) -> list[int | None]:
    """The customer id of each buyer, made where none is known; None for a buyer without any sign.

    Queries are constant in number. Safe beside other workers: a sign belongs to one customer (unique in the database);
    who loses the race takes the winner's customer. Must run inside a transaction.
    """
    signs = [signs_of(buyer) for buyer in buyers]
    owners = _owners({sign for some in signs for sign in some})
    fresh: dict[int, list[Sign]] = {}
    makers: dict[Sign, int] = {}
    for index, some in enumerate(signs):
        if not some or any(sign in owners for sign in some):
            continue
        leader = next((makers[sign] for sign in some if sign in makers), index)
        fresh.setdefault(leader, [])
        for sign in some:
            if makers.setdefault(sign, leader) == leader and sign not in fresh[leader]:
                fresh[leader].append(sign)
    if fresh:
        owners.update(_create([(buyers[index], some) for index, some in fresh.items()]))
    _add_signs(signs, owners)
    return [next((owners[sign] for sign in some if sign in owners), None) for some in signs]


def _owners(signs: set[Sign]) -> dict[Sign, int]:
    if not signs:
        return {}
    ordered = sorted(signs)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, value, customer_id FROM customers_identity JOIN"
            " unnest(%s::text[], %s::text[]) AS wanted(kind, value) USING (kind, value)",
            [[kind for kind, _ in ordered], [value for _, value in ordered]],
        )
        return {(kind, value): customer_id for kind, value, customer_id in cursor.fetchall()}


_COLUMNS = 'id, type, name, company, email, phone, tax_number, eu_tax_number, "group", search_text'


def _create(rows: list[tuple[Buyer, list[Sign]]]) -> dict[Sign, int]:
    """Make a customer for each row; the owner of every sign, which is another's if another worker was faster."""
    ids = next_ids("customers_customer", len(rows))
    copy_rows(
        "customers_customer",
        _COLUMNS,
        (
            (
                pk,
                buyer.type,
                buyer.name,
                buyer.company,
                buyer.email,
                buyer.phone,
                buyer.tax_number,
                buyer.eu_tax_number,
                buyer.group,
                _search_text(buyer),
            )
            for pk, (buyer, _) in zip(ids, rows, strict=True)
        ),
    )
    owners = _keep_signs({sign: pk for pk, (_, signs) in zip(ids, rows, strict=True) for sign in signs})
    beaten: dict[int, int] = {}
    for pk, (_, signs) in zip(ids, rows, strict=True):
        winner = next((owners[sign] for sign in signs if owners[sign] != pk), None)
        if winner is not None:
            beaten[pk] = winner
    if beaten:
        # another worker made the same buyer meanwhile: who was slower hands all its signs over
        Identity.objects.filter(customer_id__in=beaten).update(
            customer_id=Case(*(When(customer_id=pk, then=Value(winner)) for pk, winner in beaten.items()))
        )
        Customer.objects.filter(pk__in=beaten).delete()
        owners = {sign: beaten.get(pk, pk) for sign, pk in owners.items()}
    return owners


def _search_text(buyer: Buyer | Customer) -> str:
    return search_text((buyer.company, buyer.name, buyer.email), phone=buyer.phone, codes=(buyer.tax_number,))


def _keep_signs(wanted: dict[Sign, int]) -> dict[Sign, int]:
    """Give signs to customers; who owns each of them now (someone else, if the sign was taken meanwhile)."""
    # in one order everywhere, so that two workers never wait for each other in a ring
    pairs = sorted(wanted.items())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_identity (kind, value, customer_id)"
            " SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[])"
            " ON CONFLICT (kind, value) DO NOTHING RETURNING kind, value, customer_id",
            [[sign[0] for sign, _ in pairs], [sign[1] for sign, _ in pairs], [pk for _, pk in pairs]],
        )
        owners = {(kind, value): customer_id for kind, value, customer_id in cursor.fetchall()}
    return owners if len(owners) == len(pairs) else _owners(set(wanted))


def _add_signs(signs: list[list[Sign]], owners: dict[Sign, int]) -> None:
    """A known buyer who shows a new sign (a guest who registered) is known by it from now on."""
    wanted: dict[Sign, int] = {}
    for some in signs:
        owner = next((owners[sign] for sign in some if sign in owners), None)
        if owner is not None:
            wanted.update({sign: owner for sign in some if sign not in owners and sign not in wanted})
    if wanted:
        owners.update(_keep_signs(wanted))


def edit_customer(customer_id: int, *, actor: Actor, **values: str | None) -> Customer:
    """Change what is known of a customer; orders keep their own snapshot. `values` are fields of Customer."""
    with acting(actor, "edited"), transaction.atomic():
        customer = Customer.objects.select_for_update().get(pk=customer_id)
        for name, value in values.items():
            setattr(customer, name, value or None)
        customer.search_text = _search_text(customer)
        customer.save(update_fields=[*values, "search_text"])
        # known by the new signs too from now on; one that is another's already stays with that one
        if signs := signs_of(_buyer_of(customer)):
            _keep_signs(dict.fromkeys(signs, customer.pk))
    return customer


def _buyer_of(customer: Customer) -> Buyer:
    return Buyer(
        channel_id=0,
        type=customer.type,
        email=customer.email,
        tax_number=customer.tax_number,
        eu_tax_number=customer.eu_tax_number,
    )


def create_customer(*, actor: Actor, **values: str | None) -> Customer:
    """Make a customer; `values` are fields of Customer. Raises CustomerKnown if a sign of it belongs to another one."""
    customer = Customer(**{name: value or None for name, value in values.items()})
    customer.type = customer.type or "person"
    customer.search_text = _search_text(customer)
    signs = signs_of(_buyer_of(customer))
    with acting(actor, "created"), transaction.atomic():
        customer.save()
        pk: int = customer.pk or 0
        wanted = dict.fromkeys(signs, pk)
        owners = _keep_signs(wanted) if wanted else {}
        if taken := set(owners.values()) - {customer.pk}:
            raise CustomerKnown(taken.pop())
    return customer
