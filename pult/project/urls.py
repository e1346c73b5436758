"""Every address of Pult. Each app has its own; they stand side by side at the root."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path, re_path

from pult.project.api import api, unknown_path
from pult.project.health import healthz, metrics, readyz

APPS = ("ui", "reports", "orders", "customers", "catalogue", "channels", "inbox", "sync", "accounts")

# Pages that people look for under one app, but that show what only a higher floor knows: the orders of a customer, the
# codes of order lines that wait for a product. They take the lower app's name here, where both are known.
LENT = {"customers": "orders.buyer_urls", "catalogue": "orders.matching_urls"}


def _pages(app: str) -> URLResolver:
    own: list[URLPattern | URLResolver] | str = f"pult.{app}.urls"
    if app not in LENT:
        return path("", include(own))
    patterns = [*import_module(str(own)).urlpatterns, *import_module(f"pult.{LENT[app]}").urlpatterns]
    return path("", include((patterns, app)))


urlpatterns: list[URLPattern | URLResolver] = [
    *(_pages(app) for app in APPS if find_spec(f"pult.{app}.urls")),
    path("account/", include("allauth.account.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("api/v1/", api.urls),
    re_path(r"^api/", unknown_path),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
