"""Webhooks of shops."""

from __future__ import annotations

import logging
import math

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from pult.channels.errors import ChannelNotFound
from pult.channels.selectors import channel_by_code
from pult.lib.failures import ChannelFailure
from pult.lib.jobs import defer
from pult.lib.rates import Buckets
from pult.lib.secrets import constant_time_equal
from pult.sync.services.hooking import hint_lock, read_hook, reads_hooks

logger = logging.getLogger(__name__)

LARGEST_HOOK = 1024 * 1024
"""Bytes; a hook is only a hint, and an order is far smaller. What is larger is refused before it is read."""

arriving = Buckets(rate=100, burst=1000)
"""By address, in this process: far above what a shop in a sale sends, far below what a flood does."""


@csrf_exempt
@require_POST
def receive_hook(request: HttpRequest, code: str, secret: str) -> HttpResponse:
    """Check where a hook comes from and queue what it hints at; answer at once, the work is a job's."""
    if wait_s := arriving.wait_s(request.META.get("REMOTE_ADDR", "")):
        again = {"Retry-After": str(math.ceil(wait_s))}
        return HttpResponse("too many", status=429, content_type="text/plain", headers=again)
    try:
        channel = channel_by_code(code)
    except ChannelNotFound:
        return HttpResponse("unknown address", status=404, content_type="text/plain")
    known = bool(channel.hook_secret) and constant_time_equal(secret, channel.hook_secret)
    if not known or channel.archived_at or not reads_hooks(channel):
        return HttpResponse("unknown address", status=404, content_type="text/plain")
    length = request.headers.get("Content-Length") or "0"
    if not length.isascii() or not length.isdigit() or int(length) > LARGEST_HOOK:
        return HttpResponse("too large", status=413, content_type="text/plain")
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        external_ids = read_hook(channel, headers, request.body)
    except RequestDataTooBig:
        return HttpResponse("too large", status=413, content_type="text/plain")
    except ChannelFailure as failure:
        logger.warning("A hook was refused.", extra={"channel": code, "reason": failure.code})
        return HttpResponse("signature refused", status=401, content_type="text/plain")
    # a paused channel looks again at everything when it goes on
    if external_ids and channel.paused_at is None:
        defer(
            "sync.fetch_hinted",
            lock=hint_lock(channel.pk),
            queueing_lock=f"hook:{channel.pk}:{','.join(external_ids)}",
            channel_id=channel.pk,
            external_ids=list(external_ids),
        )
    # 200 exactly: WooCommerce counts other answers to its ping as no answer
    return HttpResponse("ok", content_type="text/plain")
