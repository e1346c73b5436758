from django.urls import path

from pult.ui import views

urlpatterns = [path("language/", views.set_language, name="set_language")]
