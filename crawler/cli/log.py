"""`forbear log`: the tamper-evident log of decisions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    ExitCode,
    FailedError,
    JsonOption,
    configuration,
    err,
    moment_at,
    out,
    reading,
    visible,
)
from crawler.config import Config
from crawler.log import shown
from crawler.log.findings import meaning
from crawler.log.folder import LogError
from crawler.log.key import KeyFileError
from crawler.log.merkle import ProofError
from crawler.log.note import NoteError, Verifier, parse_verifier
from crawler.log.prove import VERIFIER, NotProvableError, check, prove
from crawler.log.sequencer import log_folder, write_checkpoint
from crawler.log.status import LogStatus, status
from crawler.log.verify import Answer, Question, verify
from crawler.present import dumps
from crawler.store.database import DatabaseError

KeyOption = Annotated[
    str | None,
    typer.Option(
        "--key", help="Verifier key (name+id+base64), where yours is the one to trust.", show_default=False
    ),
]
group = typer.Typer(
    no_args_is_help=True,
    help="Keep the tamper-evident log, verify it, prove what is in it.",
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Add the subcommand and its own."""
    app.add_typer(group, name="log")


@group.callback()
def _group() -> None:
    """The tamper-evident log of decisions."""


@group.command(name="status")
def status_command(as_json: JsonOption = False, config: ConfigOption = None, data: DataOption = None) -> None:
    """Show what is in the log and what waits. Exit 1 if a decision has waited for more than 60 seconds.

    \b
    Examples:
      forbear log status
    """
    settings = configuration(config, data)
    with reading(settings) as connection, _integrity():
        found = status(connection, log_folder(settings), datetime.now(UTC))
    if as_json:
        typer.echo(dumps(shown.status(found)))
    else:
        _print_status(found)
    if found.is_late:
        raise typer.Exit(ExitCode.NEGATIVE)


@group.command()
def checkpoint(config: ConfigOption = None, data: DataOption = None) -> None:
    """Give every decision its place in the log, write the tiles, sign and publish a checkpoint.

    Prints the checkpoint. Safe beside a running crawl, and after a crash at any moment.

    \b
    Examples:
      forbear log checkpoint
    """
    settings = configuration(config, data)
    with _integrity():
        published = write_checkpoint(settings)
    if published is None:
        raise FailedError("there is nothing to log yet; `forbear crawl` makes decisions", ExitCode.NEGATIVE)
    typer.echo(published.note, nl=False)
    err.print(f"{published.added} entries added", markup=False)


@group.command(name="verify")
def verify_command(
    replay: Annotated[
        bool, typer.Option("--replay", help="Judge every decision again from the stored bytes.")
    ] = False,
    kept: Annotated[
        list[Path] | None,
        typer.Option(
            "--kept", help="A checkpoint kept from earlier, which the log has to continue; repeatable."
        ),
    ] = None,
    key: KeyOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Compute everything again and name the first entry that does not fit. Exit 4 if there is one.

    Checks entries, tiles, checkpoints and their signatures, the commitments against the database, and the
    digests of evidence and WARC files. Changes nothing.

    \b
    Examples:
      forbear log verify
      forbear log verify --replay
      forbear log verify --kept checkpoint-of-last-year --key "$KEY"
    """
    settings = configuration(config, data)
    with reading(settings) as connection, _integrity():
        question = Question(
            folder=log_folder(settings),
            data=settings.storage.data,
            verifier=_verifier(key, settings),
            kept=tuple(_text(file) for file in kept or ()),
            replay=replay,
        )
        found = verify(connection, question, _progress if err.is_terminal else _silent)
    if as_json:
        typer.echo(dumps(shown.answer(found)))
    else:
        _print_answer(found, replay=replay)
    if found.findings:
        raise typer.Exit(ExitCode.INTEGRITY)


@group.command(name="prove")
def prove_command(
    url: Annotated[str, typer.Argument(help="A URL of the record.")],
    at: Annotated[str | None, typer.Option(help="The decision in force then, not the newest.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File (.tlog-proof); else stdout.", show_default=False),
    ] = None,
    verifier: Annotated[
        Path | None, typer.Option(help="Also write the program that checks proofs to this file.")
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Write a file that proves the decision about a URL to anybody who has the log's verifier key.

    The file holds the decision with what was read for it, and the salt that opens this one entry.

    \b
    Examples:
      forbear log prove https://example.org/article -o article.tlog-proof --verifier verify_proof.py
    """
    settings = configuration(config, data)
    with reading(settings) as connection, _integrity():
        trusted = _verifier(None, settings)
        proof = prove(connection, log_folder(settings), trusted, url, moment_at("--at", at) if at else None)
    if verifier is not None:
        _write(verifier, VERIFIER.read_text("utf-8"))
    if output is None:
        sys.stdout.write(proof.text)
    else:
        _write(output, proof.text)
        program = verifier or "verify_proof.py"
        err.print(f"check it: python3 {program} {output} '{trusted.text}'", markup=False, soft_wrap=True)


@group.command(name="check")
def check_command(
    proof: Annotated[Path, typer.Argument(help="A .tlog-proof file.")],
    key: KeyOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Check a proof, and show the decision it proves. Exit 1 if it proves nothing.

    Without --key it is checked against this instance's own log.

    \b
    Examples:
      forbear log check article.tlog-proof --key "$KEY"
    """
    trusted = _verifier(key, configuration(config, data))
    try:
        found = check(_text(proof), [trusted])
    except (NoteError, ProofError) as error:
        raise FailedError(f"{proof}: not proven: {error}", ExitCode.NEGATIVE) from error
    if as_json:
        typer.echo(dumps(shown.proven(found)))
        return
    place = f"entry {found.index} of {found.checkpoint.size} in the log {found.checkpoint.origin}"
    _say(f"proven: {place} is the decision")
    _say(found.decision)


@contextmanager
def _integrity() -> Iterator[None]:
    """Errors of the log as messages with their exit codes."""
    try:
        yield
    except LogError as error:
        raise FailedError(str(error), ExitCode.INTEGRITY) from error
    except NotProvableError as error:
        raise FailedError(str(error), ExitCode.NEGATIVE) from error
    except (KeyFileError, NoteError, DatabaseError) as error:
        raise FailedError(str(error)) from error


def _verifier(text: str | None, settings: Config) -> Verifier:
    try:
        text = text or log_folder(settings).verifier_key()
        if text is None:
            raise FailedError("there is no log yet; `forbear log checkpoint` begins one", ExitCode.NEGATIVE)
        return parse_verifier(text)
    except (NoteError, LogError) as error:
        raise FailedError(f"the verifier key: {error}") from error


def _print_status(found: LogStatus) -> None:
    _say(f"verifier key: {found.key or 'none yet'}")
    when = f", signed {found.checkpoint_at:%d %B %Y, %H:%M:%S} UTC" if found.checkpoint_at else ""
    _say(f"entries: {found.entries}, under the newest checkpoint {found.checkpoint_size}{when}")
    if found.checkpoint_at and not found.is_published:
        _say("the newest checkpoint is not published; `forbear log checkpoint` does it", style="bold red")
    since = (
        f", the oldest since {found.oldest_waiting:%d %B %Y, %H:%M:%S} UTC" if found.oldest_waiting else ""
    )
    _say(f"decisions without an entry: {found.waiting}{since}")
    if found.is_late:
        _say(
            "LATE: a decision has waited for more than 60 seconds; `forbear log checkpoint`", style="bold red"
        )


def _print_answer(found: Answer, *, replay: bool) -> None:
    again = f", {found.replayed} decisions judged again" if replay else ""
    _say(
        f"{found.entries} entries, {found.checkpoints} checkpoints (the newest of {found.published}), "
        f"{found.documents} kept documents read{again}"
    )
    if found.removals:
        _say(f"{found.removals} removals logged, by which {found.erased} entries were erased")
    if found.not_judged:
        _say(f"{found.not_judged} decisions not judged again: what was read for them has been removed")
    if found.pending:
        _say(f"{found.pending} removed records still lie in their files; `forbear store prune` ends that")
    if found.waiting:
        _say(f"{found.waiting} decisions have no entry yet; `forbear log checkpoint` adds them")
    first = next((f for f in found.findings if f.entry is not None), None)
    if first is not None:
        _say(f"FIRST BAD ENTRY: {first.entry}", style="bold red")
    for finding in found.findings[:20]:
        where = f"entry {finding.entry}" if finding.entry is not None else "the log"
        _say(f"{where}: {meaning(finding.what)}: {finding.text}", indent=2)
    more = len(found.findings[20:]) + found.more
    if more:
        _say(f"and {more} more", indent=2)
    if not found.findings:
        _say("nothing was altered")


def _say(text: str, *, indent: int = 0, style: str | None = None) -> None:
    out.print(" " * indent + visible(text), markup=False, style=style, soft_wrap=True)


def _progress(done: int, total: int) -> None:
    err.print(f"{done} of {total} entries", end="\r", markup=False)


def _silent(done: int, total: int) -> None:
    """No progress where nobody looks."""


def _text(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return stream.read(50_000_000)
    except (OSError, UnicodeDecodeError) as error:
        raise FailedError(f"{file}: cannot be read ({error})") from error


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise FailedError(f"{file}: cannot be written ({error.strerror})") from error
