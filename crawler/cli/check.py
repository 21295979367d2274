"""`forbear check`: what would happen to one URL, and which line says so."""

from __future__ import annotations

import asyncio
import textwrap
from collections import Counter
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
    out,
    visible,
)
from crawler.config import Config, ConfigError
from crawler.examine import Examination, OfflineError, examine, examine_files
from crawler.examined import examination as present_examination
from crawler.lists import ListError
from crawler.present import dumps
from crawler.words import in_words
from reservations.model import (
    HTML_SIGNALS,
    RESPONSE,
    Evidence,
    Locator,
    Note,
    Preference,
    Reason,
    Statement,
    Verdict,
)
from reservations.readers.boilerplate import KIND as TEXT
from reservations.readers.odrl import in_lines
from reservations.readers.rsl_embedded import KIND as RSL_EMBEDDED
from reservations.readers.tdm_policy import KIND as TDM_POLICY
from reservations.readers.tdm_policy import policy_in
from reservations.readers.terms_page import KIND as TERMS

_VERDICTS = {Verdict.KEEP: "would be kept", Verdict.EXCLUDE: "left out", Verdict.DEFER: "unknown for now"}


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command(name="check")(check)


def check(
    url: Annotated[str, typer.Argument(help="The page to look at.")],
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what each finding means for a webmaster.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody; decide from --evidence.")] = False,
    evidence: Annotated[
        Path | None,
        typer.Option(
            help="Folder with robots.txt, tdmrep.json, feed.xml, ... and response.http.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Fetch the evidence for one URL and print the verdict, what was stated, and the line that decided.

    Nothing is recorded. Exit 0 if the page would be kept, 1 if it is left out, 3 if unknown for now.

    \b
    Examples:
      forbear check https://example.org/article
      forbear check https://example.org/ --explain
      forbear check https://example.org/a --offline --evidence saved/
    """
    settings = configuration(config, data)
    examinations = _examine(settings, url, evidence, offline=offline, policies=explain)
    if as_json:
        for examination in examinations:
            typer.echo(dumps(present_examination(examination)))
    else:
        for examination in examinations:
            _print(examination, explain=explain)
    raise typer.Exit(_exit_code(examinations[-1]))


def _examine(
    config: Config, url: str, folder: Path | None, *, offline: bool, policies: bool
) -> tuple[Examination, ...]:
    try:
        if offline:
            if folder is None:
                raise FailedError("--offline needs --evidence DIR")
            token = config.crawler.product_token or "ForbearCheck"
            config = config.merged(crawler={"product_token": token})
            return (examine_files(config, url, folder, policies=policies),)
        if not config.network.allow_private:
            config.require_identity()
        return asyncio.run(examine(config, url, policies=policies))
    except (ConfigError, ListError, OfflineError, ValueError) as error:
        raise FailedError(str(error)) from error


def _exit_code(last: Examination) -> ExitCode:
    codes = {
        Verdict.KEEP: ExitCode.OK,
        Verdict.EXCLUDE: ExitCode.NEGATIVE,
        Verdict.DEFER: ExitCode.INCOMPLETE,
    }
    return codes[last.decision.verdict]


def _say(text: str, *, indent: int = 0, style: str | None = None) -> None:
    out.print(" " * indent + visible(text), markup=False, style=style, soft_wrap=True)


def _print(examination: Examination, *, explain: bool) -> None:
    decision = examination.decision
    _say(f"{decision.url}", style="bold")
    _say(f"{_VERDICTS[decision.verdict]}: {in_words(decision.reason)} [{decision.reason}]", indent=2)
    files = _by_digest(decision.evidence)
    lines = dict.fromkeys(_reason_line(reason, files) for reason in decision.reasons)  # one for all its uses
    for line in lines:
        _say(line, indent=4)
    _print_statements(examination, files)
    _print_policies(examination, explain=explain)
    _print_asked(decision.evidence)
    for note in decision.notes:
        _say(f"note ({note.kind.level}): {note.kind.summary}{_place(note.locator, files)}", indent=2)
        if explain:
            _print_explanation(note)


def _by_digest(evidence: tuple[Evidence, ...]) -> dict[str, Evidence]:
    """Evidence by what a locator names; where several answers were the same bytes, none of them."""
    counts = Counter(e.sha256 for e in evidence)
    return {e.sha256: e for e in evidence if counts[e.sha256] == 1}


def _reason_line(reason: Reason, files: dict[str, Evidence]) -> str:
    place = _place(Locator(evidence=reason.evidence or "", line=reason.line, offset=reason.offset), files)
    return f"{reason.code}: {_quote(reason.quote) or reason.why or in_words(reason.code)}{place}"


def _print_explanation(note: Note) -> None:
    if note.locator.quote:
        _say(_quote(note.locator.quote), indent=4)
    for line in textwrap.wrap(note.kind.text, 96):
        _say(line, indent=4)


def _print_statements(examination: Examination, files: dict[str, Evidence]) -> None:
    decided = {(r.code, r.evidence, r.line) for r in examination.decision.reasons}
    lines = dict.fromkeys(
        _statement_line(s, files)
        for s in examination.reading.statements
        if s.preference is not Preference.UNSTATED
        and (s.code, s.locator.evidence, s.locator.line) not in decided
    )
    for line in lines:
        _say(line, indent=2)


def _statement_line(s: Statement, files: dict[str, Evidence]) -> str:
    said = "no reservation stated" if s.preference is Preference.PERMITTED else str(s.preference)
    under = "" if len(s.under) == 3 else f" (under {', '.join(sorted(s.under))} only)"
    weight = ", only reported" if s.advisory else ""
    return f"stated: {s.use or 'every use'}: {said}, {s.code}{weight}{under}{_place(s.locator, files)}"


def _print_policies(examination: Examination, *, explain: bool) -> None:
    """Whom to ask, and on what conditions mining is offered (TDMRep section "Expressing a TDM Policy")."""
    named = dict.fromkeys(
        s.policy_url
        for s in examination.reading.statements
        if s.preference is Preference.RESERVED and s.policy_url
    )
    documents = {e.url: e for e in examination.decision.evidence if e.kind == TDM_POLICY}
    read = {url: policy_in(document) for url, document in documents.items()}
    for url in named:
        _say(f"terms: {url}{'' if explain or url in read else ' (--explain reads them)'}", indent=2)
        policy = read.get(url)
        for line in in_lines(policy) if policy else ():
            _say(line, indent=4)
        if policy:
            _say(f"to accept this very document: {policy.uid} sha256:{documents[url].sha256}", indent=4)


def _print_asked(evidence: tuple[Evidence, ...]) -> None:
    asked = [f"{e.kind} {e.outcome}{f' ({e.status})' if e.status else ''}" for e in evidence]
    if asked:
        _say("asked for: " + ", ".join(asked), indent=2)


def _quote(text: str) -> str:
    return f"“{text.strip()}”" if text.strip() else ""


def _place(locator: Locator, files: dict[str, Evidence]) -> str:
    item = files.get(locator.evidence)
    if item is None:
        return ""
    if item.kind == RESPONSE:
        return f" (response head, line {locator.line})" if locator.line else " (response head)"
    # a line of the extract of a page says nothing to the page's owner; a byte of the page does
    lined = locator.line and item.kind not in (HTML_SIGNALS, TEXT, TERMS, RSL_EMBEDDED)
    where = f", line {locator.line}" if lined else f", byte {locator.offset}" if locator.offset else ""
    return f" ({item.final_url}{where})"
