from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "pult.orders"
    label = "orders"
