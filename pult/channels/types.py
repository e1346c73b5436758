"""Words of channels that others use."""

from __future__ import annotations

from typing import Final

KINDS: Final = ("webshop", "store", "edi", "custom")
