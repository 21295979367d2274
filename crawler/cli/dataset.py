"""`forbear dataset`: export the documents that may be used now, take back, and check what was exported."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from crawler.about import about
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
from crawler.exports.dataset import Dataset, ExportRefusedError, discover, export_dataset
from crawler.exports.dataset.earlier import EarlierExportError
from crawler.exports.dataset.main_text import NoExtractorError
from crawler.exports.dataset.removal import Removal, still_there, write_removal
from crawler.exports.tables.writing import actor
from crawler.store.database import DatabaseError
from crawler.store.queries.documents import DocumentFilter, kept_documents
from crawler.store.queries.exports import ExportedFile, ExportRow, last_decision
from crawler.store.queries.withdrawals import WithdrawalFilter, to_withdraw, withdrawals
from crawler.store.warc import WarcIntegrityError
from crawler.store.withdrawal import withdraw_from

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
    main_text: Annotated[
        bool, typer.Option("--main-text", help="With the main text of pages (jsonl and parquet).")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Export what is kept now, and only that: a page that was reserved since is not in it.

    Every document is checked against its digests on the way; exit 4 names a damaged one.

    \b
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
            main_text=main_text,
        )
        as_of = last_decision(connection)
        try:
            manifest = export_dataset(dataset, formats[form], output, force=force)
        except (ExportRefusedError, NoExtractorError) as error:
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
    asked = {"domain": domain, "prefix": prefix, "media_type": media_type, "main_text": main_text or None}
    files = tuple(
        ExportedFile(name=f.name, bytes=f.bytes, sha256=f.sha256, rows=f.documents) for f in manifest.files
    )
    enter(settings, _entry("dataset", form, asked, output, dataset.moment, as_of, files, manifest.software))


@group.command()
def withdraw(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to make, for the removal lists.")],
    reason: Annotated[str, typer.Option(help="Why; goes into the record and the lists.")],
    url: Annotated[str | None, typer.Option(help="One page.")] = None,
    domain: Annotated[str | None, typer.Option(help="Registrable domain.")] = None,
    prefix: Annotated[str | None, typer.Option(help="URL prefix.")] = None,
    body_sha256: Annotated[
        str | None, typer.Option("--body-sha256", help="SHA-256 of a body: all its copies.")
    ] = None,
    reserved_since: Annotated[
        bool, typer.Option("--reserved-since", help="Only pages that a later decision left out.")
    ] = False,
    earlier: Annotated[
        list[Path] | None,
        typer.Option("--from", help="Folder of an earlier export, repeatable: its positions are listed."),
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Take documents back, and list them in the keys of earlier exports: URL, WARC position, content hash.

    The documents stay in the WARC files of the instance; no later export has them. Exit 1 if there are none.

    \b
    Examples:
      forbear dataset withdraw --domain example.org --reason "complaint 2026-17" -o removal
      forbear dataset withdraw --reserved-since --reason "reserved since" --from dataset -o removal
    """
    settings = configuration(config, data)
    if not (url or domain or prefix or body_sha256 or reserved_since):
        raise FailedError(
            "say what to withdraw: --url, --domain, --prefix, --body-sha256 or --reserved-since"
        )
    wanted = WithdrawalFilter(
        url=url, domain=domain, url_prefix=prefix, body_sha256=body_sha256, reserved_since=reserved_since
    )
    with reading(settings) as connection:
        rows = tuple(to_withdraw(connection, wanted))
        as_of = last_decision(connection)
    if not rows:
        raise FailedError("no document that is kept matches; nothing was withdrawn", ExitCode.NEGATIVE)
    removal = Removal(
        rows=rows,
        when=datetime.now(UTC),
        reason=reason,
        actor=actor(),
        software=about(settings).software,
        earlier=tuple(earlier or ()),
    )
    files = _written(removal, output)
    try:
        withdraw_from(settings.database_url, [r.decision_id for r in rows], removal.when, reason)
    except DatabaseError as error:
        shutil.rmtree(output)
        raise FailedError(str(error)) from error
    out.print(visible(f"{len(rows)} documents withdrawn; lists in {output}"), markup=False, soft_wrap=True)
    asked = {**_told(wanted), "reason": reason}
    enter(
        settings,
        _entry("withdrawal", "jsonl", asked, output, removal.when, as_of, files[:1], removal.software),
    )


@group.command()
def check(
    folder: Annotated[Path, typer.Argument(help="Folder of an export.")],
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Check an export: are its files those of its manifest, and does it hold anything withdrawn since?

    Exit 1 if it holds withdrawn documents, 4 if a file is not the one of the manifest.

    \b
    Examples:
      forbear dataset check dataset
    """
    with reading(configuration(config, data)) as connection:
        try:
            found = still_there(tuple(withdrawals(connection, WithdrawalFilter())), folder)
        except EarlierExportError as error:
            raise FailedError(str(error), ExitCode.INTEGRITY) from error
    for spot in found:
        where = ", ".join(f"{name} {value}" for name, value in spot.at.items())
        out.print(visible(f"withdrawn: {spot.url} ({spot.file}, {where})"), markup=False, soft_wrap=True)
    if found:
        raise typer.Exit(ExitCode.NEGATIVE)
    out.print(
        visible(f"{folder} is whole and holds nothing that was withdrawn"), markup=False, soft_wrap=True
    )


def _written(removal: Removal, output: Path) -> tuple[ExportedFile, ...]:
    try:
        return write_removal(removal, output)
    except ExportRefusedError as error:
        raise FailedError(str(error)) from error
    except EarlierExportError as error:
        raise FailedError(str(error), ExitCode.INTEGRITY) from error


def _told(wanted: WithdrawalFilter) -> dict[str, object]:
    return {
        "url": wanted.url,
        "domain": wanted.domain,
        "prefix": wanted.url_prefix,
        "body_sha256": wanted.body_sha256,
        "reserved_since": wanted.reserved_since or None,
    }


def _entry(
    name: str,
    form: str,
    asked: Mapping[str, object],
    output: Path,
    when: datetime,
    as_of: int,
    files: tuple[ExportedFile, ...],
    software: str,
) -> ExportRow:
    """The entry of the audit trail."""
    return ExportRow(
        made_at=when,
        actor=actor(),
        name=name,
        format=form,
        filter={option: value for option, value in asked.items() if value is not None},
        target=str(output.absolute()),
        rows=sum(file.rows for file in files),
        as_of=as_of,
        files=files,
        software=software,
    )
