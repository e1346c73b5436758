from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "pult.accounts"
    label = "accounts"
