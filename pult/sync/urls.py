from django.urls import path

from pult.sync import views

app_name = "sync"

urlpatterns = [
    path("hooks/<slug:code>/<str:secret>", views.receive_hook, name="hook"),
]
