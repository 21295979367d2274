"""Updates of registered lists against a server that behaves, and one that does not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from blocklists.model import Status
from crawler.config import Config
from crawler.lists import ListError, load_lists
from crawler.lists.approvals import Signature, approve_held, held
from crawler.lists.files import folder
from crawler.lists.loading import load_imported
from crawler.lists.updating import Outcome, Updated, chosen, due, read_state, update
from crawler.network import AddressGuard, Client
from tests.integration.blocklist_tools import config_in, write_register
from tests.integration.rawserver import RawServer, answer, redirect

NAMES = "".join(f"film-{number}.com\n" for number in range(40))


async def fetch(config: Config, *names: str) -> dict[str, Updated]:
    guard = AddressGuard(allow_private=True)
    async with Client(guard, {"User-Agent": "ForbearDemo/1.0"}, timeout=3) as client:
        return {done.name: done for done in await update(config, client, chosen(config, names))}


def run(config: Config, server: RawServer, *names: str, **replies: Any) -> dict[str, Updated]:
    async def go() -> dict[str, Updated]:
        async with server:
            sources = {name: {"url": server.url(f"/{name}"), **(replies.get(name) or {})} for name in names}
            write_register(config, **sources)
            return await fetch(config, *names)

    return asyncio.run(go())


def values(config: Config) -> set[str]:
    return {e.value for e in load_imported(config).entries() if e.known_to is None}


def test_a_list_is_taken_with_its_bytes_and_asked_for_only_if_it_changed(tmp_path: Path) -> None:
    config = config_in(tmp_path)

    async def go() -> None:
        async with RawServer({"/a": answer(NAMES.encode(), ETag='"1"', Last_Modified="x")}) as server:
            write_register(config, a={"url": server.url("/a")})
            first = await fetch(config, "a")
            assert (first["a"].outcome, first["a"].entries) == (Outcome.TAKEN, 40)
            server.replies["/a"] = answer(status="304 Not Modified", length=0)
            second = await fetch(config, "a")
            assert second["a"].outcome is Outcome.UNCHANGED
            assert "if-none-match" in {k.lower() for k in server.seen[-1].headers}

    asyncio.run(go())
    (listing,) = load_imported(config).listings
    assert (folder(config) / "raw" / listing.sha256).read_bytes() == NAMES.encode()
    assert listing.entries[0].known_from is not None
    assert listing.retrieved_at > listing.entries[0].known_from
    assert read_state(config)["a"]["etag"] == '"1"'
    assert due(config, chosen(config, ["a"]), listing.retrieved_at) == ()


def test_a_version_that_shrinks_is_held_until_a_person_approves(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    run(config, RawServer({"/a": answer(NAMES.encode())}), "a")
    done = run(config, RawServer({"/a": answer(b"film-1.com\n", ETag='"2"')}), "a")["a"]
    assert done.outcome is Outcome.HELD
    assert "from 40 names to 1" in done.why
    assert len(values(config)) == 40
    assert "etag" not in read_state(config)["a"]
    assert [listing.name for listing in held(config)] == ["a"]
    with pytest.raises(ListError, match="needs a person"):
        approve_held(config, "a", Signature(by="", reason="x"))
    approve_held(config, "a", Signature(by="A. Jurist", reason="annulled on appeal"))
    assert values(config) == {"film-1.com"}
    assert len(list(load_imported(config).entries())) == 40
    assert {e.status for e in load_imported(config).entries() if e.known_to} == {Status.DELISTED}
    log = [json.loads(line) for line in (folder(config) / "approvals.jsonl").read_text().splitlines()]
    assert [line["what"] for line in log] == ["held", "approved"]
    assert log[1]["by"] == "A. Jurist"
    with pytest.raises(ListError, match="no version of a waits"):
        approve_held(config, "a", Signature(by="x", reason="y"))


@pytest.mark.parametrize(
    "reply",
    [
        answer(status="500 Oops"),
        answer(status="404 Not Found"),
        answer(NAMES.encode(), length=9_000_000_000),
        answer(NAMES.encode() * 200),
        redirect("http://127.0.0.1:1/elsewhere"),
        redirect("/a"),
        b"not http at all\r\n\r\n",
    ],
)
def test_whatever_goes_wrong_what_is_in_force_stays(tmp_path: Path, reply: bytes) -> None:
    config = config_in(tmp_path)
    run(config, RawServer({"/a": answer(NAMES.encode())}), "a")
    done = run(config, RawServer({"/a": reply}), "a", a={"max_bytes": 4096})["a"]
    assert done.outcome is Outcome.FAILED
    assert done.why
    assert len(values(config)) == 40


def test_a_web_page_in_the_place_of_the_list_empties_nothing(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    run(config, RawServer({"/a": answer(NAMES.encode())}), "a")
    done = run(config, RawServer({"/a": answer(b"<!doctype html><h1>moved")}), "a")["a"]
    assert done.outcome is Outcome.HELD
    assert len(values(config)) == 40
    other = config_in(tmp_path / "first")
    assert run(other, RawServer({"/a": answer(b"<html>moved")}), "a")["a"].outcome is Outcome.HELD


def test_a_redirect_is_followed_by_hand(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    replies = {"/a": redirect("/b"), "/b": answer(NAMES.encode())}
    assert run(config, RawServer(replies), "a")["a"].entries == 40  # type: ignore[arg-type]
    assert load_imported(config).listings[0].url.endswith("/b")


def test_public_networks_are_asked_over_tls_only(tmp_path: Path) -> None:
    config = config_in(tmp_path).merged(network={"allow_private": False})
    write_register(config, a={"url": "http://lists.example.org/a"})
    done = asyncio.run(fetch(config, "a"))["a"]
    assert "is not https" in done.why


def test_names_in_a_text_and_links_of_a_page_wait_for_a_person(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    replies: dict[str, Any] = {
        "/text": answer(b"access to film-one.com is to be blocked"),
        "/eu": answer(b'<a href="https://lists.finland-one.fi/a.csv">Finland</a>'),
    }
    done = run(
        config, RawServer(replies), "text", "eu", text={"format": "court_text"}, eu={"format": "links"}
    )
    assert {each.outcome for each in done.values()} == {Outcome.PROPOSED}
    assert values(config) == set()
    assert "finland-one" in (folder(config) / "proposals" / "eu.links.json").read_text()


@pytest.mark.parametrize("name", ["agcom", "piracy_shield", "eu_links", "nobody"])
def test_what_cannot_be_fetched_says_where_it_is(tmp_path: Path, name: str) -> None:
    with pytest.raises(ListError, match=r"no source|cannot be fetched"):
        chosen(config_in(tmp_path), [name])


def test_the_curated_list_is_in_force_by_default(tmp_path: Path) -> None:
    assert [listing.name for listing in load_lists(config_in(tmp_path)).listings] == ["curated"]
