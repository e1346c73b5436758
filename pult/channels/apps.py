from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    name = "pult.channels"
    label = "channels"
