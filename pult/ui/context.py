"""What the shell's templates need on every page: theme, rail, menu."""

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from pult.ui.menu import ENTRIES, visible_items

THEME_COOKIE = "pult_theme"
RAIL_COOKIE = "pult_rail"
THEMES = ("auto", "light", "dark")


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor of the shell. Lazy where it costs: a fragment that shows no menu builds none."""
    theme = request.COOKIES.get(THEME_COOKIE, "auto")
    return {
        "theme": theme if theme in THEMES else "auto",
        "rail_narrow": request.COOKIES.get(RAIL_COOKIE) == "narrow",
        "menu_items": SimpleLazyObject(lambda: _menu_items(request)),
        "sync_line_url": _url_or_none("channels:sync_line"),
        "search_url": _url_or_none("orders:list"),
        "language_url": _url_or_none("choose_language"),
    }


def _menu_items(request: HttpRequest) -> list[Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    current = request.resolver_match.view_name if request.resolver_match else ""
    # Roles live above this floor: all that is known here is that a person answers `can(action)`.
    return visible_items(ENTRIES, may=user.can, current=current)


def _url_or_none(name: str) -> str | None:
    try:
        return str(reverse(name))
    except NoReverseMatch:
        return None
