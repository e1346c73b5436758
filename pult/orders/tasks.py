"""The jobs of orders."""

from __future__ import annotations

from pult.catalogue.selectors import barcodes_of, product_by_id
from pult.history.types import Actor
from pult.lib.jobs import task
from pult.orders.services.matching import match_waiting_lines as match


@task(name="orders.match_waiting_lines")
def match_waiting_lines(product_id: int, actor: list[str | None]) -> None:
    """A product came or got other codes: lines that were waiting for it are matched."""
    product = product_by_id(product_id)
    if product is not None:
        kind, id_, name = actor
        match(
            sku=product.sku,
            barcodes=barcodes_of(product_id),
            product=(product.pk, product.sku),
            actor=Actor(kind or "system", id_, name),
        )
