"""`forbear dataset export`: the documents that may be used now."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from crawler.about import about
from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    ExitCode,
    FailedError,
    configuration,
    out,
    reading,
    visible,
)
from crawler.exports.dataset import Dataset, ExportRefusedError, discover, export_dataset
from crawler.store.queries.documents import DocumentFilter, kept_documents
from crawler.store.warc import WarcIntegrityError

group = typer.Typer(no_args_is_help=True, help="The kept documents.", rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the subcommand and its own."""
    app.add_typer(group, name="dataset")


@group.callback()
def _group() -> None:
    """The kept documents."""


@group.command()
def export(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to make.")],
    form: Annotated[str, typer.Option("--format", help="warc, jsonl or parquet.")] = "warc",
    domain: Annotated[str | None, typer.Option(help="Registrable domain.")] = None,
    prefix: Annotated[str | None, typer.Option(help="URL prefix.")] = None,
    media_type: Annotated[str | None, typer.Option(help="Media type, such as text/html.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Export what is kept now, and only that: a page that was reserved since is not in it.

    Every document is checked against its digests on the way; exit 4 names a damaged one.

    Examples:

      forbear dataset export -o dataset
      forbear dataset export -o dataset-text --format jsonl --media-type text/html
    """
    settings = configuration(config, data)
    formats = discover()
    if form not in formats:
        raise FailedError(f"no format {form!r}; known: {', '.join(formats)}")
    wanted = DocumentFilter(domain=domain, url_prefix=prefix, media_type=media_type)
    with reading(settings) as connection:
        dataset = Dataset(
            data=settings.storage.data,
            documents=kept_documents(connection, wanted),
            moment=datetime.now(UTC),
            about=about(settings),
        )
        try:
            manifest = export_dataset(dataset, formats[form], output, force=force)
        except ExportRefusedError as error:
            raise FailedError(str(error)) from error
        except WarcIntegrityError as error:
            raise FailedError(str(error), ExitCode.INTEGRITY) from error
    out.print(
        visible(
            f"{manifest.documents} documents, {manifest.bytes:,} bytes, "
            f"{len(manifest.files)} files and {output / 'manifest.json'}"
        ),
        markup=False,
        soft_wrap=True,
    )
