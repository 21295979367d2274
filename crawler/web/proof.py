"""A proof to take away: what is stored about a site or a page, as it is stored, and the digests of it.

A ZIP with fixed dates, so that the same record gives the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path

from crawler.config import Config
from crawler.exports.tables.present import withdrawal
from crawler.log.folder import LogError
from crawler.log.note import NoteError, parse_verifier
from crawler.log.prove import VERIFIER, NotProvableError, Prover
from crawler.log.sequencer import log_folder
from crawler.present import decision, dumps, explained, file_version
from crawler.present import lookup as present_lookup
from crawler.store.database import Connection
from crawler.store.queries.complaints import ComplaintRow, tied
from crawler.store.queries.decisions import Warc
from crawler.store.queries.files import FileVersion
from crawler.store.queries.lookup import Lookup, LookupFilter
from crawler.store.queries.pages import decisions_within
from crawler.store.queries.why import Explained, WhyFilter, evidence_content, why
from crawler.store.queries.withdrawals import WithdrawalFilter, withdrawals
from crawler.web.hostile import plain
from crawler.web.subject import MAX_SUBJECT

MAX_DECISIONS = 100_000
MAX_BYTES = 64 * 2**20
"""Bytes of evidence in one proof; what does not fit is listed with its digest all the same."""
_EPOCH = (2026, 1, 1, 0, 0, 0)
_SITE = """{whose} holds about {subject}.

lookup.json      the answer, the same bytes as `forbear lookup {subject} --json`
files.jsonl      every version of the rights files that was asked for
evidence/        the files themselves, named by the SHA-256 of their bytes
evidence.warc.gz the answers of the server that brought them, as stored (WARC 1.1)
decisions.jsonl  every decision; only in the proof for the domain's owner
SHA256SUMS       check with `sha256sum -c SHA256SUMS`

A byte more or less in a file gives another SHA-256. The files can be judged again without the
register: `forbear check URL --offline --evidence DIR`.
"""
_PAGE = """{whose} holds about {subject}.

decisions.jsonl  every decision, the same bytes as `forbear why URL --json`
log/             a proof for each of them that it stands in the tamper-evident log, where the log has it;
                 check with `python3 log/verify_proof.py log/NUMBER.tlog-proof "$(cat log/vkey)"`, and take
                 the key from elsewhere than this file: the register shows it at /log
evidence/        what was read for them, named by SHA-256: rights files as received, of the page
                 itself its status, header lines and the elements that carry signals
evidence.warc.gz the server's answers for the rights files, as stored (WARC 1.1)
SHA256SUMS       check with `sha256sum -c SHA256SUMS`
"""

_COMPLAINT = """{whose} holds about complaint {reference}.

withdrawn.jsonl  documents that were taken out of the data because of it, with the SHA-256 of each body:
                 whoever holds an earlier data set finds them by URL, place or digest
decisions.jsonl  the decisions it is about, the same bytes as `forbear why URL --json`
log/             a proof for each of them that it stands in the tamper-evident log, where the log has it;
                 check with `python3 log/verify_proof.py log/NUMBER.tlog-proof "$(cat log/vkey)"`
evidence/        what was read for them, named by SHA-256
evidence.warc.gz the server's answers for the rights files, as stored (WARC 1.1)
SHA256SUMS       check with `sha256sum -c SHA256SUMS`

The log proves what was decided and when. The withdrawal itself stands in withdrawn.jsonl: hold later data
sets against it.
"""


def site_proof(
    connection: Connection, config: Config, answer: Lookup, files: Iterable[FileVersion], *, owner: bool
) -> bytes:
    """The proof for a site; with every decision for its owner."""
    versions = list(files)
    members = {
        "README.txt": _SITE.format(whose=_whose(config), subject=plain(answer.subject, MAX_SUBJECT)).encode(),
        "lookup.json": (dumps(present_lookup(answer)) + "\n").encode(),
        "files.jsonl": _lines(map(file_version, versions)),
    }
    if owner:
        rows = decisions_within(connection, LookupFilter(subject=answer.subject), limit=MAX_DECISIONS)
        members["decisions.jsonl"] = _lines(map(decision, rows))
    return _zip(
        members
        | _evidence(connection, [v.sha256 for v in versions], [v.warc for v in versions], config.storage.data)
    )


def page_proof(connection: Connection, config: Config, url: str, found: tuple[Explained, ...]) -> bytes:
    """The proof for one page."""
    members = {
        "README.txt": _PAGE.format(whose=_whose(config), subject=plain(url, MAX_SUBJECT)).encode(),
        "decisions.jsonl": _lines(map(explained, found)),
        **_logged(connection, config, found),
    }
    data, seen = config.storage.data, [o for e in found for o in e.observations]
    return _zip(members | _evidence(connection, [o.sha256 for o in seen], [o.warc for o in seen], data))


def complaint_list(connection: Connection, complaint_id: int) -> bytes:
    """The documents that a complaint took out of the data, the bytes of `forbear export withdrawals`."""
    wanted = WithdrawalFilter(complaint_id=complaint_id)
    rows = islice(withdrawals(connection, wanted), MAX_DECISIONS)
    return _lines(map(withdrawal, rows))


def complaint_proof(connection: Connection, config: Config, found: ComplaintRow) -> bytes:
    """The proof for a complaint: what was withdrawn, and the decisions it is about with their evidence."""
    data, rows = config.storage.data, tied(connection, found.id)
    urls = list(dict.fromkeys(row.url for row in rows))
    about = [each for url in urls for each in why(connection, WhyFilter(url=url))]
    mine = {row.decision_id for row in rows}
    told = [each for each in about if each.decision.id in mine]
    members = {
        "README.txt": _COMPLAINT.format(whose=_whose(config), reference=found.reference).encode(),
        "withdrawn.jsonl": complaint_list(connection, found.id),
        "decisions.jsonl": _lines(map(explained, told)),
        **_logged(connection, config, told),
    }
    seen = [o for e in told for o in e.observations]
    return _zip(members | _evidence(connection, [o.sha256 for o in seen], [o.warc for o in seen], data))


def _whose(config: Config) -> str:
    """The beginning of each README: whose register it is, and where it is shown."""
    bot, operator, base = config.crawler.product_token, config.operator.name, config.publish.base_url
    whose = f"What the register of {bot or 'a crawler'}"
    whose += f", the crawler of {plain(operator)}," if operator else ""
    return f"{whose} at {base}" if base else whose


def _logged(connection: Connection, config: Config, told: Iterable[Explained]) -> dict[str, bytes]:
    """Proofs that the decisions stand in the log, where it has them, and the program that checks them."""
    folder = log_folder(config)
    try:
        key = folder.verifier_key()
        verifier = parse_verifier(key) if key else None
    except (LogError, NoteError):
        return {}
    if key is None or verifier is None:
        return {}
    members: dict[str, bytes] = {}
    try:
        prover = Prover(connection, folder, verifier)
    except (LogError, NoteError):
        return {}
    for each in told:
        decided = each.decision
        try:
            proof = prover.of(decided.id, decided.url)
        except (NotProvableError, LogError, NoteError):
            continue
        members[f"log/{decided.id}.tlog-proof"] = proof.text.encode()
    if not members:
        return {}
    return {**members, "log/vkey": f"{key}\n".encode(), "log/verify_proof.py": VERIFIER.read_bytes()}


def _evidence(
    connection: Connection, digests: Iterable[str], places: Iterable[Warc | None], data: Path
) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    room = MAX_BYTES
    for digest in dict.fromkeys(digests):
        content = evidence_content(connection, digest)
        if content and len(content) <= room:
            members[f"evidence/{digest}"] = content
            room -= len(content)
    records = b"".join(_records(dict.fromkeys(p for p in places if p is not None), data, room))
    return members | ({"evidence.warc.gz": records} if records else {})


def _records(places: Iterable[Warc], data: Path, room: int) -> Iterator[bytes]:
    """Compressed records as they lie in the evidence files: each is a member of its own."""
    root = data.resolve()
    for place in places:
        path = (root / place.file).resolve()
        if not path.is_relative_to(root) or not path.is_file() or place.length > room:
            continue
        with path.open("rb") as file:
            file.seek(place.offset)
            yield file.read(place.length)
        room -= place.length


def _lines(rows: Iterable[object]) -> bytes:
    return "".join(dumps(row) + "\n" for row in rows).encode()


def _zip(members: dict[str, bytes]) -> bytes:
    sums = "".join(f"{sha256(content).hexdigest()}  {name}\n" for name, content in members.items())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**members, "SHA256SUMS": sums.encode()}.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
