from django.apps import AppConfig


class HistoryConfig(AppConfig):
    name = "pult.history"
    label = "history"
