"""Addresses of the codes that wait for a product; they stand among the products (project/urls.py)."""

from django.urls import path

from pult.orders import matching_views as views

urlpatterns = [
    path("products/waiting/", views.waiting_codes, name="waiting_codes"),
    path("products/waiting/match/", views.match_code, name="match_code"),
    path("products/find/", views.find_product, name="find"),
]
