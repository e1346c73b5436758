"""Pages of users, tokens and the profile."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from pult.accounts.models import ApiToken, User
from pult.accounts.selectors import token_by_text
from pult.accounts.services import create_user
from pult.history.selectors import entries_of
from pult.history.types import SYSTEM

pytestmark = pytest.mark.django_db
PASSWORD = "korte-alma-szilva"


def log_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def admin() -> User:
    return create_user(actor=SYSTEM, email="admin@example.com", role="admin", name="Somogyi Judit")


@pytest.fixture
def client(admin: User) -> Client:
    return log_in(admin)


def text_of(answer: Any) -> str:
    return answer.content.decode()


def test_a_user_with_a_password_can_log_in_with_it(client: Client) -> None:
    given = {
        "email": "uj@example.com",
        "name": "Új Ember",
        "role": "clerk",
        "entrance": "password",
        "password": PASSWORD,
    }
    answer = client.post(reverse("accounts:user_add"), given)
    assert answer["Location"] == reverse("accounts:users")
    user = User.objects.get(email="uj@example.com")
    assert user.role == "clerk"
    assert user.check_password(PASSWORD)
    assert entries_of("user", user.pk)[0].actor_name == "Somogyi Judit"


def test_an_invited_user_chooses_a_password_by_the_link(client: Client) -> None:
    given = {"email": "uj@example.com", "name": "", "role": "viewer", "entrance": "link", "password": ""}
    page = text_of(client.post(reverse("accounts:user_add"), given))
    match = re.search(r"<code>[^<]*?(/account/password/reset/key/[^<]+)</code>", page)
    assert match is not None
    stranger = Client(headers={"accept-language": "en"})
    form = stranger.get(match.group(1), follow=True)
    stranger.post(form.redirect_chain[-1][0], {"password1": PASSWORD, "password2": PASSWORD})
    assert User.objects.get(email="uj@example.com").check_password(PASSWORD)
    again = Client(headers={"accept-language": "en"}).get(match.group(1), follow=True)
    assert "no longer valid" in text_of(again)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"email": "no address"}, "valid email"),
        ({"email": "ADMIN@example.com"}, "already"),
        ({"entrance": "password", "password": ""}, "Give a password"),
        ({"entrance": "password", "password": "short"}, "too short"),
        ({"role": "king"}, "king"),
    ],
)
def test_a_refused_user_is_not_made(client: Client, changed: dict[str, str], words: str) -> None:
    given = {"email": "uj@example.com", "name": "", "role": "clerk", "entrance": "link", "password": "", **changed}
    answer = client.post(reverse("accounts:user_add"), given)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert User.objects.count() == 1


@pytest.mark.parametrize("given", [{"role": "clerk", "is_active": "on"}, {"role": "admin"}])
def test_the_last_administrator_stays_one(client: Client, admin: User, given: dict[str, str]) -> None:
    answer = client.post(reverse("accounts:user", args=[admin.pk]), {"name": "X", **given})
    admin.refresh_from_db()
    assert answer.status_code == 422
    assert "last administrator" in text_of(answer)
    assert (admin.role, admin.is_active, admin.name) == ("admin", True, "Somogyi Judit")


def test_a_user_who_is_switched_off_is_out_at_once(client: Client) -> None:
    clerk = create_user(actor=SYSTEM, email="clerk@example.com", role="clerk")
    theirs = log_in(clerk)
    assert theirs.get(reverse("accounts:profile")).status_code == 200
    client.post(reverse("accounts:user", args=[clerk.pk]), {"name": "", "role": "clerk"})
    assert theirs.get(reverse("accounts:profile")).status_code == 302


def test_a_token_is_shown_once_and_is_useless_when_revoked(client: Client) -> None:
    page = text_of(client.post(reverse("accounts:token_add"), {"name": "Raktárprogram", "role": "warehouse"}))
    match = re.search(r"<code>(pult_[^<]+)</code>", page)
    assert match is not None
    text = match.group(1)
    token = token_by_text(text)
    assert token is not None
    assert token.role == "warehouse"
    assert text not in text_of(client.get(reverse("accounts:tokens")))
    client.post(reverse("accounts:token_revoke", args=[token.pk]))
    assert token_by_text(text) is None


def test_a_token_that_would_be_over_at_once_is_not_made(client: Client) -> None:
    answer = client.post(reverse("accounts:token_add"), {"name": "X", "role": "viewer", "expires_on": "2020-01-01"})
    assert answer.status_code == 422
    assert ApiToken.objects.count() == 0


def test_the_profile_keeps_language_and_appearance(client: Client, admin: User) -> None:
    answer = client.post(reverse("accounts:profile"), {"name": "Somogyi J.", "language": "en", "theme": "dark"})
    admin.refresh_from_db()
    assert (admin.name, admin.language, admin.theme) == ("Somogyi J.", "en", "dark")
    assert (answer.cookies["pult_theme"].value, answer.cookies["django_language"].value) == ("dark", "en")


def test_a_refused_profile_changes_nothing(client: Client, admin: User) -> None:
    answer = client.post(reverse("accounts:profile"), {"name": "X", "language": "xx", "theme": "dark"})
    admin.refresh_from_db()
    assert answer.status_code == 422
    assert (admin.name, admin.language, admin.theme) == ("Somogyi Judit", "hu", "auto")
