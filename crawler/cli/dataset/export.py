"""`forbear dataset export`: the documents that may be used now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from crawler.about import about
from crawler.cli.dataset.entry import entry_of_export
from crawler.cli.export.shared import Restart, enter, writing
from crawler.cli.shared import (
    ConfigOption,
    Connection,
    DataOption,
    ExitCode,
    FailedError,
    configuration,
    err,
    out,
    reading,
    visible,
)
from crawler.config import Config
from crawler.exports.dataset import Dataset, ExportRefusedError, Manifest, discover, export_dataset
from crawler.exports.dataset.main_text import NoExtractorError
from crawler.exports.dataset.model import DatasetFormat
from crawler.exports.dataset.progress import Growing, Progress
from crawler.exports.tables.present import head_of_log
from crawler.exports.tables.writing import actor
from crawler.exports.working import RESTART, Working
from crawler.store.queries.documents import DocumentFilter, kept_documents, taken_back_since
from crawler.store.queries.exports import (
    last_checkpoint,
    last_decision,
    mark_of,
    policies_of_crawls,
)
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
        bool,
        typer.Option("--main-text", help="With the main text of pages and its language (jsonl, parquet)."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    restart: Restart = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Export what is kept now, and only that: a page that was reserved since is not in it.

    Nor is one of which the last look could tell nothing (`forbear recheck`). Both are counted, by reason.

    Every document is checked against its digests on the way; exit 4 names a damaged one. Killed or
    stopped, the same command goes on after the last whole part, and ends with the same bytes.

    \b
    Examples:
      forbear dataset export -o dataset
      forbear dataset export -o dataset-text --format jsonl --media-type text/html
    """
    settings = configuration(config, data)
    formats = discover()
    if form not in formats:
        raise FailedError(f"no format {form!r}; known: {', '.join(formats)}")
    asked = {"domain": domain, "prefix": prefix, "media_type": media_type, "main_text": main_text}
    wanted = DocumentFilter(domain=domain, url_prefix=prefix, media_type=media_type)
    with writing(output):
        manifest = _exported(settings, wanted, asked, formats[form], output, force=force, restart=restart)
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


def _left_out(row: LeftOut) -> str:
    number = f"left out: {row.documents:,} document{'' if row.documents == 1 else 's'}"
    if row.verdict == WITHDRAWN:
        return f"{number} withdrawn"
    since = "since they were taken" if row.verdict == Verdict.EXCLUDE else "unknown at the last look"
    return f"{number}, {since}: {in_words(row.reason)} [{row.reason}]"


def _exported(
    config: Config,
    wanted: DocumentFilter,
    asked: Mapping[str, object],
    form: DatasetFormat,
    output: Path,
    *,
    force: bool,
    restart: bool,
) -> Manifest:
    """The export, entered in the audit trail."""
    given = {name: value for name, value in asked.items() if value not in (None, False)}
    order = {"dataset": form.name, "filter": given, "software": about(config).software}
    target = output.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    with reading(config) as connection, Working(target, restart=restart) as working:
        growing = Growing(working, order)
        progress = _progress(connection, growing.interrupted())
        dataset = _dataset(config, connection, wanted, given, progress)
        try:
            manifest = export_dataset(dataset, form, target, force=force, begun=(growing, progress))
        except NoExtractorError as error:
            raise FailedError(str(error)) from error
        except WarcIntegrityError as error:
            raise FailedError(str(error), ExitCode.INTEGRITY) from error
        _tell_of_changes(connection, progress)
        enter(config, entry_of_export(manifest, asked, output, progress.as_of))
        growing.done()
    return manifest


def _progress(connection: Connection, found: Progress | None) -> Progress:
    """Where to go on; a fresh beginning where nothing was interrupted."""
    if found is None:
        as_of = last_decision(connection)
        return Progress(moment=datetime.now(UTC), as_of=as_of, mark=mark_of(connection, as_of))
    if found.mark and mark_of(connection, found.as_of) != found.mark:
        raise ExportRefusedError(
            f"an export was interrupted here that began at decision {found.as_of}, which this record does "
            f"not have, or no longer; use the same record, or {RESTART}"
        )
    if number := taken_back_since(connection, found.as_of, found.moment):
        raise ExportRefusedError(
            f"{number} documents were withdrawn or reserved since the export began that was interrupted "
            f"here, and some may be in its parts; {RESTART}"
        )
    return found


def _dataset(
    config: Config,
    connection: Connection,
    wanted: DocumentFilter,
    given: Mapping[str, object],
    progress: Progress,
) -> Dataset:
    then = replace(wanted, after=progress.after, upto=progress.as_of, at=progress.moment)
    return Dataset(
        data=config.storage.data,
        documents=kept_documents(connection, then),
        moment=progress.moment,
        about=about(config),
        actor=actor(),
        filter=given,
        as_of=progress.as_of,
        checkpoint=head_of_log(last_checkpoint(connection)),
        policies=policies_of_crawls(connection),
        left_out=left_out(connection, wanted),
        main_text=bool(given.get("main_text")),
    )


def _tell_of_changes(connection: Connection, progress: Progress) -> None:
    """Say what was taken back while the export was written; a data team must not miss it."""
    connection.rollback()
    if number := taken_back_since(connection, progress.as_of, progress.moment):
        says = f"{number} documents were withdrawn or reserved while this was written: export again (--force)"
        err.print(visible(says), markup=False, style="yellow", soft_wrap=True)
