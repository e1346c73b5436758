"""Addresses of products. The codes that wait for a product are orders' page under the same name (project/urls.py)."""

from django.urls import path

from pult.catalogue import views

app_name = "catalogue"

urlpatterns = [
    path("products/", views.product_list, name="list"),
    path("products/add/", views.product_add, name="add"),
    path("products/<int:pk>/", views.product_detail, name="detail"),
    path("products/<int:pk>/edit/", views.product_edit, name="edit"),
]
