"""Pult's own order numbers: R-2026-000123."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"R-(\d{4})-(\d{6,})")


def format_number(year: int, serial: int) -> str:
    """`serial` counts within the year, from 1; six digits, more when they run out."""
    return f"R-{year:04d}-{serial:06d}"


def parse_number(text: str) -> tuple[int, int] | None:
    """Year and serial of an order number, however it was typed; None if it is none."""
    match = _NUMBER.fullmatch(text.strip().upper())
    return (int(match[1]), int(match[2])) if match else None
