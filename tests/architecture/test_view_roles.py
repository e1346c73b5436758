"""Every page with every role: who gets in and who does not, in one table. A page without an action must be listed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from pult.accounts.models import User
from pult.accounts.rules.permissions import ROLES, can
from pult.accounts.services import create_user
from pult.history.types import SYSTEM

ALL = set(ROLES)
OFFICE = {"admin", "manager", "clerk"}
LEADS = {"admin", "manager"}
LOOKERS = OFFICE | {"viewer"}
REPORTS = LEADS | {"viewer"}
ADMIN = {"admin"}

# Whoever has logged in may open these; they show a person's own things.
ANYONE_LOGGED_IN = {"accounts:profile"}
# These have no person behind them, or come before the log-in; each checks in its own way who is there.
UNGUARDED = {"sync:hook", "choose_language", "healthz", "readyz", "metrics"}
UNGUARDED_PREFIXES = ("account_", "mfa_", "api:")
# Where to go first: it opens no page of its own.
SIGNPOSTS = {"home"}

WHO: dict[str, set[str]] = {
    "channels:list": LOOKERS,
    "channels:detail": LOOKERS,
    "channels:settings": LEADS,
    "channels:sync": LEADS,
    "channels:pause": LEADS,
    "channels:resume": LEADS,
    "channels:archive": LEADS,
    "channels:test": LEADS,
    "channels:arriving": LEADS,
    "channels:sync_line": ALL,
    "channels:add": LEADS,
    "channels:add_sandbox": LEADS,
    "channels:add_fill_in": LEADS,
    "channels:add_test": LEADS,
    "channels:add_test_run": LEADS,
    "channels:add_start": LEADS,
    "inbox:list": OFFICE,
    "inbox:detail": OFFICE,
    "inbox:retry": LEADS,
    "inbox:retry_all": LEADS,
    "catalogue:list": ALL,
    "catalogue:detail": ALL,
    "catalogue:add": OFFICE,
    "catalogue:edit": OFFICE,
    "catalogue:waiting_codes": OFFICE,
    "catalogue:match_code": OFFICE,
    "catalogue:find": OFFICE,
    "customers:list": ALL,
    "customers:detail": ALL,
    "customers:edit": OFFICE,
    "customers:orders": ALL,
    "accounts:users": ADMIN,
    "accounts:user_add": ADMIN,
    "accounts:user": ADMIN,
    "accounts:user_link": ADMIN,
    "accounts:tokens": ADMIN,
    "accounts:token_add": ADMIN,
    "accounts:token_revoke": ADMIN,
}

# For the namespaces whose pages are not listed one by one: the action on the view alone decides.
BY_ACTION = {"orders", "reports"}

DUMMIES: dict[str, Any] = {
    "IntConverter": 999_999,
    "SlugConverter": "nothing",
    "StringConverter": "nothing",
    "PathConverter": "x",
}


def all_views() -> dict[str, tuple[Any, dict[str, Any]]]:
    """Every named view with arguments that fit its address: {name: (view, arguments)}."""
    return dict(_views(get_resolver(), (), {}))


def _views(
    resolver: URLResolver, spaces: tuple[str, ...], arguments: dict[str, Any]
) -> Iterator[tuple[str, tuple[Any, dict[str, Any]]]]:
    for pattern in resolver.url_patterns:
        dummies = {
            name: DUMMIES[type(converter).__name__]
            for name, converter in getattr(pattern.pattern, "converters", {}).items()
        }
        if isinstance(pattern, URLResolver):
            inner = (*spaces, pattern.namespace) if pattern.namespace else spaces
            yield from _views(pattern, inner, {**arguments, **dummies})
        else:
            assert isinstance(pattern, URLPattern)
            name = ":".join((*spaces, pattern.name or str(pattern.pattern)))
            yield name, (pattern.callback, {**arguments, **dummies})


def is_unguarded(name: str) -> bool:
    return name in UNGUARDED or name.startswith(UNGUARDED_PREFIXES) or name == "^api/"


def guarded_views() -> dict[str, tuple[Any, dict[str, Any]]]:
    return {name: found for name, found in all_views().items() if hasattr(found[0], "action")}


@pytest.fixture
def people(db: None) -> dict[str, Client]:
    """A browser of each role, logged in."""
    found = {}
    for role in ROLES:
        user: User = create_user(actor=SYSTEM, email=f"{role}@example.com", role=role)
        found[role] = Client()
        found[role].force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return found


def test_every_view_names_its_action_or_is_listed_as_one_that_has_none() -> None:
    without = {
        name
        for name, (view, _) in all_views().items()
        if not hasattr(view, "action") and not is_unguarded(name) and name not in ANYONE_LOGGED_IN | SIGNPOSTS
    }
    assert without == set()


def test_every_guarded_view_stands_in_the_table() -> None:
    named = {name for name in guarded_views() if name.partition(":")[0] not in BY_ACTION}
    assert named == set(WHO)


@pytest.mark.parametrize("name", sorted(guarded_views()))
def test_a_view_lets_in_the_roles_of_the_table_and_no_other(name: str, people: dict[str, Client]) -> None:
    view, arguments = guarded_views()[name]
    who = WHO.get(name, {role for role in ROLES if can(role, view.action)})
    address = reverse(name, kwargs=arguments)

    answers = {role: client.get(address).status_code for role, client in people.items()}

    assert {role for role, status in answers.items() if status != 403} == who
    assert all(status < 500 for status in answers.values()), answers


@pytest.mark.parametrize("name", sorted({*guarded_views(), *ANYONE_LOGGED_IN}))
def test_a_stranger_is_sent_to_the_log_in(name: str, db: None) -> None:
    _view, arguments = all_views()[name]

    answer = Client().get(reverse(name, kwargs=arguments))

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", sorted(ANYONE_LOGGED_IN))
def test_ones_own_pages_are_open_to_every_role(name: str, people: dict[str, Client]) -> None:
    assert {role: client.get(reverse(name)).status_code for role, client in people.items()} == dict.fromkeys(ROLES, 200)
