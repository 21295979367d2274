"""An instance with a log: decisions by the real gate, documents and evidence in real WARC files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from crawler.config import Config
from crawler.log.note import parse_verifier
from crawler.log.sequencer import Published, log_folder, origin_of_log, publish
from crawler.log.verify import Answer, Question, verify
from crawler.store.database import Connection, open_database, open_for_reading
from crawler.store.record import Answer as Head
from crawler.store.record import CrawlStatus, Record, WarcPlace
from crawler.store.warc import About, Received, WarcFile, response_record
from crawler.store.writer import Writer
from reservations.model import Evidence
from tests.record_tools import at, closed_page, crawl_start, decided, location_files, page, recorded, robots

ABOUT = About(software="Forbear/test", operator="", contact="", user_agent="ExampleBot/1.0", info_url="")
ROBOTS = b"# marker-in-robots\nUser-agent: *\nDisallow: /private/\n"


@dataclass(frozen=True)
class Instance:
    """A data folder with a record, and the log beside it."""

    data: Path
    database: str = ""

    @property
    def config(self) -> Config:
        return Config.model_validate(
            {
                "storage": {"data": self.data, "database": self.database},
                "publish": {"base_url": "https://crawler.example/forbear"},
            }
        )

    @property
    def log(self) -> Path:
        return self.data / "log"

    def crawl(self, closed: int, kept: int = 0, minutes: float = 0) -> None:
        """Decide about so many closed pages, then keep so many, in a crawl of their own."""
        engine = open_database(self.config.database_url)

        async def body(record: Record, _: Writer) -> None:
            crawl = f"{record._context['crawl_id']:06d}"
            evidence = WarcFile(self.data / "evidence", f"evidence-{crawl}", ABOUT)
            documents = WarcFile(self.data / "warc", f"forbear-{crawl}", ABOUT)
            file = robots(ROBOTS, minutes=minutes)
            record.observe(file, stored(evidence, "evidence", file, file.body))
            for number in range(closed):
                record.decide(closed_page(f"/private/{number}", minutes, ROBOTS))
            for number in range(kept):
                content = b"<title>page %d</title>" % number
                answer = page(f"https://example.org/page/{number}", content, minutes)
                decision = decided(
                    answer.url, file, *location_files(minutes=minutes), answer, minutes=minutes
                )
                decision = replace(decision, via=f"https://example.org/marker-of-{number}")
                head = Head(
                    status=200,
                    media_type="text/html",
                    bytes=len(content),
                    body_sha256=sha256(content).hexdigest(),
                    attempt=1,
                )
                record.decide(decision, head, stored(documents, "warc", answer, content))
            documents.close()
            evidence.close()
            await record.end_crawl(CrawlStatus.FINISHED, at(minutes + 1))

        recorded(engine, body, crawl_start(at(minutes)))
        engine.dispose()

    def checkpoint(self, minutes: float = 2) -> Published:
        """Bring the log up to date."""
        engine = open_database(self.config.database_url)
        try:
            done = publish(engine, log_folder(self.config), origin_of_log(self.config), at(minutes))
        finally:
            engine.dispose()
        assert done is not None
        return done

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The record, for queries."""
        engine = open_for_reading(self.config.database_url)
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    def verified(self, *kept: str, replay: bool = False) -> Answer:
        """What verifying finds."""
        folder = log_folder(self.config)
        verifier = parse_verifier(folder.verifier_key() or "")
        with self.reading() as connection:
            return verify(
                connection,
                Question(folder=folder, data=self.data, verifier=verifier, kept=kept, replay=replay),
            )

    def run(self, *statements: str) -> None:
        """Tamper with the record behind everybody's back."""
        engine = open_database(self.config.database_url)
        with engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    def files(self) -> dict[str, bytes]:
        """Every file of the log."""
        return {
            str(path.relative_to(self.log)): path.read_bytes()
            for path in sorted(self.log.rglob("*"))
            if path.is_file()
        }


def stored(series: WarcFile, folder: str, evidence: Evidence, body: bytes) -> WarcPlace:
    """Write what was received to a WARC file."""
    received = Received(
        url=evidence.url,
        date=evidence.fetched_at,
        status_line=b"HTTP/1.1 200 OK",
        header_lines=((b"Content-Type", b"text/html"),),
        body=body,
    )
    position = series.append(response_record(received))
    return WarcPlace(file=f"{folder}/{position.file}", offset=position.offset, length=position.length)


def flip(file: Path, offset: int) -> None:
    """Change one bit of a file."""
    data = bytearray(file.read_bytes())
    data[offset] ^= 1
    file.write_bytes(data)
