"""`pult user`, `pult token`."""

from __future__ import annotations

import secrets

import click

from pult.accounts.rules.permissions import ROLES
from pult.accounts.services import create_token, create_user
from pult.history.types import Actor

CLI = Actor("system", None, "pult")


@click.group("user")
def user_group() -> None:
    """People who log in."""


@user_group.command("create")
@click.argument("email")
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--password", metavar="P", help="One is made and printed if you give none.")
@click.option("--name", default="", help="The name that the history shows.")
def user_create(email: str, role: str, password: str | None, name: str) -> None:
    """Make the user EMAIL."""
    made = password is None
    password = password or secrets.token_urlsafe(12)
    create_user(actor=CLI, email=email, role=role, name=name, password=password)
    click.echo(f"User {email} created." + (f" Password: {password}" if made else ""))


@click.group("token")
def token_group() -> None:
    """Keys of programs that use the API."""


@token_group.command("create")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(ROLES))
def token_create(name: str, role: str) -> None:
    """Make an API token; it is printed once, alone on standard output."""
    _, text = create_token(actor=CLI, name=name, role=role)
    click.echo(text)


commands: list[click.Command] = [user_group, token_group]
