"""Words of channels that others use."""

from __future__ import annotations

from typing import Final

KINDS: Final = ("webshop", "store", "edi", "custom")

COLORS: Final = {
    "azure": 2,
    "teal": 1,
    "orange": 3,
    "purple": 4,
    "green": 6,
    "pink": 5,
    "cyan": 7,
    "yellow": 8,
    "indigo": 2,
    "red": 5,
}
"""A channel's colour → its place among the eight of the pages' palette, in the order in which new channels get them."""
