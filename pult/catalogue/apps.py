from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "pult.catalogue"
    label = "catalogue"
