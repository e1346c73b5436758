"""Which product a line means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pult.lib.identifiers import normalise_gtin, sku_key
from pult.orders.types import IncomingLine

MATCHED_KINDS = frozenset({"product", "gift", "deposit"})


@dataclass(frozen=True, slots=True)
class FoundProducts:
    """Products by the three ways a line may name one: (product id, SKU). Keys are normalised codes."""

    by_match: Mapping[str, tuple[int, str]]
    by_sku: Mapping[str, tuple[int, str]]
    by_barcode: Mapping[str, tuple[int, str]]


def codes_of(lines: Iterable[IncomingLine]) -> tuple[set[str], set[str]]:
    """The SKUs and the barcodes to look up for these lines, normalised."""
    skus: set[str] = set()
    barcodes: set[str] = set()
    for line in lines:
        if line.kind in MATCHED_KINDS:
            if key := sku_key(line.external_sku):
                skus.add(key)
            if code := normalise_gtin(line.barcode):
                barcodes.add(code)
    return skus, barcodes


def match_line(line: IncomingLine, found: FoundProducts) -> tuple[int, str] | None:
    """The product of a line: a person's word first, then the SKU, then the barcode (also one sent as the SKU)."""
    if line.kind not in MATCHED_KINDS:
        return None
    if key := sku_key(line.external_sku):
        hit = found.by_match.get(key) or found.by_sku.get(key) or found.by_barcode.get(normalise_gtin(key) or key)
        if hit:
            return hit
    code = normalise_gtin(line.barcode)
    return found.by_barcode.get(code) if code else None
