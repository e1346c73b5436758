"""The address of what a customer bought; it stands among the customers (project/urls.py)."""

from django.urls import path

from pult.orders import buyer_views as views

urlpatterns = [path("customers/<int:pk>/orders/", views.customer_orders, name="orders")]
