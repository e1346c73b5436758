"""Every address of Pult. Each app has its own; they stand side by side at the root."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

APPS = ("ui", "reports", "orders", "customers", "catalogue", "channels", "inbox", "sync", "accounts")

urlpatterns: list[URLPattern | URLResolver] = [
    *(path("", include(f"pult.{app}.urls")) for app in APPS if find_spec(f"pult.{app}.urls")),
    path("account/", include("allauth.account.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
]
if find_spec("pult.project.api"):
    urlpatterns.append(path("api/v1/", import_module("pult.project.api").api.urls))
