"""`forbear dataset export`: the documents that may be used now."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from crawler.about import about
from crawler.cli.dataset.entry import entry_of_export
from crawler.cli.export import enter
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
from crawler.config import Config
from crawler.exports.dataset import Dataset, ExportRefusedError, Manifest, discover, export_dataset
from crawler.exports.dataset.main_text import NoExtractorError
from crawler.exports.dataset.model import DatasetFormat
from crawler.store.queries.documents import DocumentFilter, kept_documents
from crawler.store.queries.exports import last_decision
from crawler.store.queries.left_out import WITHDRAWN, LeftOut, left_out
from crawler.store.warc import WarcIntegrityError
from crawler.words import in_words
from reservations.model import Verdict


def export(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to make.")],
    form: Annotated[str, typer.Option("--format", help="warc, jsonl or parquet.")] = "warc",
    domain: Annotated[str | None, typer.Option(help="Registrable domain.")] = None,
    prefix: Annotated[str | None, typer.Option(help="URL prefix.")] = None,
    media_type: Annotated[str | None, typer.Option(help="Media type, such as text/html.")] = None,
    main_text: Annotated[
        bool, typer.Option("--main-text", help="With the main text of pages (jsonl and parquet).")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Export what is kept now, and only that: a page that was reserved since is not in it.

    Nor is one of which the last look could tell nothing (`forbear recheck`). Both are counted, by reason.

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
    manifest, as_of = _exported(settings, wanted, formats[form], output, main_text=main_text, force=force)
    out.print(
        visible(
            f"{manifest.documents} documents, {manifest.bytes:,} bytes, "
            f"{len(manifest.files)} files and {output / 'manifest.json'}"
        ),
        markup=False,
        soft_wrap=True,
    )
    for row in manifest.left_out:
        out.print(visible(_left_out(row)), markup=False, soft_wrap=True)
    asked = {"domain": domain, "prefix": prefix, "media_type": media_type, "main_text": main_text}
    enter(settings, entry_of_export(manifest, asked, output, as_of))


def _left_out(row: LeftOut) -> str:
    number = f"left out: {row.documents:,} document{'' if row.documents == 1 else 's'}"
    if row.verdict == WITHDRAWN:
        return f"{number} withdrawn"
    since = "since they were taken" if row.verdict == Verdict.EXCLUDE else "unknown at the last look"
    return f"{number}, {since}: {in_words(row.reason)} [{row.reason}]"


def _exported(
    config: Config,
    wanted: DocumentFilter,
    form: DatasetFormat,
    output: Path,
    *,
    main_text: bool,
    force: bool,
) -> tuple[Manifest, int]:
    """The export, and the last decision the record had."""
    with reading(config) as connection:
        dataset = Dataset(
            data=config.storage.data,
            documents=kept_documents(connection, wanted),
            moment=datetime.now(UTC),
            about=about(config),
            left_out=left_out(connection, wanted),
            main_text=main_text,
        )
        as_of = last_decision(connection)
        try:
            return export_dataset(dataset, form, output, force=force), as_of
        except (ExportRefusedError, NoExtractorError) as error:
            raise FailedError(str(error)) from error
        except WarcIntegrityError as error:
            raise FailedError(str(error), ExitCode.INTEGRITY) from error
