"""Judge one URL without recording anything: what would happen if we came. For `check` and its like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from blocklists.model import Hit
from crawler.c2pa_worker import C2paWorker
from crawler.config import Config
from crawler.evidence import EvidenceClient, EvidenceStore, Limits
from crawler.gate import Case, Decision, Terms, judge, reason_of_hit
from crawler.identity.signing import open_signer
from crawler.lists import list_policy, load_lists
from crawler.network import (
    ACCEPT_ANY,
    AddressGuard,
    Answer,
    Client,
    NetworkError,
    identity_headers,
    read_proxies,
)
from crawler.other_pages import OtherPages
from crawler.politeness import Pace
from crawler.redaction import redacted
from crawler.scope import MAX_HOPS, failed, left_out
from reservations.model import (
    RESPONSE,
    ROBOTS_TXT,
    Evidence,
    Outcome,
    Reading,
    Reason,
    Stage,
    Verdict,
)
from reservations.origins import origin_of
from reservations.plan import plan
from reservations.protocols import discover
from reservations.read import extract, read
from reservations.readers.html_head import looks_like_html
from reservations.readers.rsl_embedded import KIND as FEED
from reservations.readers.terms_page import KIND as TERMS

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
RESPONSE_FILE = "response.http"
FEED_FILE = "feed.xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found out about one URL."""

    decision: Decision
    reading: Reading
    redirect: str | None = None


class OfflineError(Exception):
    """A folder of evidence that cannot be used."""


def terms_of(config: Config, *, policies: bool = False) -> Terms:
    """What a configuration brings to every judgement.

    With `policies`, the TDM policies that reservations name are read too, to show them.
    """
    agent = replace(config.agent, reads_policies=policies or config.agent.reads_policies)
    return Terms(agent=agent, policy=config.reading_policy, types=config.crawl.types)


async def examine(
    config: Config, url: str, *, policies: bool = False, ports: frozenset[int] = frozenset()
) -> tuple[Examination, ...]:
    """Ask for the evidence and the page, hop by hop; one examination a hop, the last one last.

    With `ports`, no other port is asked, on any hop.
    """
    guard = AddressGuard(
        allow_private=config.network.allow_private, proxies=read_proxies(config.network.proxy), ports=ports
    )
    found: list[Examination] = []
    async with Client(
        guard,
        identity_headers(config, accept=ACCEPT_ANY),
        timeout=config.network.timeout,
        signer=open_signer(config),
    ) as client:
        examiner = _Examiner(config, client, terms_of(config, policies=policies))
        target: str | None = url
        via = None
        while target and len(found) <= MAX_HOPS:
            examined = await examiner.examine(target, via)
            found.append(examined)
            via, target = target, examined.redirect
        await examiner.aclose()
    return tuple(found)


class _Examiner:
    def __init__(self, config: Config, client: Client, terms: Terms) -> None:
        self._config = config
        self._client = client
        self._terms = terms
        self._index = load_lists(config).index(list_policy(config))
        pace = Pace(config.politeness.delay, config.politeness.per_host)
        self._pace = pace
        self._c2pa = C2paWorker()
        fetcher = EvidenceClient(
            client, hop_check=self._objection, pace=pace, limits=Limits(seconds=config.network.timeout)
        )
        self.store = EvidenceStore(fetcher, self._terms.agent, self._terms.policy.profile)
        self.other_pages = OtherPages(self._terms, self.store, self._hits)

    async def aclose(self) -> None:
        """Give up what is in flight, and end the process that reads content credentials."""
        await self.store.aclose()
        await self._c2pa.close()

    def _hits(self, url: str) -> tuple[Hit, ...]:
        return self._index.lookup(url, _today())

    def _objection(self, url: str) -> Reason | None:
        hits = self._hits(url)
        return reason_of_hit(hits[0]) if hits else self._client.guard.check_url(url)

    async def examine(self, url: str, via: str | None) -> Examination:
        unsafe = self._client.guard.check_url(url)
        if unsafe:
            case = Case(url=url, via=via, stage=Stage.BEFORE_FETCH, decided_at=_now(), found=(unsafe,))
            return Examination(decision=judge(case, self._terms), reading=Reading())
        hits = self._hits(url)
        location = () if hits else (*await self.store.gather(url), *await self.other_pages.known(url))
        case = Case(
            url=url, via=via, stage=Stage.BEFORE_FETCH, decided_at=_now(), evidence=location, hits=hits
        )
        decision = judge(case, self._terms)
        if decision.verdict is not Verdict.KEEP:
            return self._examination(decision, case)
        return await self._fetch(case)

    async def _fetch(self, case: Case) -> Examination:
        await self._pace.turn(urlsplit(case.url).hostname or "")
        try:
            answer = await self._client.get(case.url, cap=self._config.crawl.max_body)
        except NetworkError as error:
            reason = (
                left_out(error.code, error.why)
                if error.code == "too_large"
                else failed(error.code, error.why)
            )
            case = replace(case, stage=Stage.HEADERS, found=(reason,))
            return self._examination(judge(case, self._terms), case)
        response = _response(case.url, answer)
        redirect = _redirect(case.url, answer)
        found = (left_out("redirect", f"answered {answer.status} to {redirect}"),) if redirect else ()
        credentials = await self._c2pa.read_assertions(
            _media_type(answer), answer.body, url=case.url, fetched_at=_now()
        )
        own = (*extract(response, self._terms.agent), *filter(None, (credentials,)))
        evidence = (*case.evidence, *own)
        case = replace(case, stage=Stage.BODY, evidence=evidence, found=found, decided_at=_now())
        profile = self._terms.policy.profile
        while not redirect and (wanted := plan(case.url, case.evidence, self._terms.agent, profile)):
            more = [await self.store.get(request) for request in wanted]
            case = replace(case, evidence=(*case.evidence, *more))
        if not redirect:
            case = replace(case, evidence=await self.other_pages.complete(case, answer.body))
        return self._examination(judge(case, self._terms), case, redirect)

    def _examination(self, decision: Decision, case: Case, redirect: str | None = None) -> Examination:
        reading = read(case.url, decision.evidence, self._terms.agent)
        if any(r.code.startswith("access.") for r in decision.reasons):
            redirect = None
        return Examination(decision=decision, reading=reading, redirect=redirect)


def examine_files(config: Config, url: str, folder: Path, *, policies: bool = False) -> Examination:
    """Decide from files: `robots.txt`, `tdmrep.json`, ... and `response.http`. What is not there is absent.

    `response.http` is a status line, header lines, an empty line and the body. `rsl` and `tdm-policy` stand
    for any document of theirs that the rest points to, `terms` for the terms that the site links, `feed.xml`
    for a feed of the site.
    Raises OfflineError.
    """
    if not folder.is_dir():
        raise OfflineError(
            f"{folder}: no such folder; name one with robots.txt, tdmrep.json, {RESPONSE_FILE}, ..."
        )
    when = _now()
    origin = origin_of(url)
    paths: Mapping[str, str] = {ROBOTS_TXT: "/robots.txt"} | {
        location.kind: location.path for protocol in discover() for location in protocol.locations
    }
    evidence = [_from_file(kind, origin + path, folder / kind, when) for kind, path in paths.items()]
    if (folder / TERMS).exists():
        evidence.append(_with_type(_from_file(TERMS, f"{origin}/{TERMS}", folder / TERMS, when)))
    if (folder / FEED_FILE).exists() and url.partition("#")[0] != f"{origin}/{FEED_FILE}":
        evidence.append(_from_file(FEED, f"{origin}/{FEED_FILE}", folder / FEED_FILE, when))
    page = folder / RESPONSE_FILE
    if page.exists():
        evidence.append(_from_http(url, page, when))
    terms = terms_of(config, policies=policies)
    while wanted := plan(url, evidence, terms.agent, terms.policy.profile):
        evidence += [_from_file(r.kind, r.url, folder / r.kind, when) for r in wanted]
    case = Case(url=url, stage=Stage.BODY, decided_at=when, evidence=tuple(evidence))
    decision = judge(case, terms)
    kept = [part for item in evidence for part in extract(item, terms.agent)]
    return Examination(decision=decision, reading=read(url, kept, terms.agent))


def _from_file(kind: str, url: str, path: Path, when: datetime) -> Evidence:
    if not path.exists():
        return Evidence(kind=kind, url=url, outcome=Outcome.ABSENT, fetched_at=when, status=404)
    return Evidence(
        kind=kind, url=url, outcome=Outcome.FOUND, fetched_at=when, status=200, body=path.read_bytes()
    )


def _with_type(evidence: Evidence) -> Evidence:
    """A file from a folder has no header that says what it is; its bytes do."""
    media_type = "text/html" if looks_like_html((), evidence.body) else "text/plain"
    return replace(evidence, fields=(("Content-Type", media_type),))


def _from_http(url: str, path: Path, when: datetime) -> Evidence:
    head, _, body = path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
    status_line, *lines = head.decode("latin-1").split("\n")
    words = status_line.split()
    if len(words) < 2 or not words[1].isdigit():
        raise OfflineError(f"{path}:1: a status line such as `HTTP/1.1 200 OK` comes first")
    fields = tuple((n.strip(), v.strip()) for n, _, v in (line.partition(":") for line in lines if line))
    return Evidence(
        kind=RESPONSE,
        url=url,
        outcome=Outcome.FOUND,
        fetched_at=when,
        status=int(words[1]),
        fields=fields,
        body=body,
    )


def _media_type(answer: Answer) -> str:
    return (answer.field("content-type") or "").partition(";")[0].strip().lower()


def _response(url: str, answer: Answer) -> Evidence:
    return Evidence(
        kind=RESPONSE,
        url=url,
        outcome=Outcome.FOUND,
        fetched_at=_now(),
        status=answer.status,
        fields=redacted(answer.fields),
        body=answer.body,
    )


def _redirect(url: str, answer: Answer) -> str | None:
    location = answer.field("location")
    if answer.status not in _REDIRECTS or not location:
        return None
    try:
        return urljoin(url, location)
    except ValueError:
        return None


def _now() -> datetime:
    return datetime.now(UTC)


def _today() -> date:
    return _now().date()
