"""`forbear export evidence DOMAIN`: everything there is about one domain."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from blocklists.hostnames import canonical_host, registrable_domain
from crawler.about import about
from crawler.cli.export.shared import Restart, enter, writing
from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    ExitCode,
    FailedError,
    configuration,
    err,
    reading,
    visible,
)
from crawler.exports.bundle import write_bundle
from crawler.exports.bundle.growing import Bundle
from crawler.exports.dataset import ExportRefusedError
from crawler.store.warc import WarcIntegrityError


def register(group: typer.Typer) -> None:
    """Add the subcommand."""
    group.command()(evidence)


def evidence(
    domain: Annotated[str, typer.Argument(help="Domain; of a host name, the domain it lies under.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to make.")],
    documents: Annotated[
        bool, typer.Option("--documents/--no-documents", help="With the kept documents themselves.")
    ] = True,
    restart: Restart = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Everything on one domain: its files as received (WARC, with a CDXJ index), decisions, reservations.

    Every stored record is checked against its digest on the way; exit 4 names a damaged one.

    \b
    Examples:
      forbear export evidence example.org -o example.org
    """
    settings = configuration(config, data)
    host = canonical_host(domain) or ""
    if not host:
        raise FailedError(f"{domain}: no host in it; write example.org")
    wanted = Bundle(
        domain=registrable_domain(host) or host,
        data=settings.storage.data,
        about=about(settings),
        documents=documents,
    )
    with reading(settings) as connection:
        try:
            with writing(output):
                made = write_bundle(
                    connection, wanted, output, enter=partial(enter, settings), restart=restart
                )
        except ExportRefusedError as error:
            raise FailedError(str(error)) from error
        except WarcIntegrityError as error:
            raise FailedError(str(error), ExitCode.INTEGRITY) from error
    records = {file.name: file.rows for file in made.files}
    says = (
        f"{records['evidence.warc.gz']} records and {records['decisions.jsonl']} decisions of {wanted.domain}"
    )
    err.print(visible(f"{says} in {output}"), markup=False, soft_wrap=True)
