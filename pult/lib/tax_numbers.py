"""Tax numbers of companies: Hungarian ones (12345676-2-41) and EU VAT numbers (HU12345676, ATU12345675)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.hu import anum

# County codes of the tax office: the companies', the sole traders', Budapest, large taxpayers, exclusive competence.
# Source: specification of the Hungarian tax authority's Online Számla interface 3.0.
COUNTIES: Final = frozenset(f"{code:02}" for code in (*range(2, 21), *range(22, 45), 51))

_LABEL: Final = re.compile(r"^[^:]{0,40}:")
_SEPARATORS: Final = re.compile(r"[\s.\-–—_/]+")
_HUNGARIAN: Final = re.compile(r"(?:HU)?([0-9]{8})([0-9])([0-9]{2})")
_TRUNK: Final = re.compile(r"[0-9]{8}")
_EU: Final = re.compile(r"([A-Z]{2})([0-9A-Z+*]{5,13})")


@dataclass(frozen=True, slots=True)
class TaxNumbers:
    """What a text says of tax numbers, each in its normal form.

    `hu` is also where a text goes that cannot be read, as it came: nothing a buyer wrote is lost. `valid` means that a
    number was found and every one found has its check digit (a Hungarian one a known VAT code and county, too).
    """

    hu: str | None = None
    eu: str | None = None
    valid: bool = False

    @property
    def key(self) -> str | None:
        """The same text for every form of the same taxpayer's number, for matching; None if nothing valid is known."""
        if not self.valid:
            return None
        return f"HU{self.hu[:8]}" if self.hu else self.eu


def read_tax_number(text: str | None) -> TaxNumbers:
    """The tax numbers in `text`, which may hold a Hungarian one, an EU one, or both. Never raises."""
    raw = " ".join((text or "").replace("\0", "").split())
    if not any(character.isalnum() for character in raw):
        return TaxNumbers()
    found = _read_one(raw)
    if found:
        return found
    parts = [read for part in re.split(r"[,;/|()]|\s+(?=HU)", raw) if (read := _read_one(part))]
    if not parts:
        return TaxNumbers(hu=raw)
    hu = next((part.hu for part in parts if part.hu), None)
    eu = next((part.eu for part in parts if part.eu), None)
    return TaxNumbers(hu=hu, eu=eu, valid=all(part.valid for part in parts))


def is_hungarian_tax_number(number: str) -> bool:
    """Whether `number` is a whole Hungarian tax number in its normal form, `xxxxxxxx-y-zz`, with every part right."""
    match = re.fullmatch(r"([0-9]{8})-([0-9])-([0-9]{2})", number)
    return match is not None and _parts_are_right(*match.groups())


def _read_one(text: str) -> TaxNumbers | None:
    compact = _SEPARATORS.sub("", _LABEL.sub("", text.strip())).upper()
    if match := _HUNGARIAN.fullmatch(compact):
        trunk, code, county = match.groups()
        return TaxNumbers(hu=f"{trunk}-{code}-{county}", valid=_parts_are_right(trunk, code, county))
    if _TRUNK.fullmatch(compact):
        # the first part alone tells who it is, but is no whole tax number
        return TaxNumbers(hu=compact)
    match = _EU.fullmatch(compact)
    if match and _is_member_state(match[1]) and sum(character.isdigit() for character in match[2]) >= 5:
        return _read_eu(compact)
    return None


def _read_eu(compact: str) -> TaxNumbers:
    try:
        return TaxNumbers(eu=eu_vat.validate(compact), valid=True)
    except ValidationError:
        return TaxNumbers(eu=compact)


def _is_member_state(prefix: str) -> bool:
    return prefix == "EL" or prefix.lower() in eu_vat.MEMBER_STATES


def _parts_are_right(trunk: str, code: str, county: str) -> bool:
    return anum.is_valid(trunk) and code in "12345" and county in COUNTIES
