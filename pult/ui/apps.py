from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "pult.ui"
    label = "ui"
