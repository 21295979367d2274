"""A second look at kept pages, over real sockets: what changed, what did not, what nobody can tell."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from asyncio import StreamWriter
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from crawler.web.language import language
from crawler.web.url_view import url_answer, url_more, url_view
from tests.integration.rawserver import Seen, answer, garbage, redirect, reset
from tests.integration.recheck_tools import OPEN, PAGE, Kept, not_modified, page, site

CLOSED = answer(b"User-agent: *\nDisallow: /a\n", Content_Type="text/plain")


def test_a_page_that_did_not_change_is_confirmed_and_stays(tmp_path: Path) -> None:
    with site(a=page(ETag='"1"', Last_Modified="Mon, 23 Nov 2026 10:00:00 GMT")) as web:
        kept = Kept(tmp_path, web.url("/a"))
        web["/a"] = not_modified(ETag='"1"', Date="Tue, 24 Nov 2026 10:00:00 GMT")
        web.forget()
        ending = kept.look()
        (asked,) = web.asked("/a")
        assert asked["if-none-match"] == '"1"'
        assert asked["if-modified-since"] == "Mon, 23 Nov 2026 10:00:00 GMT"
        assert kept.last(web.url("/a")) == ("recheck", "keep", "none")
        first, second = kept.decisions(web.url("/a"))
        assert (second.status, second.body_sha256, second.bytes) == (304, first.body_sha256, first.bytes)
        assert (ending.outcomes.confirmed, ending.outcomes.closed.total(), ending.left) == (1, 0, 0)
        assert kept.exported() == {web.url("/a")}


def test_a_page_that_changed_is_judged_anew_from_its_body(tmp_path: Path) -> None:
    with site(a=page(ETag='"1"'), b=page(ETag='"1"')) as web:
        kept = Kept(tmp_path, web.url("/a"), web.url("/b"))
        web["/a"] = page(b"<html><head><meta name='tdm-reservation' content='1'></head></html>", ETag='"2"')
        web["/b"] = page(PAGE + b" more", ETag='"2"')
        ending = kept.look()
        assert kept.last(web.url("/a")) == ("recheck", "exclude", "tdmrep.meta")
        assert kept.last(web.url("/b")) == ("recheck", "keep", "none")
        assert kept.decisions(web.url("/b"))[1].body_sha256 != kept.decisions(web.url("/b"))[0].body_sha256
        assert kept.exported() == {web.url("/b")}
        assert (ending.outcomes.closed, ending.outcomes.examples) == ({"tdmrep.meta": 1}, [web.url("/a")])


@pytest.mark.parametrize(
    ("field", "reason"),
    [({"tdm_reservation": "1"}, "tdmrep.header"), ({"X_Robots_Tag": "noai"}, "noai.header")],
)
def test_a_reservation_on_a_304_counts(tmp_path: Path, field: dict[str, str], reason: str) -> None:
    with site(a=page(ETag='"1"')) as web:
        kept = Kept(tmp_path, web.url("/a"))
        web["/a"] = not_modified(ETag='"1"', **field)
        kept.look()
        assert kept.last(web.url("/a")) == ("recheck", "exclude", reason)
        assert kept.exported() == set()


def test_a_304_that_nobody_asked_for_is_no_answer(tmp_path: Path) -> None:
    with site(a=page()) as web:  # without a validator there is no condition to set
        kept = Kept(tmp_path, web.url("/a"))
        web["/a"] = not_modified(ETag='"1"')
        web.forget()
        kept.look()
        assert "if-none-match" not in web.asked("/a")[0]
        assert kept.last(web.url("/a")) == ("recheck", "defer", "error.not_modified")
        assert kept.exported() == set()


def test_a_304_about_an_answer_we_do_not_hold_is_asked_again_without_conditions(tmp_path: Path) -> None:
    with site(a=page(ETag='"1"')) as web:
        kept = Kept(tmp_path, web.url("/a"))
        changed = page(b"<meta name=tdm-reservation content=1>", ETag='"2"')

        async def answers(seen: Seen, writer: StreamWriter) -> None:
            writer.write(not_modified(ETag='"2"') if "if-none-match" in seen.headers else changed)

        web["/a"] = answers
        kept.look()
        assert kept.last(web.url("/a")) == ("recheck", "exclude", "tdmrep.meta")


def test_a_file_that_denies_comes_before_any_request_for_the_page(tmp_path: Path) -> None:
    with site(a=page(ETag='"1"'), b=page(ETag='"1"')) as web:
        kept = Kept(tmp_path, web.url("/a"), web.url("/b"))
        web["/robots.txt"] = CLOSED
        web.forget()
        kept.look()
        assert web.asked("/a") == []
        assert len(web.asked("/b")) == 1
        assert kept.last(web.url("/a")) == ("recheck", "exclude", "robots.disallow")
        assert kept.exported() == {web.url("/b")}


@pytest.mark.parametrize("dead", [reset, garbage, answer(status="503 Service Unavailable", Retry_After="1")])
def test_a_page_that_cannot_be_had_is_unknown_and_in_no_export_until_it_is_known_again(
    tmp_path: Path, dead: bytes
) -> None:
    with site(a=page(ETag='"1"')) as web:
        kept = Kept(tmp_path, web.url("/a"))
        web["/a"] = dead
        ending = kept.look()
        assert kept.last(web.url("/a"))[:2] == ("recheck", "defer")
        assert (kept.exported(), ending.outcomes.unknown) == (set(), 1)
        web["/a"] = not_modified(ETag='"1"')
        assert kept.look(days=0.5).outcomes.looked_at == 0  # not yet due
        ending = kept.look(days=0.6)
        assert kept.last(web.url("/a")) == ("recheck", "keep", "none")
        assert (kept.exported(), ending.outcomes.opened) == ({web.url("/a")}, 1)


def test_a_dead_server_makes_everything_unknown_and_withdraws_nothing(tmp_path: Path) -> None:
    with site(a=page(), b=page()) as web:
        kept = Kept(tmp_path, web.url("/a"), web.url("/b"))
        web.die()
        kept.look()
        for path in ("/a", "/b"):
            assert kept.last(web.url(path)) == ("recheck", "defer", "robots.unreachable")
        assert kept.exported() == set()


def test_a_reservation_has_a_day_it_was_first_seen_and_a_day_it_ended(tmp_path: Path) -> None:
    meta = b"<html><head><meta name='tdm-reservation' content='1'></head></html>"
    with site(a=page(ETag='"1"'), b=page(ETag='"1"'), c=page(ETag='"1"')) as web:
        kept = Kept(tmp_path, web.url("/a"), web.url("/b"), web.url("/c"))
        web["/robots.txt"] = answer(b"User-agent: *\nDisallow: /c\n", Content_Type="text/plain")
        web["/a"] = web["/b"] = page(meta, ETag='"2"')
        kept.look()
        assert {(r.code, r.ended_at is None) for r in kept.reservations()} == {
            ("tdmrep.meta", True),
            ("robots.disallow", True),
        }
        first = {r.code: r.first_seen for r in kept.reservations()}
        web["/robots.txt"] = OPEN
        web["/a"] = page(ETag='"3"')
        kept.look()  # one page still says it, so it has not ended
        assert {(r.code, r.ended_at is None) for r in kept.reservations()} == {
            ("tdmrep.meta", True),
            ("robots.disallow", False),
        }
        web["/b"] = page(ETag='"3"')
        kept.look()
        rows = kept.reservations()
        assert all(r.ended_at is not None and r.ended_at > first[r.code] for r in rows)
        assert {r.code: r.first_seen for r in rows} == first
        assert kept.exported() == {web.url("/a"), web.url("/b"), web.url("/c")}


def test_what_a_list_names_is_not_contacted(tmp_path: Path) -> None:
    with site(a=page()) as web:
        kept = Kept(tmp_path, web.url("/a"))
        kept.list_host("127.0.0.1")
        web.forget()
        kept.look()
        assert web.server.seen == []
        stage, verdict, reason = kept.last(web.url("/a"))
        assert (stage, verdict, reason.partition(".")[0]) == ("recheck", "exclude", "blocklist")


def test_a_page_that_moved_is_followed_and_each_hop_is_judged(tmp_path: Path) -> None:
    with site(a=page(), b=page(), c=page()) as web:
        kept = Kept(tmp_path, *map(web.url, ("/a", "/b", "/c")))
        web["/a"], web["/new"] = redirect(web.url("/new")), page()
        web["/b"], web["/reserved"] = redirect("/reserved"), page(tdm_reservation="1")
        web["/c"] = redirect("/c2")
        web["/c2"] = redirect("/c")
        kept.look()
        assert kept.last(web.url("/a")) == ("recheck", "keep", "none")
        assert kept.last(web.url("/new")) == ("recheck", "keep", "none")
        assert kept.decisions(web.url("/new"))[0].via == web.url("/a")
        assert kept.last(web.url("/b")) == ("recheck", "exclude", "error.redirect")
        assert kept.last(web.url("/reserved")) == ("recheck", "exclude", "tdmrep.header")
        assert kept.last(web.url("/c"))[1] == "exclude"
        assert kept.exported() == {web.url("/a")}


def test_a_page_that_is_gone_is_left_out(tmp_path: Path) -> None:
    with site(a=page()) as web:
        kept = Kept(tmp_path, web.url("/a"))
        web["/a"] = answer(status="410 Gone")
        kept.look()
        assert kept.last(web.url("/a")) == ("recheck", "exclude", "error.http_410")


def test_a_reserved_answer_is_left_before_its_body(tmp_path: Path) -> None:
    with site(a=page()) as web:
        kept = Kept(tmp_path, web.url("/a"))
        web["/a"] = page(length=10**6, tdm_reservation="1")  # a body that never comes
        kept.look()
        assert kept.last(web.url("/a")) == ("recheck", "exclude", "tdmrep.header")


def test_the_oldest_look_comes_first_and_a_run_goes_on_where_the_one_before_stopped(tmp_path: Path) -> None:
    paths = [f"/{name}" for name in "abcde"]
    with site(**{name: page() for name in "abcde"}) as web:
        kept = Kept(tmp_path, *map(web.url, paths))
        first = kept.look(max_pages=2)
        assert (first.outcomes.looked_at, first.left) == (2, 3)
        rest = kept.look(days=0.1)
        assert (rest.outcomes.looked_at, rest.left) == (3, 0)
        assert [len(kept.decisions(web.url(path))) for path in paths] == [2] * 5
        assert kept.look(days=0.1).outcomes.looked_at == 0
        assert kept.look(days=0.1, hosts=("127.0.0.1",)).outcomes.looked_at == 5
        assert kept.look(days=0.1, hosts=("other.example",)).outcomes.looked_at == 0


def test_the_files_of_sites_alone_close_and_never_open(tmp_path: Path) -> None:
    with site(a=page(ETag='"1"'), b=page(ETag='"1"')) as web:
        kept = Kept(tmp_path, web.url("/a"), web.url("/b"))
        web["/b"] = page(ETag='"2"', tdm_reservation="1")
        kept.look()
        assert kept.exported() == {web.url("/a")}
        web["/b"] = page(ETag='"3"')
        web.forget()
        kept.look(files_only=True)
        assert (web.asked("/a"), web.asked("/b")) == ([], [])
        assert len(web.asked("/robots.txt")) == 1
        assert kept.exported() == {web.url("/a")}
        web["/robots.txt"] = CLOSED
        kept.look(files_only=True)
        assert kept.last(web.url("/a")) == ("recheck", "exclude", "robots.disallow")
        # the pages themselves have not been looked at since, and are still due
        assert kept.look(days=0.0).outcomes.looked_at == 2


def test_a_host_that_wants_to_be_asked_much_later_is_put_off(tmp_path: Path) -> None:
    slow = answer(status="429 Too Many Requests", Retry_After="3600")
    with site(a=page(), b=page(), c=page()) as web:
        kept = Kept(tmp_path, *map(web.url, ("/a", "/b", "/c")))
        web["/a"] = web["/b"] = web["/c"] = slow
        web.forget()
        ending = kept.look()
        assert (ending.outcomes.unknown, ending.outcomes.put_off.total(), ending.left) == (1, 2, 2)
        assert sum(len(web.asked(path)) for path in ("/a", "/b", "/c")) == 1


def test_an_extract_of_other_terms_is_not_relied_on(tmp_path: Path) -> None:
    with site(a=page(ETag='"1"')) as web:
        kept = Kept(tmp_path, web.url("/a"))
        kept.config = kept.config.merged(crawler={"product_token": "OtherBot"})
        web.forget()
        kept.look()
        assert "if-none-match" not in web.asked("/a")[0]
        assert kept.last(web.url("/a")) == ("recheck", "keep", "none")


def test_an_export_counts_what_it_leaves_out_by_reason(tmp_path: Path) -> None:
    names = "abcd"
    with site(**{name: page(ETag='"1"') for name in names}) as web:
        kept = Kept(tmp_path, *(web.url(f"/{name}") for name in names))
        web["/robots.txt"], web["/b"] = CLOSED, page(tdm_reservation="1")
        web["/c"] = reset
        code, shown = kept.command("recheck", "--older-than", "0")
        assert code == 1
        assert "4 pages looked at again, 2 of them newly left out; 1 unknown for now" in shown
        code, shown = kept.command("dataset", "export", "-o", str(tmp_path / "now"))
        assert code == 0
        told = json.loads((tmp_path / "now" / "manifest.json").read_text())
        assert told["documents"] == 1
        assert told["left_out"] == [
            {"verdict": "defer", "reason": "error.connection", "documents": 1},
            {"verdict": "exclude", "reason": "robots.disallow", "documents": 1},
            {"verdict": "exclude", "reason": "tdmrep.header", "documents": 1},
        ]
        assert "left out: 1 document, unknown at the last look: no connection [error.connection]" in shown
        assert "since they were taken: robots.txt disallows the page [robots.disallow]" in shown


def test_what_a_second_look_found_reserved_is_taken_back_with_proof(tmp_path: Path) -> None:
    with site(a=page(ETag='"1"'), b=page(ETag='"1"')) as web:
        kept = Kept(tmp_path, web.url("/a"), web.url("/b"))
        assert kept.command("dataset", "export", "-o", str(tmp_path / "earlier"))[0] == 0
        web["/a"] = not_modified(tdm_reservation="1")
        kept.command("recheck", "--older-than", "0")
        removal = tmp_path / "removal"
        words = ("--reserved-since", "--reason", "reserved since", "--from", str(tmp_path / "earlier"))
        code, _ = kept.command("dataset", "withdraw", *words, "-o", str(removal))
        assert code == 0
        (row,) = lines(removal / "removals.jsonl")
        first, second = kept.decisions(web.url("/a"))
        assert (row["url"], row["body_sha256"], row["decision"]) == (first.url, first.body_sha256, first.id)
        assert row["left_out_by"]["decision"] == second.id
        assert (row["left_out_by"]["stage"], row["left_out_by"]["reason"]) == ("recheck", "tdmrep.header")
        (place,) = lines(removal / "in-export-1.jsonl")
        assert place["url"] == web.url("/a")
        manifest = json.loads((removal / "manifest.json").read_text())
        assert (manifest["log"]["proofs"], manifest["log"]["without_proof"]) == (2, 0)
        for file in manifest["files"]:
            assert sha256((removal / file["name"]).read_bytes()).hexdigest() == file["sha256"]
        # a stranger checks with the program in the folder, and nothing of ours
        for number, proof in enumerate(lines(removal / "proofs.jsonl")):
            (tmp_path / f"{number}.tlog-proof").write_text(proof["proof"], "utf-8")
            program = [sys.executable, "-I", removal / "verify_proof.py", tmp_path / f"{number}.tlog-proof"]
            done = subprocess.run(
                [*program, manifest["log"]["key"]], capture_output=True, text=True, check=True
            )
            assert done.stdout.startswith("PROVEN")
            verdict = {"kept": "keep", "left_out": "exclude"}[proof["what"]]
            assert f'"verdict":"{verdict}"' in done.stdout
        assert kept.command("dataset", "check", str(tmp_path / "earlier"))[0] == 1
        assert kept.look(days=100).outcomes.looked_at == 1  # what was withdrawn is not asked for again
        assert kept.command("log", "verify", "--replay")[0] == 0


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_why_and_lookup_tell_of_second_looks_in_words(tmp_path: Path) -> None:
    with site(a=page(b"<meta name=robots content=index>", ETag='"1"'), b=page(ETag='"1"')) as web:
        kept = Kept(tmp_path, web.url("/a"), web.url("/b"))
        web["/a"] = not_modified(ETag='"1"', X_Robots_Tag="index")
        web["/b"] = reset
        kept.look()
        code, shown = kept.command("why", web.url("/a"))
        assert code == 0
        assert ", and still kept: no reservation found" in shown
        assert "response found (200, not changed since, says a 304), html-signals of" in shown
        assert shown.count("judged again from the stored bytes: the same") == 2
        code, shown = kept.command("why", web.url("/a"), "--json")
        head = json.loads(shown.splitlines()[0])["observations"][-2]
        assert head["details"][:2] == [["revalidated", "304"], ["replaced", "etag, x-robots-tag"]]
        web["/b"] = page(tdm_reservation="1")
        kept.look(2)
        _, shown = kept.command("why", web.url("/b"))
        assert ", and left out from then on: " in shown
        assert ", and unknown until the next look: no connection" in shown
        _, shown = kept.command("lookup", "127.0.0.1")
        assert (
            "(3 looks): 1 found nothing that reserves a page, 1 left one out from then on, 1 could" in shown
        )
        assert re.search("^still kept +1 +none", shown, re.MULTILINE)
        assert re.search("^left out later +1 +tdmrep.header", shown, re.MULTILINE)


def test_the_public_page_of_an_address_tells_both_days(tmp_path: Path) -> None:
    with site(a=page(ETag='"1"'), b=page(ETag='"1"')) as web:
        kept = Kept(tmp_path, web.url("/a"), web.url("/b"))
        web["/b"] = reset
        kept.look()
        speech = language("en")
        view = kept.ask(lambda c: url_view(c, web.url("/a"), speech))
        taken, again = (speech.day(row.decided_at) for row in kept.decisions(web.url("/a")))
        assert taken != again
        text = url_answer(view, "TestBot", speech)
        assert f"took</strong> this page on {taken}, and looked at it again on {again}" in text
        view = kept.ask(lambda c: url_view(c, web.url("/b"), speech))
        assert "it is in no data set that we make" in " ".join(url_more(view, speech))


def test_terms_that_a_page_linked_are_read_again_though_the_page_has_not_changed(tmp_path: Path) -> None:
    linking = b"<html><body><p>Words.</p><footer><a href='/terms'>Terms of use</a></footer></body></html>"
    open_terms = page(b"<html><body><p>Be kind to each other.</p></body></html>")
    with site(a=page(linking, ETag='"1"'), terms=open_terms) as web:
        kept = Kept(tmp_path, web.url("/a"), policy={"profile": "strict"})
        assert len(web.asked("/terms")) == 1
        web["/a"] = not_modified(ETag='"1"')
        kept.look()
        assert kept.last(web.url("/a")) == ("recheck", "keep", "none")
        web["/terms"] = page(
            b"<html><body><p>The publisher reserves all rights of text and data mining.</p></body></html>"
        )
        kept.look()
        assert kept.last(web.url("/a")) == ("recheck", "exclude", "natural_language")


def test_files_of_a_site_are_asked_for_only_if_they_have_changed(tmp_path: Path) -> None:
    robots = answer(b"User-agent: *\nDisallow: /b\n", Content_Type="text/plain", ETag='"r"')
    with site(a=page(ETag='"1"')) as web:
        web["/robots.txt"] = robots
        kept = Kept(tmp_path, web.url("/a"))
        web["/robots.txt"] = not_modified(ETag='"r"')
        web.forget()
        kept.look()
        assert [asked.get("if-none-match") for asked in web.asked("/robots.txt")] == ['"r"']
        assert kept.last(web.url("/a")) == ("recheck", "keep", "none")
        web["/robots.txt"] = answer(b"User-agent: *\nDisallow: /a\n", ETag='"s"')
        kept.look()
        assert kept.last(web.url("/a")) == ("recheck", "exclude", "robots.disallow")
        # bytes that are no longer those of their digest are not built upon
        kept.damage(b"User-agent: *\nDisallow: /a\n")
        web["/robots.txt"] = OPEN
        web.forget()
        kept.look()
        assert "if-none-match" not in web.asked("/robots.txt")[0]
        assert kept.exported() == {web.url("/a")}


def test_a_second_look_on_each_database(tmp_path: Path, database_url: str) -> None:
    with site(a=page(ETag='"1"'), b=page(ETag='"1"'), c=page(ETag='"1"')) as web:
        urls = [web.url(path) for path in ("/a", "/b", "/c")]
        kept = Kept(tmp_path, *urls, storage={"database": database_url})
        web["/a"], web["/b"] = not_modified(ETag='"1"'), page(tdm_reservation="1")
        web["/c"] = reset
        ending = kept.look()
        assert dict(ending.outcomes.tally.counts) == {
            "keep none": 1,
            "exclude tdmrep.header": 1,
            "defer error.connection": 1,
        }
        assert [kept.last(url)[1] for url in urls] == ["keep", "exclude", "defer"]
        web["/b"], web["/c"] = not_modified(ETag='"1"'), not_modified(ETag='"1"')
        assert kept.look(2).outcomes.opened == 1  # what nobody could tell; the reserved page is not due yet
        assert kept.look(31).outcomes.opened == 1
        assert kept.exported() == set(urls)
        (row,) = kept.reservations()[:1]
        assert row.ended_at is not None


def test_the_doctor_says_what_is_due(tmp_path: Path) -> None:
    with site(a=page(), b=page()) as web:
        kept = Kept(tmp_path, web.url("/a"), web.url("/b"))
        assert "no page is due; each is after 30 days" in kept.command("doctor")[1]
        kept.set_back(40)
        assert "2 pages are due for a second look" in kept.command("doctor")[1]
        kept.command("recheck", "--max-pages", "1")
        assert "1 page is due" in kept.command("doctor")[1]


def test_a_tdmrep_file_that_came_later_closes_pages_that_are_not_asked_for_any_more(tmp_path: Path) -> None:
    with site(a=page(ETag='"1"'), b=page(ETag='"1"')) as web:
        kept = Kept(tmp_path, web.url("/a"), web.url("/b"))
        rules = b'[{"location": "/a", "tdm-reservation": 1}]'
        web["/.well-known/tdmrep.json"] = answer(rules, Content_Type="application/json")
        web.forget()
        kept.look()
        assert (len(web.asked("/a")), len(web.asked("/b"))) == (0, 1)
        assert kept.last(web.url("/a")) == ("recheck", "exclude", "tdmrep.file")
        (row,) = [r for r in kept.reservations() if r.use == "tdm"]
        assert (row.code, row.ended_at) == ("tdmrep.file", None)
        assert row.first_seen > kept.decisions(web.url("/a"))[0].decided_at
        web["/.well-known/tdmrep.json"] = answer(status="503 Service Unavailable")
        kept.look()
        assert kept.last(web.url("/b")) == ("recheck", "defer", "tdmrep.unreachable")
        assert kept.exported() == set()
