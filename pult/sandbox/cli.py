"""`pult sandbox`: the demo's shops in the foreground. `pult demo`: the company that sells in them."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from types import FrameType

import click

from pult.sandbox.woocommerce.demo import DEMO_SHOPS, demo_keys, run_demo_shops

port_option = click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8090,
    show_default=True,
    envvar="PULT_SANDBOX_PORT",
    show_envvar=True,
    help="Port of the shops on 127.0.0.1.",
)


@click.command("sandbox", help="Run the sandbox webshops on loopback until Ctrl-C; orders keep arriving in them.")
@port_option
@click.option(
    "--every", type=click.FloatRange(0.05), default=5.0, show_default=True, help="Seconds between two orders, about."
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=lambda: Path(os.environ.get("PULT_DATA_DIR", "").strip() or "./var").expanduser() / "sandbox",
    show_default="PULT_DATA_DIR/sandbox",
    help="Folder in which the shops remember their orders.",
)
def sandbox(port: int, every: float, state: Path) -> None:
    """Serve the demo's shops; ends on SIGINT, SIGTERM, or when the parent process is gone."""
    stop, ready = threading.Event(), threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    threading.Thread(target=_end_with_parent, args=(os.getppid(), stop), daemon=True).start()
    threading.Thread(target=_announce, args=(port, ready), daemon=True).start()
    try:
        run_demo_shops(state, port, seconds_between_orders=every, stop=stop, ready=ready)
    except OSError as failure:
        raise click.ClickException(
            f"the sandbox shops cannot start on port {port} with state in {state}: {failure.strerror or failure}; "
            "choose another --port or --state"
        ) from failure
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_with_parent(parent: int, stop: threading.Event) -> None:
    while not stop.wait(1):
        if os.getppid() != parent:
            stop.set()


def _announce(port: int, ready: threading.Event) -> None:
    ready.wait()
    for demo in DEMO_SHOPS:
        key, secret = demo_keys(demo.slug)
        url = f"http://127.0.0.1:{port}/{demo.slug}"
        click.echo(f"{demo.name} ({demo.currency}, WooCommerce {'11.0.1' if demo.generation == 'new' else '7.8.0'})")
        click.echo(f"  url: {url}\n  consumer_key: {key}\n  consumer_secret: {secret}")
        click.echo(
            f"  pult channel add {demo.slug} --kind webshop --platform woocommerce --name '{demo.name}' "
            f"--set url={url} --set consumer_key={key} --set consumer_secret={secret}\n"
        )
    click.echo("Ctrl-C stops the shops; their orders are remembered.")


@click.command("demo", help="Load the demo company: users, products, and the sandbox shops as channels.")
@port_option
def demo(port: int) -> None:
    """Fill an empty installation with the demo; done again it changes nothing."""
    # Only here: the shops themselves run without Django.
    from pult.sandbox.services import DEMO_PASSWORD, DEMO_USERS, load_demo

    loaded = load_demo(port=port)
    click.echo("The demo company is loaded." if loaded.fresh else "The demo company is here already.")
    click.echo("  channels: " + ", ".join(channel.name for channel in loaded.channels))
    click.echo(f"  log-ins, all with the password {DEMO_PASSWORD}:")
    for email, role, _ in DEMO_USERS:
        click.echo(f"    {email:24} {role}")


sandbox.needs_database = False  # type: ignore[attr-defined]
commands: list[click.Command] = [sandbox, demo]
