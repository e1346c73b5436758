from django.urls import path

from pult.reports import views

app_name = "reports"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("reports/turnover/", views.turnover_report, name="turnover"),
    path("reports/turnover.csv", views.turnover_csv, name="turnover_csv"),
]
