"""One audit: location files first, then every page in order, a window at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from crawler.about import about
from crawler.audit.inputs import WARC, InputError, kind_of
from crawler.audit.judging import Judge
from crawler.audit.live import LiveFiles
from crawler.audit.model import AuditRow, Page, Trouble
from crawler.audit.seen_files import SeenFiles
from crawler.audit.tabular import READERS, Columns
from crawler.audit.warc_pages import WarcPages
from crawler.c2pa_worker import C2paWorker
from crawler.config import Config
from crawler.gate import Terms
from crawler.lists import list_policy, load_lists
from crawler.store.warc import WarcFile
from reservations.model import Evidence, Profile
from reservations.readers.assets import may_hold_c2pa

WINDOW = 256
"""Pages whose location files are asked for together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be audited, and how."""

    files: Sequence[Path]
    columns: Columns = field(default_factory=Columns)
    live: bool = False
    evidence: Path | None = None
    """Folder for the location files that `live` fetches, as WARC; None: they are not kept."""


class Audit:
    """Reads, judges, and yields. The same input, policy and lists give the same rows, unless it is live."""

    def __init__(self, config: Config, order: Order) -> None:
        """Raises ListError where the lists cannot be used."""
        self._order = order
        self._max_body = config.crawl.max_body
        token = config.crawler.product_token or "ForbearAudit"
        self._config = config.merged(crawler={"product_token": token})
        self._terms = Terms(
            agent=self._config.agent, policy=self._config.reading_policy, types=config.crawl.types
        )
        self._index = load_lists(config).index(list_policy(config))
        self.files_seen = 0
        self.files_full = False

    def results(self) -> Iterator[AuditRow | Trouble]:
        """A row for each page, and a trouble for each place that could not be read, in the input's order."""
        with ExitStack() as stack:
            runner = stack.enter_context(asyncio.Runner())
            seen = SeenFiles()
            stack.callback(seen.close)
            worker = C2paWorker()
            stack.callback(lambda: runner.run(worker.close()))
            kinds = list(self._kinds(seen))
            self.files_seen, self.files_full = seen.count, seen.full
            live = None
            if self._order.live:
                folder = self._order.evidence
                kept = WarcFile(folder, "audit", about(self._config)) if folder else None
                live = LiveFiles(self._config, self._terms, self._index, runner, kept)
                stack.callback(live.close)
            judge = Judge(
                self._terms, self._index, seen, today=datetime.now(UTC).date(), live=self._order.live
            )
            pages = self._pages(kinds, self._warc_pages(seen, runner, worker))
            yield from _judged(pages, judge, live)

    def _kinds(self, seen: SeenFiles) -> Iterator[tuple[Path, str | Trouble]]:
        """The kind of each file; location files of WARC files are remembered on the way."""
        for path in self._order.files:
            kind: str | Trouble
            try:
                kind = kind_of(path)
                if kind == WARC:
                    seen.take_from(path)
            except (InputError, OSError) as error:
                why = str(error).removeprefix(f"{path}: ")
                kind = Trouble(file=str(path), offset=0, unit="byte", why=why)
            yield path, kind

    def _pages(
        self, kinds: Iterable[tuple[Path, str | Trouble]], warc_pages: WarcPages
    ) -> Iterator[Page | Trouble]:
        for path, kind in kinds:
            if isinstance(kind, Trouble):
                yield kind
                continue
            try:
                if kind == WARC:
                    with path.open("rb") as stream:
                        yield from warc_pages.pages(stream, str(path))
                else:
                    yield from READERS[kind](path, self._order.columns)
            except OSError as error:
                yield Trouble(file=str(path), offset=0, unit="byte", why=f"cannot be read ({error.strerror})")

    def _warc_pages(self, seen: SeenFiles, runner: asyncio.Runner, worker: C2paWorker) -> WarcPages:
        def credentials(media_type: str, body: bytes, url: str, when: datetime) -> Evidence | None:
            if not may_hold_c2pa(media_type, body):
                return None
            return runner.run(worker.read_assertions(media_type, body, url=url, fetched_at=when))

        return WarcPages(
            self._terms.agent,
            self._max_body,
            seen.is_file,
            credentials,
            terms_bind=self._terms.policy.profile is Profile.STRICT,
        )


def _judged(
    pages: Iterable[Page | Trouble], judge: Judge, live: LiveFiles | None
) -> Iterator[AuditRow | Trouble]:
    iterator = iter(pages)
    while window := list(islice(iterator, WINDOW if live else 1)):
        prepared = [judge.prepare(each) for each in window if isinstance(each, Page)]
        if live is not None:
            for one, evidence in zip(prepared, live.gather(prepared), strict=True):
                judge.add(one, evidence)
        rows = map(judge.row, prepared)
        for each in window:
            yield each if isinstance(each, Trouble) else next(rows)
