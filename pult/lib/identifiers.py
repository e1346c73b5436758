"""Identifiers as people and shops write them: GTIN, SKU, e-mail, phone, channel codes. Checked, and made comparable."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from stdnum import ean

CHANNEL_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

# The two-digit prefixes with seven digits after them: mobile networks, and 21 for internet telephony.
_LONG_PREFIXES: Final = ("20", "21", "30", "31", "50", "70")


def is_channel_code(text: str) -> bool:
    """Whether `text` can be a channel's code: small letters, digits and hyphens, at most 63, no hyphen first."""
    return CHANNEL_CODE.fullmatch(text) is not None


@lru_cache(maxsize=8_192)  # the same codes come again and again in an import
def normalise_gtin(text: str | None) -> str | None:
    """The bar code without spaces and hyphens between its digits; other codes as they are, trimmed; None if empty."""
    cleaned = normalise_sku(text)
    if cleaned is None:
        return None
    compact = re.sub(r"[\s-]", "", cleaned)
    return compact if re.fullmatch(r"[0-9]+", compact) else cleaned


def is_gtin(text: str) -> bool:
    """Whether `text` is a GTIN of 8, 12, 13 or 14 digits with the right check digit."""
    return re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", text) is not None and ean.is_valid(text)


def normalise_sku(text: str | None) -> str | None:
    """The SKU trimmed, single spaces inside, composed Unicode, nothing invisible; the case is kept. None if empty."""
    if not text:
        return None
    if text.isascii() and text.isprintable():  # what nearly every code is
        return " ".join(text.split()) or None
    composed = unicodedata.normalize("NFC", text)
    visible = "".join(
        character for character in composed if character.isspace() or unicodedata.category(character)[0] != "C"
    )
    return " ".join(visible.split()) or None


@lru_cache(maxsize=8_192)
def sku_key(text: str | None) -> str | None:
    """The SKU for matching: normalised and in capitals. None if empty."""
    sku = normalise_sku(text)
    return sku.upper() if sku else None


def normalise_email(text: str | None) -> str | None:
    """The address trimmed, its domain in lower case, its local part as written; None if empty."""
    cleaned = normalise_sku(text)
    if cleaned is None:
        return None
    local, at, domain = cleaned.rpartition("@")
    return f"{local}{at}{domain.lower()}"


def email_key(text: str | None) -> str | None:
    """The address for matching, wholly casefolded; None for what cannot be an e-mail address."""
    address = normalise_email(text)
    return address.casefold() if address and re.fullmatch(r"[^\s@]+@[^\s@]+", address) else None


def normalise_phone(text: str | None, *, country: str | None = "HU") -> str | None:
    """The phone number in E.164 (+36301234567) where that is certain, else its bare digits; None without a digit.

    Numbers without a country prefix are read as Hungarian where `country` is HU or unknown.
    """
    raw = re.sub(r"\(0\)", "", text or "")
    number = _one_number(raw, country)
    if not number.startswith("+") and re.search(r"[,;]", raw):
        first = _one_number(re.split(r"[,;]", raw)[0], country)
        number = first if first.startswith("+") else number
    return number or None


def _one_number(text: str, country: str | None) -> str:
    digits = re.sub(r"[^0-9]", "", text)
    international = text.strip().startswith("+")
    if not international and digits.startswith("00"):
        international, digits = True, digits[2:]
    if country in ("HU", None, "") or digits.startswith("36"):
        for prefix in ("3606", "36", "06", ""):
            national = digits.removeprefix(prefix)
            if digits.startswith(prefix) and _is_hungarian(national) and (prefix[:2] == "36" or not international):
                return f"+36{national}"
    # E.164 allows 15 digits; the shortest numbers in use abroad have 7 with their country prefix
    return f"+{digits}" if international and 7 <= len(digits) <= 15 else digits


def _is_hungarian(national: str) -> bool:
    if national.startswith(("0", "36")):
        return False
    return len(national) == (9 if national.startswith(_LONG_PREFIXES) else 8)
