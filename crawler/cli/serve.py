"""`forbear serve`: the public register, its API, and the staff pages."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.shared import ConfigOption, DataOption, FailedError, configuration, err
from crawler.config import Config
from crawler.network.addresses import is_loopback
from crawler.store.database import DatabaseError

DEMO_TOKEN = "demo"  # noqa: S105 - opens nothing but the invented web on this machine


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command(name="serve")(serve)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8080,
    demo: Annotated[
        bool, typer.Option("--demo", help="Serve the folder of `forbear crawl --demo` (give it as --data).")
    ] = False,
    workers: Annotated[
        int,
        typer.Option(min=0, max=32, help="Processes that answer; 0: one a core, at most eight."),
    ] = 0,
    new_staff_token: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Print a new staff token and its line for forbear.toml.", show_default=False
        ),
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Serve what a rightsholder can ask: lookups, checks, complaints, feeds and the API.

    Listens on this machine alone. For the public, put a proxy with TLS in front, or name another
    address; that needs `base_url` and `staff_tokens` in [publish]. Workers share the limits on how often
    one network may ask.

    \b
    Examples:
      forbear serve
      forbear serve --demo --data demo-data
      forbear serve --new-staff-token anna
    """
    if new_staff_token is not None:
        _print_token(new_staff_token)
        return
    settings = _settings(config, data, demo=demo)
    if not is_loopback(host) and host != "localhost":
        _require_publication(settings, host)
    if demo:
        _announce(settings)
        err.print(f"staff pages: http://{host}:{port}/staff, any name, password {DEMO_TOKEN}", markup=False)
    _run(settings, host, port, workers, live=demo)


def _settings(config: Path | None, data: Path | None, *, demo: bool) -> Config:
    if not demo:
        return configuration(config, data)
    from crawler.demo import demo_config  # the demo web is nothing a real site should load

    published = {"base_url": "https://forbear.example", "staff_tokens": [_line("demo", DEMO_TOKEN)]}
    return demo_config(data or Path("demo-data")).merged(
        publish={**published, "lookups_per_minute": 600, "lookups_per_day": 100_000, "checks_per_hour": 1000}
    )


def _require_publication(config: Config, host: str) -> None:
    missing = [
        f"`{name}`"
        for name, value in (
            ("base_url", config.publish.base_url),
            ("staff_tokens", config.publish.staff_tokens),
        )
        if not value
    ]
    if missing:
        raise FailedError(
            f"{host} can be reached by others: set {' and '.join(missing)} in [publish] first "
            "(`forbear serve --new-staff-token NAME` makes a token), or listen on 127.0.0.1"
        )
    config.require_identity()


def _run(config: Config, host: str, port: int, workers: int, *, live: bool) -> None:
    # Imported here: the other subcommands need no web framework.
    from crawler.web.serving import default_workers, listening, run

    try:
        listener = listening(host, port)
    except OSError as error:
        raise FailedError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another --port"
        ) from error
    number = workers or default_workers()
    shown = "one worker" if number == 1 else f"{number} workers"
    err.print(f"http://{host}:{port}/  ({shown}; Ctrl-C stops it)", markup=False)
    try:
        run(config, listener, number, live=live)
    except DatabaseError as error:
        raise FailedError(str(error)) from error
    except KeyboardInterrupt:
        pass


def _announce(config: Config) -> None:
    """Say how the demo's crawler works, so that its page and feeds are there."""
    from crawler.identity.publish import announce
    from crawler.store.database import open_database

    engine = open_database(config.database_url)
    with engine.begin() as connection:
        announce(connection, config, datetime.now(UTC))
    engine.dispose()


def _print_token(name: str) -> None:
    token = secrets.token_urlsafe(32)
    typer.echo(token)
    err.print(
        "Keep the token; it is shown once. In forbear.toml:\n\n[publish]\n"
        f'staff_tokens = ["{_line(name, token)}"]',
        markup=False,
    )


def _line(name: str, token: str) -> str:
    return f"{name}:{sha256(token.encode()).hexdigest()}"
