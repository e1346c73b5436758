from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "pult.reports"
    label = "reports"
