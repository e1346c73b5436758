from django.urls import path

from pult.ui import views

urlpatterns = [path("language/", views.choose_language, name="choose_language")]
