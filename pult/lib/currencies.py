"""Currencies by their ISO 4217 code: minor units, the unit that computed amounts are rounded to, the smallest coin."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

# ISO 4217, list one, as of 2026, and the codes withdrawn since 2022, which old orders still carry. Metals, units of
# account and test codes (XAU, XDR, XTS, XXX…) have no minor unit; nothing is sold in them and they are left out.
_BY_MINOR_UNITS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
        "CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD "
        "HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP "
        "MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR "
        "SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED "
        "VES WST XAD XCD XCG YER ZAR ZMW ZWG ZWL"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
MINOR_UNITS: Final[dict[str, int]] = {code: units for units, codes in _BY_MINOR_UNITS.items() for code in codes.split()}

# The forint's minor unit exists in ISO 4217 only: the fillér was withdrawn in 1999.
_UNITS: Final = {"HUF": Decimal(1)}

# Act III of 2008: the 1 and 2 Ft coins are withdrawn, cash is paid in multiples of 5 Ft.
_CASH_STEPS: Final = {"HUF": Decimal(5)}


def is_currency(code: str) -> bool:
    """Whether `code` is an ISO 4217 code, in capitals, of money that something can be sold in."""
    return code in MINOR_UNITS


def minor_units(code: str) -> int:
    """Decimals of the currency by ISO 4217 (HUF 2); 2 for a code nobody knows, so that its amounts can be shown."""
    return MINOR_UNITS.get(code, 2)


def money_unit(code: str) -> Decimal:
    """The unit that amounts computed by Pult are rounded to: 1 for HUF, the minor unit of every other currency."""
    return _UNITS.get(code) or Decimal(1).scaleb(-minor_units(code))


def cash_step(code: str) -> Decimal:
    """The smallest amount that can be paid in coins: 5 for HUF, `money_unit` of every other currency."""
    return _CASH_STEPS.get(code) or money_unit(code)
