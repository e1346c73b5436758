import pytest
from hypothesis import given
from hypothesis import strategies as st

from pult.lib import secrets

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(texts, texts, max_size=5))
def test_what_is_sealed_can_be_opened(data):
    sealed = secrets.seal(data, "one key")
    assert secrets.open_sealed(sealed, "one key") == data
    assert secrets.open_sealed(memoryview(sealed), "one key") == data  # as the database hands it over


def test_a_new_key_opens_what_the_old_one_sealed_and_seals_by_itself():
    sealed = secrets.seal({"a": "b"}, "old")
    assert secrets.open_sealed(sealed, ["new", "old"]) == {"a": "b"}
    assert secrets.open_sealed(secrets.seal({"a": "b"}, ["new", "old"]), "new") == {"a": "b"}


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"", lambda b: b.swapcase()])
def test_another_key_or_a_damage_says_what_to_do(damage):
    sealed = secrets.seal({"secret": "value"}, "one key")
    for attempt, key in ((sealed, "another"), (damage(sealed), "one key")):
        with pytest.raises(secrets.SealBroken, match="PULT_SECRET_KEY"):
            secrets.open_sealed(attempt, key)
    assert b"value" not in sealed


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("GET /x?consumer_key=ck_1&consumer_secret=cs_2&page=1", "GET /x?consumer_key=…&consumer_secret=…&page=1"),
        ("/x?oauth_nonce=n&oauth_signature=a%2Bb%3D&page=2", "/x?oauth_nonce=…&oauth_signature=…&page=2"),
        ("Authorization: Basic Y2s6Y3M=\nAccept: */*", "Authorization: …\nAccept: */*"),
        ("{'authorization': 'Bearer abc, def'}", "{'authorization': …"),
        ("got Bearer abcdefgh12 back", "got Bearer … back"),
        ('{"client_secret": "a b, c", "shop": "x"}', '{"client_secret": …, "shop": "x"}'),
        ("<ApiKey>123</ApiKey>", "<ApiKey>…</ApiKey>"),
        ("https://anna:titok@shop.example/x", "https://…@shop.example/x"),
        ("the key ck_" + "0a" * 20 + " is wrong", "the key ck_… is wrong"),
        ("POST /hooks/szep-bolt/Abc-123?x=1", "POST /hooks/szep-bolt/…?x=1"),
        ("password=hunter2; next", "password=…; next"),
        ("The token was refused. A secret: none of it", "The token was refused. A secret: … of it"),
        ("Order 12 of szep-bolt", "Order 12 of szep-bolt"),
    ],
)
def test_secrets_never_stay_in_a_text(text, redacted):
    assert secrets.redact(text) == redacted


@given(st.text())
def test_redacting_twice_is_redacting_once(text):
    once = secrets.redact(text)
    assert secrets.redact(once) == once


def test_new_secrets_differ_and_pass_through_an_address():
    first, second = secrets.new_secret(), secrets.new_secret()
    assert first != second and len(first) >= 43 and first.replace("-", "").replace("_", "").isalnum()


def test_comparing_takes_text_and_bytes():
    assert secrets.constant_time_equal("é", "é".encode())
    assert not secrets.constant_time_equal("a", "b")
    assert not secrets.constant_time_equal("\ud800", "b")
