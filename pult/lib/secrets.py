"""Secrets: sealed at rest, made at random, compared in constant time, and kept out of every text."""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pult.lib.failures import PultError

HIDDEN: Final = "…"
_NAMES: Final = (
    r"(?:consumer_key|consumer_secret|oauth_\w+|client_secret|(?:access|refresh|id)_token|token|api_?key|x-api-key"
    r"|password|passwd|pwd|secret|secret_key|signature|authorization|cookie|set-cookie)"
)
_REDACTIONS: Final = (
    # scheme://user:password@host
    (re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]*(?=@)"), HIDDEN),
    # header lines first, whose value may hold spaces and commas: Authorization: OAuth oauth_nonce="…", …
    (re.compile(r"\b((?:proxy-)?authorization|(?:set-)?cookie)(['\"]?\s*[:=]\s*)[^\r\n]+", re.I), rf"\1\2{HIDDEN}"),
    (re.compile(r"\b(Basic|Bearer)\s+[A-Za-z0-9+/=._~-]{8,}", re.I), rf"\1 {HIDDEN}"),
    # name=value, name: value, "name": "value", 'name': 'value'; a quoted value may hold anything but its quote
    (re.compile(rf"\b({_NAMES})(['\"]?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\s&\"',;}}<>)]+)", re.I), rf"\1\2{HIDDEN}"),
    (re.compile(rf"<({_NAMES})>[^<]*", re.I), rf"<\1>{HIDDEN}"),
    # WooCommerce keys, wherever they stand
    (re.compile(r"\b(c[ks]_)[0-9a-f]{32,}", re.I), rf"\1{HIDDEN}"),
    # the secret part of a web hook's address
    (re.compile(r"(/hooks/[a-z0-9-]+/)[^\s/?#\"']+"), rf"\1{HIDDEN}"),
)


class SealBroken(PultError):
    """Sealed data cannot be opened: it is damaged, or was sealed with another key."""

    code = "seal_broken"


def seal(data: Mapping[str, str], key: str | Sequence[str]) -> bytes:
    """`data` encrypted and authenticated. Of several keys the first one seals."""
    return _box(_keys(key)).encrypt(orjson.dumps(dict(data)))


def open_sealed(sealed: bytes, key: str | Sequence[str]) -> dict[str, str]:
    """What `seal` was given. Any one of several keys may open it (a new key first, the old ones after it).

    Raises `SealBroken`.
    """
    try:
        opened: dict[str, str] = orjson.loads(_box(_keys(key)).decrypt(bytes(sealed)))
    except InvalidToken:
        raise SealBroken(
            "The kept credentials cannot be opened with this secret key.",
            next_step="Set PULT_SECRET_KEY to the key they were kept with, or enter the credentials again.",
        ) from None
    return opened


def new_secret(nbytes: int = 32) -> str:
    """A random text that is safe in an address, from `nbytes` random bytes."""
    return secrets.token_urlsafe(nbytes)


def constant_time_equal(left: str | bytes, right: str | bytes) -> bool:
    """Whether both are the same; the time taken does not tell where they differ."""
    return hmac.compare_digest(_bytes(left), _bytes(right))


def redact(text: str) -> str:
    """`text` without keys, passwords, tokens and signatures, for messages and logs."""
    for pattern, replacement in _REDACTIONS:
        text = pattern.sub(replacement, text)
    return text


def _keys(key: str | Sequence[str]) -> tuple[str, ...]:
    return (key,) if isinstance(key, str) else tuple(key)


@lru_cache(maxsize=8)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    # the secret key is long and random, so no slow password hash is needed; `info` parts this use from any other
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"pult: sealed settings")
    return base64.urlsafe_b64encode(hkdf.derive(key.encode()))


def _bytes(value: str | bytes) -> bytes:
    return value.encode(errors="surrogatepass") if isinstance(value, str) else value
