"""Sentences that were kept in English are told in the reader's language."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from pult.sync import phrases


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small Hungarian catalogue, so that the test does not hang on the real one's words."""
    words = {
        "%(host)s does not answer in time.": "%(host)s nem válaszol időben.",
        "Check the address.": "Ellenőrizze a címet.",
        "The key works.": "A kulcs működik.",
    }
    phrases._templates.cache_clear()

    class Known:
        _catalog = words

    monkeypatch.setattr(phrases, "translation", lambda language: Known())
    monkeypatch.setattr(phrases, "gettext", lambda text: words.get(text, text))
    yield
    phrases._templates.cache_clear()


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("The key works.", "A kulcs működik."),
        ("bolt.example does not answer in time.", "bolt.example nem válaszol időben."),
        (
            "bolt.example does not answer in time. Check the address.",
            "bolt.example nem válaszol időben. Ellenőrizze a címet.",
        ),
        ("Something nobody has translated.", "Something nobody has translated."),
        ("", ""),
        (None, ""),
    ],
)
def test_a_kept_sentence_is_told_in_hungarian(catalogue: None, kept: str | None, told: str) -> None:
    with override("hu"):
        assert phrases.in_words(kept) == told
    with override("en"):
        assert phrases.in_words(kept) == (kept or "")
