from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "pult.customers"
    label = "customers"
