from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "pult.inbox"
    label = "inbox"
