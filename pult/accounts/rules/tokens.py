"""The text of API tokens, and what is kept of it."""

from __future__ import annotations

from hashlib import sha256

from pult.lib.secrets import new_secret


def new_token_text() -> str:
    """A new token: random, with a mark that tells what a leaked text is."""
    return f"pult_{new_secret(32)}"


def token_digest(text: str) -> bytes:
    """What is kept of a token: it is random and long, so a plain hash is enough."""
    return sha256(text.encode()).digest()
