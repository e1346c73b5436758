"""Text that finds a thing again, whatever case, accents or spaces the person types."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
_NO_DIGITS = re.compile(r"\D+")
_TRIGRAM = re.compile(r"[^\W_]{3}")
_PHONE = re.compile(r"[+\d][\d\s()/.-]{5,}")


def fold(text: str) -> str:
    """Lower case without accents and with single spaces: „Kőváry  Úr” and "kovary ur" meet."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return " ".join(_MARKS.sub("", plain).split())


def digits(text: str) -> str:
    """The digits alone: +36 30/123-4567 is found as 36301234567 and as 301234567."""
    return _NO_DIGITS.sub("", text)


def search_text(texts: Iterable[str | None], *, phone: str | None, codes: Iterable[str | None]) -> str:
    """What `search_terms` are looked for in: texts and codes folded, the phone number as digits."""
    parts = [text[:200] for text in texts if text]
    if phone:
        parts.append(digits(phone)[:20])
    parts.extend(dict.fromkeys(code[:60] for code in codes if code))
    # numbers with dashes or spaces in them are typed as phone numbers are, and looked for as their digits
    parts.extend(dict.fromkeys(digits(number) for part in parts for number in _PHONE.findall(part)))
    return fold(" ".join(parts))[:2000]


def is_indexed(term: str) -> bool:
    """Whether an index of trigrams can help to find the term: three letters or digits in a row."""
    return _TRIGRAM.search(term) is not None


def search_terms(query: str) -> list[str]:
    """The words that must all be found; a phone number typed with spaces is one word."""
    query = query.strip()[:200]
    if _PHONE.fullmatch(query):
        return [digits(query).removeprefix("06").removeprefix("36")]
    return fold(query).split()
