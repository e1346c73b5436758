"""The language switch, and what the shell knows of a person."""

import pytest
from django.contrib.auth import get_user_model
from django.test import RequestFactory
from django.urls import reverse

from pult.ui.context import shell


@pytest.fixture
def person(db):
    return get_user_model().objects.create(email="anna@example.com", role="clerk", language="hu")


def test_the_chosen_language_is_kept_on_the_person_and_in_a_cookie(client, person):
    client.force_login(person)
    answer = client.post(reverse("choose_language"), {"language": "en", "next": "/here/"})
    assert (answer.status_code, answer["Location"]) == (302, "/here/")
    assert client.cookies["django_language"].value == "en"
    person.refresh_from_db()
    assert person.language == "en"


def test_an_unknown_language_changes_nothing(client, person):
    client.force_login(person)
    client.post(reverse("choose_language"), {"language": "xx"})
    person.refresh_from_db()
    assert person.language == "hu"


@pytest.mark.django_db
def test_a_stranger_may_choose_a_language_too(client):
    client.post(reverse("choose_language"), {"language": "en"})
    assert client.cookies["django_language"].value == "en"


def test_the_language_is_not_switched_by_a_link(client):
    assert client.get(reverse("choose_language")).status_code == 405


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "dark"), ("auto", "auto"), ('"><script>', "auto"), (None, "auto")]
)
def test_the_theme_comes_from_the_cookie_if_it_is_one_of_ours(cookie, theme):
    request = RequestFactory().get("/")
    if cookie:
        request.COOKIES["pult_theme"] = cookie
    assert shell(request)["theme"] == theme


def test_nobody_logged_in_sees_no_menu():
    assert list(shell(RequestFactory().get("/"))["menu_items"]) == []
