"""Who buys is recognised by rule: the channel's own id, the tax number, the e-mail address; everyone once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from pult.customers.models import Customer, Identity
from pult.customers.rules.matching import signs_of
from pult.customers.services import edit_customer, match_or_create_customers
from pult.customers.types import Buyer
from pult.history.types import SYSTEM


def buyer(channel_id: int = 1, **values: str | None) -> Buyer:
    return Buyer(channel_id=channel_id, type="person", **{"name": "Kovács Anna", **values})


def test_signs_come_strongest_first() -> None:
    assert signs_of(buyer(external_id="7", email=" Anna@Example.com ")) == [
        ("channel:1", "7"),
        ("email", "anna@example.com"),
    ]
    assert signs_of(buyer(tax_number="12345676-2-41", email="anna@example.com")) == [("tax", "HU12345676")]
    assert signs_of(buyer(eu_tax_number="HU12345676")) == [("tax", "HU12345676")]
    assert signs_of(buyer(email="no address")) == []


@pytest.mark.parametrize("junk", ["0", "-", "nincs", "11111111", "12345678-1-42"])
def test_tax_number_that_is_none_is_no_sign(junk: str) -> None:
    assert signs_of(buyer(tax_number=junk, email="a@example.com")) == [("email", "a@example.com")]


@pytest.mark.django_db
class TestMatching:
    def one(self, *args: int, **values: str | None) -> int | None:
        return match_or_create_customers([buyer(*args, **values)])[0]

    def test_same_e_mail_in_two_channels_is_one_customer(self) -> None:
        assert self.one(1, email="anna@example.com") == self.one(2, email="ANNA@example.com")
        assert Customer.objects.count() == 1

    def test_branches_of_a_company_are_one_customer(self) -> None:
        assert self.one(tax_number="12345676-2-41") == self.one(2, tax_number="12345676-2-13", email="x@example.com")

    def test_channels_own_id_belongs_to_that_channel(self) -> None:
        assert self.one(1, external_id="7") != self.one(2, external_id="7")

    def test_guest_who_registers_stays_the_same_and_is_known_by_the_new_sign(self) -> None:
        guest = self.one(1, email="anna@example.com")
        assert self.one(1, email="anna@example.com", external_id="7") == guest
        assert self.one(1, email="new@example.com", external_id="7") == guest
        assert self.one(2, email="new@example.com") == guest

    def test_unknown_guest_is_nobody(self) -> None:
        assert self.one(name="Vendég") is None
        assert Customer.objects.count() == 0

    def test_set_of_the_same_buyer_makes_one_customer(self) -> None:
        found = match_or_create_customers(
            [
                buyer(external_id="7"),
                buyer(email="anna@example.com"),
                buyer(external_id="7", email="anna@example.com"),
                buyer(name=None),
                buyer(external_id="7"),
            ]
        )
        assert found[0] == found[2] == found[4]
        assert found[1] is not None and found[3] is None
        assert Customer.objects.count() == len({pk for pk in found if pk})

    def test_customer_is_known_by_an_address_that_was_entered_by_hand(self) -> None:
        known = self.one(email="anna@example.com")
        assert known is not None

        edit_customer(known, actor=SYSTEM, email="anna.kovacs@example.com")

        assert self.one(2, email="anna.kovacs@example.com") == known
        assert self.one(2, email="anna@example.com") == known

    def test_queries_do_not_grow_with_the_set(self) -> None:
        def queries(count: int, start: int) -> int:
            buyers = [
                buyer(email=f"v{start + index}@example.com", external_id=str(start + index)) for index in range(count)
            ]
            with CaptureQueriesContext(connection) as captured:
                match_or_create_customers(buyers)
            return len(captured)

        assert queries(100, 1000) <= queries(1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_channels_that_meet_a_new_buyer_at_once_make_one_customer() -> None:
    both_looked = threading.Barrier(2, timeout=10)
    found: dict[int, int | None] = {}
    failures: list[BaseException] = []

    def in_thread(work: Callable[[], None]) -> threading.Thread:
        def body() -> None:
            try:
                work()
            except BaseException as error:
                failures.append(error)
            finally:
                connections.close_all()

        thread = threading.Thread(target=body)
        thread.start()
        return thread

    def receive(channel_id: int) -> None:
        with transaction.atomic():
            both_looked.wait()
            buyers = [buyer(channel_id, email=f"v{index}@example.com", external_id=str(index)) for index in range(50)]
            found[channel_id] = match_or_create_customers(buyers)[0]

    threads = [in_thread(lambda: receive(1)), in_thread(lambda: receive(2))]
    for thread in threads:
        thread.join()

    assert failures == []
    assert found[1] == found[2]
    assert Customer.objects.count() == 50
    assert Identity.objects.count() == 150
