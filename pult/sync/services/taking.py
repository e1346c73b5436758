"""A shop's pages one after the other: while one is being understood, the next is fetched and kept."""

from __future__ import annotations

import contextvars
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection, connections

from pult.sync.services.understanding import PAGE, Tally, keep_page, take_page, understand

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel
    from pult.connectors.protocol import Page


def take_pages(channel: SalesChannel, pages: Iterable[Page], *, source: str, tally: Tally) -> None:
    """Keep and understand every page, in order; `tally` holds what was done even if this ends in an error.

    Pages are kept here and understood by one helping thread, never more than one page behind: a long import waits for
    the shop and for the disk at the same time. A short poll needs no thread and gets none.
    """
    if connection.in_atomic_block:
        # the thread has a connection of its own, which cannot see what this transaction keeps
        for page in pages:
            tally.add(take_page(channel, page, source=source))
        return
    with _helper() as helper:
        behind: Future[Tally] | None = None
        try:
            for page in pages:
                ids = keep_page(channel, page.messages, source=source, cursor=page.cursor)
                tally.add(Tally(fetched=len(page.messages), unchanged=len(page.messages) - len(ids)))
                if behind is not None:
                    done, behind = behind, None
                    tally.add(done.result())
                if len(ids) < PAGE:
                    tally.add(understand(channel, ids))
                else:
                    behind = helper.submit(contextvars.copy_context().run, understand, channel, ids)
        finally:
            if behind is not None:
                tally.add(behind.result())


@contextmanager
def _helper() -> Iterator[ThreadPoolExecutor]:
    """One thread that starts with its first work; its connection is closed at the end."""
    with ThreadPoolExecutor(1, thread_name_prefix="understand") as helper:
        try:
            yield helper
        finally:
            if helper._threads:
                helper.submit(connections.close_all).result()
