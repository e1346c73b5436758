from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "pult.sync"
    label = "sync"
