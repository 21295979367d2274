"""`forbear init`: write a commented configuration."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.shared import FailedError, err, out
from crawler.config import Config, ConfigError, load_config

_TEMPLATE = """# Forbear's configuration. Times are in seconds.
# Flags override environment variables (FORBEAR_CRAWLER_PRODUCT_TOKEN=...), which override this file.

[operator]
name = {name}
contact = {contact}                # a role address that somebody reads; sent as `From`

[crawler]
product_token = {token}            # what publishers write after `User-agent:`; letters, - and _ only
version = "1.0"
info_url = {info_url}              # a page that says who you are and how to be left out
purposes = ["ai-training"]

[identity]                         # docs/identity.md; `forbear identity build --out DIR` publishes it
signature_agent = ""               # https origin that serves our keys; empty: requests are not signed
sign_http = false                  # sign plain http as well
ip_prefixes = []                   # address ranges we crawl from
address = ""                       # postal address of the operator
complaint = ""                     # URL or mail address; empty: the contact
pages_kept = ""                    # in your words, such as "36 months, or until reserved"
decisions_kept = ""
second_look = ""                   # what happens to pages taken before they were reserved
notice = 0                         # between the announcement of a change and its effect

[crawl]
types = ["html", "text", "image", "pdf", "epub"]
scope = []                         # hosts that links may lead to; empty: the hosts of the seeds; ["*"]: any
depth = 3
max_pages_per_domain = 1000

[policy]
profile = "standard"               # letter | standard | strict
uses = ["tdm", "ai_train", "genai_train"]
infer_from_other_bots = "any"      # any | two | off: what groups for other AI bots imply

[storage]
database = ""                      # empty: SQLite in the data folder; or postgresql+psycopg://...
data = "data"

[network]
timeout = 30
allow_private = false              # true only for tests on your own machine
proxy = ""                         # else http_proxy / https_proxy of the environment

[politeness]
delay = 1.0                        # between two requests to one host; Crawl-delay only lengthens it
per_host = 2                       # requests in flight per host
retries = 2
give_up_after = 900

[recheck]
interval = 2592000                 # `forbear recheck` looks again at what was last looked at so long ago
retry = 86400                      # and so soon at what it could not tell

[publish]
base_url = ""                      # https address of page, feeds and register
require_published = false          # true: no crawl before what it does has been published

[mail]                             # docs/compliance.md; `forbear complaints` takes letters in and answers
host = ""                          # mail server; empty: answers wait in data/outbox
port = 587
user = ""                          # its password: FORBEAR_MAIL_PASSWORD
"""


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command(name="init")(init)


def init(
    config: Annotated[Path, typer.Option("--config", help="File to write.")] = Path("forbear.toml"),
    token: Annotated[str, typer.Option(help="Product token, as in `User-agent: ExampleBot`.")] = "",
    contact: Annotated[str, typer.Option(help="Role address, such as crawler@example.org.")] = "",
    info_url: Annotated[str, typer.Option(help="Page that tells publishers about the crawler.")] = "",
    name: Annotated[str, typer.Option(help="Name of the operator.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a commented forbear.toml; asks for what is missing when run on a terminal.

    \b
    Examples:
      forbear init
      forbear init --token ExampleBot --contact crawler@example.org --info-url https://example.org/bot
    """
    if config.exists() and not force:
        raise FailedError(f"{config} exists already; --force overwrites it, --config names another file")
    asked = {
        "token": token or _ask("Product token (letters, - and _)"),
        "contact": contact or _ask("Contact address (a role, such as crawler@example.org)"),
        "info_url": info_url or _ask("Info page (https://...)"),
        "name": name or _ask("Name of the operator"),
    }
    text = _TEMPLATE.format(**{key: _quoted(value) for key, value in asked.items()})
    _report(config, _written(config, text))


def _written(path: Path, text: str) -> Config:
    """Write the file, unless what it says cannot be used."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.new")
    aside.write_text(text, "utf-8")
    try:
        config = load_config(aside, environ={})
    except ConfigError as error:
        aside.unlink()
        raise FailedError(f"{error}\nnothing was written".replace(str(aside), str(path))) from error
    aside.rename(path)
    return config


def _ask(question: str) -> str:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return ""
    return str(typer.prompt(question, default="", show_default=False)).strip()


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c for c in escaped if c.isprintable()) + '"'


def _report(path: Path, written: Config) -> None:
    out.print(f"wrote {path}", markup=False)
    try:
        written.require_identity()
    except ConfigError as error:
        err.print(str(error), markup=False)
        return
    out.print(f"publishers will see: {written.user_agent}", markup=False)
    out.print("next: forbear crawl --seeds urls.txt", markup=False)
