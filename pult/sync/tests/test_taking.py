"""Page after page: understood behind the back of the reader, in order, and told in full."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.db import connection

from pult.bench.orders import raw_orders
from pult.channels.models import SalesChannel
from pult.channels.services import add_channel
from pult.connectors.protocol import Page
from pult.history.types import SYSTEM
from pult.lib.failures import Transient
from pult.orders.selectors import OrderFilter, orders_found
from pult.sync.services.taking import take_pages
from pult.sync.services.understanding import Tally


@pytest.fixture
def channel() -> SalesChannel:
    return add_channel(
        actor=SYSTEM, code="bolt", kind="webshop", platform="woocommerce", open_settings={"url": "http://x"}
    )


def _pages(*sizes: int) -> Iterator[Page]:
    first = 1000
    for size in sizes:
        yield Page(list(raw_orders(size, lines=1, first_id=first)), {"seen": str(first)})
        first += size


@pytest.mark.django_db(transaction=True)
def test_full_pages_and_the_rest_all_arrive(channel: SalesChannel) -> None:
    tally = Tally()

    take_pages(channel, _pages(100, 100, 7), source="poll", tally=tally)

    assert (tally.fetched, tally.created, tally.failed) == (207, 207, 0)
    assert orders_found(OrderFilter()).count() == 207
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("understand")] == []


@pytest.mark.django_db(transaction=True)
def test_shop_that_fails_on_the_third_page_leaves_the_first_two_understood(channel: SalesChannel) -> None:
    def pages() -> Iterator[Page]:
        yield from _pages(100, 100)
        raise Transient("The shop is away.")

    tally = Tally()
    with pytest.raises(Transient):
        take_pages(channel, pages(), source="poll", tally=tally)

    assert (tally.fetched, tally.created) == (200, 200)
    assert channel.cursor == {"seen": "1100"}


@pytest.mark.django_db
def test_inside_a_transaction_everything_stays_on_its_connection(channel: SalesChannel) -> None:
    assert connection.in_atomic_block
    tally = Tally()

    take_pages(channel, _pages(100, 100), source="poll", tally=tally)

    assert tally.created == 200
