"""Addresses of webhooks, channels and inbox.

A channel's page is `channels/<code>/`, so no other address may stand under `channels/`.
"""

from django.urls import include, path

from pult.sync.views import adding, channels, hooks, inbox

HOOKS = [path("hooks/<slug:code>/<str:secret>", hooks.receive_hook, name="hook")]

CHANNELS = [
    path("channels/", channels.channel_list, name="list"),
    path("channels/<slug:code>/", channels.channel_detail, name="detail"),
    path("channels/<slug:code>/settings/", channels.channel_settings, name="settings"),
    path("channels/<slug:code>/sync/", channels.sync_now, name="sync"),
    path("channels/<slug:code>/pause/", channels.pause, name="pause"),
    path("channels/<slug:code>/resume/", channels.resume, name="resume"),
    path("channels/<slug:code>/archive/", channels.archive, name="archive"),
    path("channels/<slug:code>/test/", channels.test, name="test"),
    path("channels/<slug:code>/arriving/", channels.arriving, name="arriving"),
    path("sync-line/", channels.sync_line, name="sync_line"),
    path("add-channel/", adding.choose, name="add"),
    path("add-channel/sandbox/<slug:shop>/", adding.choose_sandbox, name="add_sandbox"),
    path("add-channel/fill-in/<slug:choice>/", adding.fill_in, name="add_fill_in"),
    path("add-channel/test/", adding.test, name="add_test"),
    path("add-channel/test/run/", adding.run_test, name="add_test_run"),
    path("add-channel/start/", adding.start, name="add_start"),
]

INBOX = [
    path("inbox/", inbox.message_list, name="list"),
    path("inbox/retry/", inbox.retry_all, name="retry_all"),
    path("inbox/<int:pk>/", inbox.message_detail, name="detail"),
    path("inbox/<int:pk>/retry/", inbox.retry, name="retry"),
]

urlpatterns = [
    path("", include((HOOKS, "sync"))),
    path("", include((CHANNELS, "channels"))),
    path("", include((INBOX, "inbox"))),
]
