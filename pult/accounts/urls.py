"""Addresses of users, tokens and one's own profile."""

from django.urls import path

from pult.accounts import views

app_name = "accounts"

urlpatterns = [
    path("settings/users/", views.user_list, name="users"),
    path("settings/users/add/", views.user_add, name="user_add"),
    path("settings/users/<int:pk>/", views.user_edit, name="user"),
    path("settings/users/<int:pk>/link/", views.user_link, name="user_link"),
    path("settings/tokens/", views.token_list, name="tokens"),
    path("settings/tokens/add/", views.token_add, name="token_add"),
    path("settings/tokens/<int:pk>/revoke/", views.token_revoke, name="token_revoke"),
    path("profile/", views.profile, name="profile"),
]
