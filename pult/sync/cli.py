"""`pult sync`, `pult channel`, `pult inbox`: what needs to know the platforms."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
import orjson
from django.conf import settings

from pult.channels.errors import BadChannel
from pult.channels.selectors import all_channels, channel_by_code, health, polled_channels
from pult.channels.services import add_channel, pause_channel, resume_channel
from pult.channels.types import KINDS
from pult.connectors.registry import PLATFORMS
from pult.history.types import Actor
from pult.inbox.selectors import messages_page
from pult.lib.failures import UserError
from pult.lib.times import read_time
from pult.sync.schemas import channel_document, check_document, message_document, result_document
from pult.sync.services.connecting import check_channel, checked_settings
from pult.sync.services.polling import SyncResult, sync_channel
from pult.sync.services.understanding import retry_messages

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel

CLI = Actor("system", None, "pult")


def print_json(document: Any) -> None:
    """One JSON document on standard output, and nothing else."""
    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")


@click.command("sync")
@click.argument("codes", nargs=-1, metavar="[CODE]…")
@click.option("--since", metavar="WHEN", help="Read again whatever the shop placed since then.")
@click.option("--full", is_flag=True, help="Read and compare everything again.")
@json_option
def sync_command(codes: tuple[str, ...], since: str | None, full: bool, as_json: bool) -> None:
    """One synchronisation now, in this process: all channels, or those named."""
    first = read_time(since, settings.PULT_TIME_ZONE)
    channels = [_webshop(code) for code in codes] if codes else list(polled_channels().order_by("code"))
    results = [_sync_one(channel, first, full) for channel in channels]
    if as_json:
        print_json({"channels": [result_document(result) for result in results]})
    else:
        for result in results:
            tally = result.tally
            click.echo(
                f"{result.channel}: {tally.fetched} fetched, {tally.created} created, {tally.updated} updated,"
                f" {tally.unchanged} unchanged, {tally.failed} failed ({result.seconds:.1f} s)"
            )
        if not results:
            click.echo("There is no webshop channel yet; add one with: pult channel add")
    for result in results:
        if result.failure:
            click.echo(f"pult: {result.channel}: {result.failure}", err=True)
    if any(result.failure for result in results):
        sys.exit(1)


def _webshop(code: str) -> SalesChannel:
    channel = channel_by_code(code)
    if channel.kind != "webshop" or channel.archived_at is not None:
        raise UserError(
            "The channel %(channel)s is not polled; see: pult channel list",
            code="not_polled",
            params={"channel": code},
        )
    return channel


def _sync_one(channel: SalesChannel, since: datetime | None, full: bool) -> SyncResult:
    result = sync_channel(channel, trigger="full" if full else "manual", wait=True, since=since, full=full)
    assert result is not None  # it waited for its turn
    return result


@click.group("channel")
def channel_group() -> None:
    """Sales channels: add, list, test, pause, resume."""


@channel_group.command("add")
@click.argument("code")
@click.option("--kind", required=True, type=click.Choice(KINDS))
@click.option("--platform", metavar="P", help=f"Of a webshop: {', '.join(sorted(PLATFORMS))}.")
@click.option("--name", metavar="N", help="The name people see; the code otherwise.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="A setting; may be given many times.")
def channel_add(code: str, kind: str, platform: str | None, name: str | None, pairs: tuple[str, ...]) -> None:
    """Add the sales channel CODE."""
    given: dict[str, str] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key.strip():
            raise BadChannel(f"“{key}” is no setting; write --set key=value.", code="bad_setting")
        given[key.strip()] = value.strip()
    parts = checked_settings(kind=kind, platform=platform, given=given)
    channel = add_channel(
        actor=CLI,
        code=code,
        kind=kind,
        platform=platform,
        name=name,
        currency=parts.currency,
        open_settings=parts.open,
        secret_settings=parts.secret,
    )
    click.echo(f"Channel {channel.code} added. Try it with: pult channel test {channel.code}")


@channel_group.command("list")
@json_option
def channel_list(as_json: bool) -> None:
    """Every channel and how it stands."""
    channels = list(all_channels(archived=True))
    if as_json:
        print_json({"items": [channel_document(channel) for channel in channels]})
        return
    for channel in channels:
        click.echo(
            f"{channel.code:24} {channel.kind:8} {channel.platform or '–':12} {health(channel).state:12} {channel.name}"
        )
    if not channels:
        click.echo("There is no channel yet; add one with: pult channel add")


@channel_group.command("test")
@click.argument("code")
@json_option
def channel_test(code: str, as_json: bool) -> None:
    """Try the settings of CODE at the shop and say what works."""
    channel = channel_by_code(code)
    steps = []
    for step in check_channel(channel):
        steps.append(step)
        if not as_json:
            mark = {"ok": "✓", "warning": "!", "error": "✗"}[step.level]
            click.echo(f"{mark} {step.detail}")
    if as_json:
        print_json(check_document(channel, steps))
    if any(step.level == "error" for step in steps):
        sys.exit(1)


@channel_group.command("pause")
@click.argument("code")
def channel_pause(code: str) -> None:
    """Stop polling CODE; its orders wait in the shop."""
    pause_channel(channel_by_code(code).pk, actor=CLI)
    click.echo(f"Channel {code} is paused; its orders wait in the shop. Go on with: pult channel resume {code}")


@channel_group.command("resume")
@click.argument("code")
def channel_resume(code: str) -> None:
    """Go on polling CODE, from where it stood."""
    resume_channel(channel_by_code(code).pk, actor=CLI)
    click.echo(f"Channel {code} goes on.")


@click.group("inbox")
def inbox_group() -> None:
    """What came in, raw; what could not be understood waits here."""


@inbox_group.command("list")
@click.option("--failed", is_flag=True, help="Only what could not be understood.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@json_option
def inbox_list(failed: bool, limit: int, as_json: bool) -> None:
    """Messages, newest first."""
    messages = list(messages_page(state="failed" if failed else None)[:limit])
    if as_json:
        print_json({"items": [message_document(message) for message in messages]})
        return
    for m in messages:
        click.echo(
            f"{m.pk:>8} {m.received_at:%Y-%m-%d %H:%M:%S} {m.channel.code:20} {m.external_id:16} {m.state:10}"
            f" {m.error or ''}".rstrip()
        )
    if not messages:
        click.echo("Nothing waits." if failed else "Nothing has come in yet.")


@inbox_group.command("retry")
@click.argument("ids", nargs=-1, type=int, metavar="[ID]…")
def inbox_retry(ids: tuple[int, ...]) -> None:
    """Read messages again: those with these IDs, or all that failed."""
    found = messages_page(state=None if ids else "failed")
    if ids:
        found = found.filter(pk__in=ids)
    by_channel: dict[int, tuple[SalesChannel, list[int]]] = {}
    for message in found.order_by("pk"):
        by_channel.setdefault(message.channel_id, (message.channel, []))[1].append(message.pk)
    missing = set(ids) - {pk for _, pks in by_channel.values() for pk in pks}
    if missing:
        raise UserError(
            f"There is no message {min(missing)} in the inbox; see: pult inbox list", code="no_such_message"
        )
    failed = done = 0
    for channel, pks in by_channel.values():
        for start in range(0, len(pks), 100):
            part = pks[start : start + 100]
            tally = retry_messages(channel, part)
            failed += tally.failed
            done += len(part) - tally.failed
    click.echo(f"{done} understood, {failed} still not.")
    if failed:
        sys.exit(1)


commands: list[click.Command] = [sync_command, channel_group, inbox_group]
