"""The sequencer: dense places, immutable files, one mutable checkpoint, and refusals."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from crawler.log import records, sequencer
from crawler.log.checkpoint import open_checkpoint
from crawler.log.findings import What
from crawler.log.folder import LogError
from crawler.log.keeper import close_log, keep_log
from crawler.log.key import KeyFileError
from crawler.log.merkle import check_consistency, consistency_proof
from crawler.log.note import parse_verifier
from crawler.log.sequencer import erase, log_folder, origin_of_log
from crawler.log.status import status
from crawler.log.tiles import hashes_from, unbundle
from crawler.present import DECISION_KEYS, REASON_KEYS
from crawler.store.columns import Moment
from crawler.store.database import open_database
from crawler.store.desk import complaint
from crawler.store.record import Record
from crawler.store.schema import decision, log_entry
from crawler.store.writer import Writer
from tests.log_tools import Instance
from tests.record_tools import START, at, closed_page, recorded


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(tmp_path / "data")


def test_the_complete_list_of_files(instance: Instance) -> None:
    instance.crawl(2)
    instance.checkpoint()
    assert list(instance.files()) == [
        "checkpoint", "key", "tile/0/000.p/3", "tile/entries/000.p/3", "vkey",
    ]  # fmt: skip
    before = instance.files()
    instance.crawl(255)
    instance.checkpoint()
    after = instance.files()
    assert list(after) == [
        "checkpoint", "key", "tile/0/000", "tile/0/000.p/3", "tile/0/001.p/3", "tile/1/000.p/1",
        "tile/entries/000", "tile/entries/000.p/3", "tile/entries/001.p/3", "vkey",
    ]  # fmt: skip
    assert {name for name, data in before.items() if after[name] != data} == {"checkpoint"}
    assert instance.verified().findings == ()


def test_nothing_new_changes_nothing(instance: Instance) -> None:
    instance.crawl(2)
    first = instance.checkpoint()
    files = instance.files()
    again = instance.checkpoint(minutes=5)
    assert (again.note, again.size, again.added) == (first.note, first.size, 0)
    assert instance.files() == files


def test_places_are_dense_and_in_the_order_of_decisions(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencer, "BATCH", 10)
    instance.crawl(35)
    instance.crawl(10)
    assert instance.checkpoint().added == 35 + 1 + 10 + 1
    with instance.reading() as connection:
        rows = connection.execute(select(log_entry).order_by(log_entry.c.position)).all()
    assert [row.position for row in rows] == list(range(47))
    numbers = [row.decision_id for row in rows if row.decision_id]
    assert numbers == sorted(numbers) == list(range(1, 46))
    # a crawl's own entry comes once none of its decisions waits
    assert [row.crawl_id for row in rows if row.crawl_id] == [1, 2]


def test_a_later_checkpoint_continues_an_earlier_one(instance: Instance) -> None:
    instance.crawl(3)
    notes = [instance.checkpoint().note]
    instance.crawl(300)
    notes.append(instance.checkpoint().note)
    folder = log_folder(instance.config)
    verifier = parse_verifier(folder.verifier_key() or "")
    old, new = (open_checkpoint(note, [verifier]) for note in notes)
    proof = consistency_proof(old.size, new.size, hashes_from(new.size, folder.read))
    check_consistency(old.size, new.size, old.root, new.root, proof)
    assert new.origin == "crawler.example/forbear/log"


def test_nothing_of_a_complaint_or_a_url_is_in_a_published_file(instance: Instance) -> None:
    engine = open_database(instance.config.database_url)
    with engine.begin() as connection:
        row = {c.name: START if isinstance(c.type, Moment) else "Jane Doe" for c in complaint.columns}
        connection.execute(insert(complaint), {**row, "id": 1})
    engine.dispose()
    instance.crawl(3, kept=2)
    instance.checkpoint()
    for name, data in instance.files().items():
        assert b"example.org" not in data, name
        assert b"Jane" not in data, name
    for entry in unbundle(instance.files()["tile/entries/000.p/6"]):
        assert set(json.loads(entry)) == {"c", "kind", "v"}


def test_the_same_record_twice_gives_entries_that_nobody_can_match(instance: Instance) -> None:
    instance.crawl(2)
    other = Instance(instance.data.with_name("other"))
    other.crawl(2)
    instance.checkpoint()
    other.checkpoint()
    name = "tile/entries/000.p/3"
    assert not set(unbundle(instance.files()[name])) & set(unbundle(other.files()[name]))


def test_a_record_is_erased_and_the_tree_stays(instance: Instance) -> None:
    instance.crawl(3, kept=3)
    first = instance.checkpoint()
    engine = open_database(instance.config.database_url)
    with engine.begin() as connection:
        assert erase(connection, 5, at(3)) == 7
    with engine.begin() as connection, pytest.raises(LookupError):
        erase(connection, 5, at(3))
    with engine.connect() as connection:
        assert connection.scalar(select(decision.c.id).where(decision.c.id == 5)) is None
        gone = connection.execute(select(log_entry).where(log_entry.c.position == 4)).one()
    engine.dispose()
    assert (gone.salt, gone.decision_id) == (None, None)
    second = instance.checkpoint(minutes=4)
    assert second.size == first.size + 1
    assert instance.verified(first.note, replay=True).findings == ()


def test_what_opens_an_entry_does_not_go_without_a_word(instance: Instance) -> None:
    instance.crawl(3)
    instance.checkpoint()
    instance.run("UPDATE log_entry SET salt = NULL, decision_id = NULL WHERE position = 1")
    found = instance.verified().findings
    assert [(f.entry, f.what) for f in found] == [(1, What.MISSING), (None, What.MISSING)]


def test_an_older_database_is_not_signed_over_what_was_published(instance: Instance) -> None:
    instance.crawl(3)
    instance.checkpoint()
    shutil.copy(instance.data / "forbear.db", instance.data / "backup.db")
    instance.crawl(3)
    instance.checkpoint()
    (instance.data / "backup.db").replace(instance.data / "forbear.db")
    with pytest.raises(LogError, match="a checkpoint of 8 entries was published"):
        instance.checkpoint()
    instance.crawl(9)
    with pytest.raises(LogError, match=r"differs|put back to an older copy"):
        instance.checkpoint()
    assert instance.verified().findings[0].what in (What.TILE, What.CHECKPOINT, What.ENTRIES)


def test_a_log_whose_key_is_gone_does_not_go_on_under_another(instance: Instance) -> None:
    instance.crawl(1)
    instance.checkpoint()
    (instance.log / "key").unlink()
    instance.crawl(1)
    with pytest.raises(KeyFileError, match="cannot be read"):
        instance.checkpoint()
    assert not (instance.log / "key").exists()


def test_another_key_does_not_sign_on(instance: Instance) -> None:
    instance.crawl(1)
    instance.checkpoint()
    other = Instance(instance.data.with_name("other"))
    other.crawl(1)
    other.checkpoint()
    shutil.copy(other.log / "key", instance.log / "key")
    instance.crawl(1)
    with pytest.raises(LogError, match="not this key's"):
        instance.checkpoint()


def test_a_missing_tile_is_named(instance: Instance) -> None:
    instance.crawl(1)
    instance.checkpoint()
    (instance.log / "tile/0/000.p/2").unlink()
    instance.crawl(1)
    with pytest.raises(LogError, match=r"tile/0/000\.p/2"):
        instance.checkpoint()


def test_an_altered_tile_is_not_built_upon(instance: Instance) -> None:
    instance.crawl(1)
    instance.checkpoint()
    file = instance.log / "tile/0/000.p/2"
    file.write_bytes(bytes(64))
    instance.crawl(1)
    with pytest.raises(LogError, match="does not continue it"):
        instance.checkpoint()


def test_the_web_may_hand_out_everything_but_the_key(instance: Instance) -> None:
    instance.crawl(1)
    instance.checkpoint()
    folder = log_folder(instance.config)
    handed_out = [name for name in instance.files() if folder.public_file(name)]
    assert handed_out == ["checkpoint", "tile/0/000.p/2", "tile/entries/000.p/2", "vkey"]
    for path in ("key", "new", "../forbear.db", "tile/../key", "", ".", "tile/0/001"):
        assert folder.public_file(path) is None


def test_an_empty_record_begins_no_log(instance: Instance) -> None:
    engine = open_database(instance.config.database_url)
    assert sequencer.publish(engine, log_folder(instance.config), "a.example", START) is None
    engine.dispose()
    assert instance.files() == {}


@pytest.mark.parametrize(
    ("sections", "origin"),
    [
        ({"publish": {"base_url": "https://crawler.example/x/"}}, "crawler.example/x/log"),
        ({"crawler": {"info_url": "https://example.org/bot"}}, "example.org/bot/log"),
        ({"crawler": {"product_token": "ExampleBot"}}, "ExampleBot/log"),
        ({}, "forbear/log"),
    ],
)
def test_a_log_is_called_after_where_it_is_read(
    instance: Instance, sections: dict[str, dict[str, str]], origin: str
) -> None:
    config = type(instance.config).model_validate(sections)
    assert origin_of_log(config) == origin


def test_a_decision_that_waits_too_long_gives_alarm(instance: Instance) -> None:
    instance.crawl(2)
    folder = log_folder(instance.config)
    with instance.reading() as connection:
        soon = status(connection, folder, START + timedelta(seconds=60))
        late = status(connection, folder, START + timedelta(seconds=61))
    assert (soon.waiting, soon.oldest_waiting, soon.is_late) == (2, START, False)
    assert late.is_late
    instance.checkpoint()
    with instance.reading() as connection:
        done = status(connection, folder, START + timedelta(days=1))
    assert (done.waiting, done.is_late, done.entries, done.checkpoint_size) == (0, False, 3, 3)
    assert done.is_published


def test_places_are_given_out_while_a_crawl_runs(instance: Instance) -> None:
    engine = open_database(instance.config.database_url)

    async def body(record: Record, writer: Writer) -> int:
        task = asyncio.create_task(keep_log(writer, START.timestamp, every=0.01))
        record.decide(closed_page())
        record.decide(closed_page("/private/b"))
        while True:
            await asyncio.sleep(0.02)
            with instance.reading() as connection:
                size = len(connection.execute(select(log_entry)).all())
            if size:
                task.cancel()
                return size

    assert recorded(engine, body) == 2
    asyncio.run(close_log(engine, instance.config, START.timestamp))
    engine.dispose()
    assert instance.verified().entries == 2  # the crawl itself has not ended


def test_a_broken_log_is_a_warning_and_never_costs_a_crawl(
    instance: Instance, caplog: pytest.LogCaptureFixture
) -> None:
    instance.crawl(1)
    instance.checkpoint()
    (instance.log / "key").chmod(0o644)
    instance.crawl(1)
    engine = open_database(instance.config.database_url)
    with caplog.at_level(logging.WARNING):
        asyncio.run(close_log(engine, instance.config, START.timestamp))
    engine.dispose()
    assert "chmod 600" in caplog.text


def test_committed_forms_are_frozen() -> None:
    """What is shown may gain keys. Then a new form is committed to, and the old one is still made."""
    assert records.DECISION_KEYS == DECISION_KEYS
    assert records.REASON_KEYS == REASON_KEYS
