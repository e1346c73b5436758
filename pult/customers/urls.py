"""Addresses of customers. What a customer bought is orders' page under the same name (project/urls.py)."""

from django.urls import path

from pult.customers import views

app_name = "customers"

urlpatterns = [
    path("customers/", views.customer_list, name="list"),
    path("customers/<int:pk>/", views.customer_detail, name="detail"),
    path("customers/<int:pk>/edit/", views.customer_edit, name="edit"),
]
