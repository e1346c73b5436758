"""The full comparison: what the shop has against what Pult has, so that nothing can be missing unseen."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pult.channels.selectors import poll_lock
from pult.channels.services import note_compared, start_run
from pult.connectors.protocol import ComparesOrders, FetchesOrders, Page
from pult.lib.clock import now
from pult.lib.failures import ChannelFailure
from pult.orders.selectors import orders_seen
from pult.sync.services.connecting import connector_of
from pult.sync.services.polling import SyncResult, close_run
from pult.sync.services.understanding import DELETED, PAGE, Tally, take_page

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel


def compare_channel(channel: SalesChannel, *, days: int) -> Tally | None:
    """Compare the shop's orders of the last days with Pult's, by state and total, and fetch what differs.

    What the shop no longer has is looked at one by one (deleted, or in a state its list hides).
    """
    connector = fetcher = connector_of(channel)
    if not isinstance(connector, ComparesOrders) or not isinstance(fetcher, FetchesOrders):
        return None
    with poll_lock(channel.pk, wait=True):
        since = now() - timedelta(days=days)
        run = start_run(channel.pk, trigger="compare")
        result = SyncResult(channel.code)
        try:
            known = orders_seen(channel.pk, placed_from=since)
            differing: list[str] = []
            listed: set[str] = set()
            for summary in connector.summaries(since=since):
                listed.add(summary.external_id)
                mine = known.get(summary.external_id)
                if mine is None:
                    if summary.status != "trash":
                        differing.append(summary.external_id)
                elif mine[0] != summary.status or (summary.total is not None and mine[1] != summary.total):
                    differing.append(summary.external_id)
            # what the shop said to be deleted for good is looked at once
            differing.extend(sorted(key for key in known.keys() - listed if known[key][0] != DELETED))
            for start in range(0, len(differing), PAGE):
                part = differing[start : start + PAGE]
                messages = [message for message in map(fetcher.fetch_order, part) if message is not None]
                result.tally.add(take_page(channel, Page(messages, dict(channel.cursor)), source="compare"))
            note_compared(channel.pk)
        except ChannelFailure as failure:
            result.failure = failure
        close_run(run, result, note=None)
        return result.tally
