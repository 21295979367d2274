"""`forbear dataset withdraw`: take documents back, and say so in the keys of earlier exports."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from crawler.about import about
from crawler.cli.complaints.removal import require_withdrawable, tell_of_removal
from crawler.cli.dataset.entry import entry_of_withdrawal
from crawler.cli.export.shared import enter
from crawler.cli.shared import (
    ConfigOption,
    Connection,
    DataOption,
    ExitCode,
    FailedError,
    configuration,
    out,
    reading,
    visible,
)
from crawler.config import Config
from crawler.exports.dataset import ExportRefusedError
from crawler.exports.dataset.earlier import EarlierExportError
from crawler.exports.dataset.removal import Removal, write_removal
from crawler.exports.dataset.removal_proof import RemovalProof, removal_proof
from crawler.exports.tables.writing import actor
from crawler.log.folder import LogError
from crawler.log.note import NoteError
from crawler.log.sequencer import log_folder
from crawler.store.database import DatabaseError
from crawler.store.queries.exports import ExportedFile, last_decision
from crawler.store.queries.withdrawals import WithdrawalFilter, WithdrawnRow, to_withdraw
from crawler.store.withdrawal import withdraw_from


def withdraw(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to make, for the removal lists.")],
    reason: Annotated[str, typer.Option(help="Why; goes into the record and the lists.")] = "",
    complaint: Annotated[
        str | None,
        typer.Option(help="Number of the complaint it is done for, which is told by mail; a reason too."),
    ] = None,
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

    Where there is a log, the proofs that they were kept and left out are beside the lists.

    The documents stay in the WARC files of the instance; no later export has them. Exit 1 if there are none.

    \b
    Examples:
      forbear dataset withdraw --domain example.org --complaint C-2026-0017 -o removal
      forbear dataset withdraw --reserved-since --reason "reserved since" --from dataset -o removal
    """
    settings = configuration(config, data)
    wanted = WithdrawalFilter(
        url=url, domain=domain, url_prefix=prefix, body_sha256=body_sha256, reserved_since=reserved_since
    )
    if wanted == WithdrawalFilter():
        raise FailedError("say what: --url, --domain, --prefix, --body-sha256 or --reserved-since")
    if complaint is None and not reason:
        raise FailedError("say why: --reason TEXT, or --complaint NUMBER")
    if complaint is not None:
        require_withdrawable(settings, complaint)
    removal, as_of = _found(settings, wanted, reason or f"complaint {complaint}", tuple(earlier or ()))
    _withdraw(settings, removal, output, {**_asked(wanted), "complaint": complaint}, as_of)


def _asked(wanted: WithdrawalFilter) -> dict[str, object]:
    names = {"url": "url", "domain": "domain", "prefix": "url_prefix", "body_sha256": "body_sha256"}
    found = {name: getattr(wanted, attribute) for name, attribute in names.items()}
    return {**found, "reserved_since": wanted.reserved_since}


def _withdraw(config: Config, removal: Removal, output: Path, asked: dict[str, Any], as_of: int) -> None:
    """Write the lists, take back, tell the complainant, and enter it in the audit trail."""
    files = _taken_back(config, removal, output)
    if (complaint := asked["complaint"]) is not None:
        tell_of_removal(config, complaint, [row.decision_id for row in removal.rows], removal.when)
    says = f"{len(removal.rows)} documents withdrawn; lists in {output}"
    out.print(visible(says), markup=False, soft_wrap=True)
    enter(config, entry_of_withdrawal(removal, asked, output, files, as_of))


def _found(
    config: Config, wanted: WithdrawalFilter, reason: str, earlier: tuple[Path, ...]
) -> tuple[Removal, int]:
    """What is to be taken back, and the last decision the record has."""
    with reading(config) as connection:
        rows = tuple(to_withdraw(connection, wanted))
        as_of = last_decision(connection)
        proof = _proof(config, connection, rows)
    if not rows:
        raise FailedError("no document that is kept matches; nothing was withdrawn", ExitCode.NEGATIVE)
    removal = Removal(
        rows=rows,
        when=datetime.now(UTC),
        reason=reason,
        actor=actor(),
        software=about(config).software,
        proof=proof,
        earlier=earlier,
    )
    return removal, as_of


def _proof(config: Config, connection: Connection, rows: tuple[WithdrawnRow, ...]) -> RemovalProof:
    try:
        return removal_proof(connection, log_folder(config), rows)
    except (LogError, NoteError) as error:
        raise FailedError(f"nothing was withdrawn: {error}", ExitCode.INTEGRITY) from error


def _taken_back(config: Config, removal: Removal, output: Path) -> tuple[ExportedFile, ...]:
    """Write the lists, then withdraw: a list of what was not withdrawn does not stay."""
    try:
        files = write_removal(removal, output)
    except ExportRefusedError as error:
        raise FailedError(str(error)) from error
    except EarlierExportError as error:
        raise FailedError(str(error), ExitCode.INTEGRITY) from error
    try:
        numbers = [row.decision_id for row in removal.rows]
        withdraw_from(config.database_url, numbers, removal.when, removal.reason)
    except DatabaseError as error:
        shutil.rmtree(output)
        raise FailedError(str(error)) from error
    return files
