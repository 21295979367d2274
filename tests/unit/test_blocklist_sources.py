"""Importers: what they take, what they reject, and that nothing is dropped without a word."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import blocklists.sources
from blocklists import intake
from blocklists.codec import dumps
from blocklists.defaults import Defaults
from blocklists.index import Index
from blocklists.model import BodyKind, Confidence, Parsed, RecognitionKind, Scope, Status
from blocklists.sources import (
    adblock,
    agcom,
    citizenlab,
    cuiiliste,
    discover,
    hosts,
    jsonl,
    piracy_shield,
    rpz,
)

AT = date(2026, 11, 24)
STATED = Defaults(
    source="list", legal_ground="copyright", jurisdiction="NO", body="Oslo tingrett", decision_ref="00-1/00"
)
SILENT = Defaults(source="list")


def values(parsed: Parsed) -> list[tuple[str, str]]:
    return [(entry.value, entry.scope) for entry in parsed.entries]


def reasons(parsed: Parsed) -> dict[int, str]:
    return {each.line: each.reason for each in parsed.rejected}


def test_discover_finds_each_file_in_name_order() -> None:
    names = [source.name for source in discover()]
    assert names == sorted(names)
    folder = Path(blocklists.sources.__file__).parent
    assert set(names) == {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert all(source.title and source.description for source in discover())


def test_discover_fails_on_a_file_without_source(monkeypatch: pytest.MonkeyPatch) -> None:
    discover.cache_clear()
    monkeypatch.delattr(hosts, "SOURCE")
    with pytest.raises(TypeError, match=r"hosts\.py defines no SOURCE"):
        discover()
    discover.cache_clear()


class TestHosts:
    def test_forms(self) -> None:
        data = (
            b"\xef\xbb\xbf# a list\r\n"
            b"127.0.0.1 localhost\r\n"
            b"::1 ip6-localhost ip6-loopback\r\n"
            b"0.0.0.0 film-one.com WWW.Film-One.com. # two\r\n"
            b"\r\n"
            b"film-two.com\r\n"
            b".film-three.com\n"
            b"*.film-four.com\n"
            b"http://folders-one.com/f/x\n"
            b"9.9.9.9\n"
        )
        parsed = hosts.parse(data, STATED)
        assert values(parsed) == [
            ("film-one.com", "exact_host"),
            ("www.film-one.com", "exact_host"),
            ("film-two.com", "exact_host"),
            ("film-three.com", "domain_and_subdomains"),
            ("film-four.com", "subdomains"),
            ("folders-one.com/f/x", "url_prefix"),
            ("9.9.9.9", "ip_literal"),
        ]
        assert parsed.rejected == ()
        assert parsed.entries[1].listed_as == "WWW.Film-One.com."

    def test_entries_carry_what_was_stated(self) -> None:
        (entry,) = hosts.parse(b"0.0.0.0 film-one.com", STATED).entries
        assert entry.entry_id == "list/exact_host/film-one.com"
        assert (entry.source, entry.jurisdiction, entry.body) == ("list", "NO", "Oslo tingrett")
        assert (entry.body_kind, entry.recognition_kind) == ("court", "site_block_injunction")
        assert (entry.status, entry.decision_ref) == ("term_unknown", "00-1/00")
        assert Index([entry]).is_listed("film-one.com", AT)

    def test_a_stated_scope_holds(self) -> None:
        stated = replace(STATED, scope=Scope.DOMAIN_AND_SUBDOMAINS)
        assert values(hosts.parse(b"0.0.0.0 film-one.com", stated)) == [
            ("film-one.com", "domain_and_subdomains")
        ]

    @pytest.mark.parametrize("missing", ["legal_ground", "jurisdiction", "body"])
    def test_without_the_decision_lines_go_to_quarantine(self, missing: str) -> None:
        stated = replace(STATED, **{missing: None})  # type: ignore[arg-type]
        parsed = hosts.parse(b"0.0.0.0 film-one.com\n0.0.0.0 film-two.com\n", stated)
        assert parsed.entries == ()
        assert reasons(parsed) == {1: "legal ground unknown", 2: "legal ground unknown"}
        remedy = parsed.rejected[0].remedy
        for flag in (
            "--ground copyright",
            "--jurisdiction CC",
            "--body NAME",
            "--ref TEXT",
            "--scope exact_host|",
        ):
            assert flag in remedy

    def test_another_ground_is_refused(self) -> None:
        parsed = hosts.parse(b"bets-one.com", replace(STATED, legal_ground="gambling"))
        assert reasons(parsed) == {1: "the legal ground is not copyright: gambling"}

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("com", "a single label"),
            ("co.uk", "a public suffix"),
            ("*.github.io", "a public suffix"),
            ("film.test", "a reserved name"),
            ("127.0.0.2", "a reserved name or address"),
            ("wikipedia.org", "a very large general site"),
            ("www.wikipedia.org", "a very large general site"),
            ("ours.com", "the operator's own host"),
            ("site.com", "the operator's own host"),
            ("not a name", "neither a hosts line"),
            ("a$b.com", "not a host name"),
            ("exa\\mple", "not a host name"),
            ("me@film-one.com", "not a host name"),
            ("256.1.1.1", "not a host name"),
        ],
    )
    def test_guards(self, name: str, reason: str) -> None:
        stated = replace(STATED, own_hosts=frozenset({"ours.com", "www.site.com"}))
        (rejected,) = hosts.parse(f"\n{name}\n".encode(), stated).rejected
        assert rejected.line == 2
        assert reason in rejected.reason

    def test_private_names_may_be_let_in(self) -> None:
        stated = replace(STATED, allow_private=True)
        parsed = hosts.parse(b"0.0.0.0 film.example\n127.0.0.2\nexample", stated)
        assert [value for value, _ in values(parsed)] == ["film.example", "127.0.0.2"]
        assert list(reasons(parsed)) == [3]

    def test_a_tenant_of_shared_hosting_may_be_listed(self) -> None:
        assert hosts.parse(b"tenant.github.io", STATED).entries

    def test_hostile_text_is_bounded_and_escaped(self) -> None:
        (rejected,) = hosts.parse(b"\x1b[31m" + b"\xe2\x80\xae" * 300, STATED).rejected
        assert len(rejected.text) <= 200
        assert rejected.text.isprintable()

    def test_caps(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert reasons(hosts.parse(b"a" * 5000 + b"\nfilm-one.com", STATED)) == {1: "the line is too long"}
        monkeypatch.setattr(intake, "MAX_LINES", 2)
        parsed = hosts.parse(b"film-one.com\nfilm-two.com\nfilm-three.com\n", STATED)
        assert len(parsed.entries) == 2
        assert "more than 2 lines" in reasons(parsed)[3]
        monkeypatch.setattr(intake, "MAX_BYTES", 4)
        assert "larger than 4 bytes" in reasons(hosts.parse(b"film-one.com", STATED))[0]

    @pytest.mark.parametrize(
        "data", [b"<!DOCTYPE html>", b"\n<HTML>", b"%PDF-1.7", b"PK\x03\x04", b"\x1f\x8b"]
    )
    def test_what_is_no_list(self, data: bytes) -> None:
        assert reasons(hosts.parse(data + b"\nfilm-one.com", STATED))[0].startswith("this is a")

    def test_encodings(self) -> None:
        assert reasons(hosts.parse("bücher.com".encode("latin-1"), STATED)) == {1: "not UTF-8"}
        assert values(hosts.parse("bücher.com".encode("utf-16"), STATED)) == [
            ("xn--bcher-kva.com", "exact_host")
        ]


class TestJsonLines:
    LINE = (
        '{"entry_id":"no-oslo-2016-0007","value":"film-eksempel.com","value_kind":"domain",'
        '"scope":"domain_and_subdomains","jurisdiction":"NO","body":"Oslo tingrett","body_kind":"court",'
        '"recognition_kind":"site_block_injunction","legal_ground":"copyright",'
        '"decision_ref":"00-000000TVI-OTIR/00","decided_on":"2016-06-22","valid_from":"2016-06-22",'
        '"valid_to":null,"status":"active","status_source":"manual","source_url":"https://court.no/1",'
        '"retrieved_at":"2026-11-24T10:00:00Z","confidence":"high","note":""}'
    )

    def test_a_whole_line(self) -> None:
        (entry,) = jsonl.parse(self.LINE.encode(), SILENT).entries
        assert entry.entry_id == "no-oslo-2016-0007"
        assert entry.decided_on == date(2016, 6, 22)
        assert entry.confidence is Confidence.HIGH
        assert entry.source == "list"

    def test_what_we_write_we_read(self) -> None:
        (entry,) = jsonl.parse(self.LINE.encode(), SILENT).entries
        assert jsonl.parse(dumps(entry).encode(), SILENT).entries == (entry,)

    def test_a_short_line_is_filled_up(self) -> None:
        line = (
            b'{"value":"https://Film-One.com/","jurisdiction":"el","body":"EDPPI","legal_ground":"copyright"}'
        )
        (entry,) = jsonl.parse(line, SILENT).entries
        assert (entry.value, entry.value_kind, entry.scope) == (
            "film-one.com",
            "domain",
            "domain_and_subdomains",
        )
        assert (entry.jurisdiction, entry.body_kind) == ("GR", BodyKind.AUTHORITY)
        assert entry.recognition_kind is RecognitionKind.ADMINISTRATIVE_ORDER
        assert entry.listed_as == "https://Film-One.com/"

    @pytest.mark.parametrize(
        ("value", "kind", "scope", "normal"),
        [
            ("a.film-one.com", "host", "domain_and_subdomains", "a.film-one.com"),
            ("*.film-one.com", "domain", "subdomains", "film-one.com"),
            ("https://film-one.com/f/", "url_prefix", "url_prefix", "film-one.com/f/"),
            ("9.9.9.9", "ip", "ip_literal", "9.9.9.9"),
        ],
    )
    def test_kinds_are_worked_out(self, value: str, kind: str, scope: str, normal: str) -> None:
        (entry,) = jsonl.parse(json.dumps({"value": value}).encode(), STATED).entries
        assert (entry.value_kind, entry.scope, entry.value) == (kind, scope, normal)

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"legal_ground": None}, "legal ground unknown"),
            ({"legal_ground": "gambling"}, "not copyright"),
            ({"jurisdiction": "Norway"}, "two-letter"),
            ({"body": ""}, "no body"),
            ({"value": None}, "no value"),
            ({"value": 7}, "value is not text"),
            ({"value": "a b"}, "value is not a domain"),
            ({"value": "https://film-one.com/f"}, "value is not a domain"),
            ({"value": "me@film-one.com"}, "value is not a domain"),
            ({"value": "com"}, "a single label"),
            ({"value": "film.test"}, "a reserved name"),
            ({"value_kind": "site"}, "value_kind is none of"),
            ({"scope": "url_prefix"}, "does not fit"),
            ({"scope": ["x"]}, "scope is not text"),
            ({"status": "gone"}, "status is none of"),
            ({"valid_to": "soon"}, "not an ISO 8601 date"),
            ({"valid_to": "2001-01-01"}, "valid_to lies before"),
            ({"retrieved_at": "2026-11-24T10:00:00"}, "no time zone"),
            ({"valid_untill": "2027-01-01"}, "unknown key"),
            ({"note": "x" * 5000}, "the line is too long"),
        ],
    )
    def test_rejected(self, change: dict[str, object], reason: str) -> None:
        line = json.dumps({**json.loads(self.LINE), **change})
        (rejected,) = jsonl.parse(line.encode(), SILENT).rejected
        assert reason in rejected.reason

    @pytest.mark.parametrize("line", ["{", "[]", "7", '{"value":"a","value":"b"}', "[" * 4000])
    def test_not_an_entry(self, line: str) -> None:
        assert list(reasons(jsonl.parse(b"\n" + line.encode(), STATED))) == [2]

    def test_an_id_is_taken_once(self) -> None:
        other = self.LINE.replace("film-eksempel", "film-annen")
        parsed = jsonl.parse(f"{self.LINE}\n{other}\n".encode(), SILENT)
        assert len(parsed.entries) == 1
        assert "entry_id" in reasons(parsed)[2]

    def test_a_person_may_enter_a_large_site(self) -> None:
        assert jsonl.parse(b'{"value":"mail.ru"}', STATED).entries


class TestAgcom:
    def test_annex(self) -> None:
        data = (
            b"0000412_2026.29.08\r\nstream-one.com\r\nWWW.Film-One.com.\r\n\r\nhttp://torrent-one.com/\r\n"
            b"https://folders-one.com/f/abc123\r\n9.9.9.9\r\n# comment\r\nlocalhost\r\n"
        )
        parsed = agcom.parse(data, SILENT)
        assert values(parsed) == [
            ("stream-one.com", "domain_and_subdomains"),
            ("www.film-one.com", "domain_and_subdomains"),
            ("torrent-one.com", "domain_and_subdomains"),
            ("folders-one.com/f/abc123", "url_prefix"),
            ("9.9.9.9", "ip_literal"),
        ]
        assert list(reasons(parsed)) == [9]
        entry = parsed.entries[0]
        assert entry.named_in == "named in Allegato B 0000412, AGCOM, 2026-08-29"
        assert Index(parsed.entries).is_listed("a.stream-one.com", AT)

    @pytest.mark.parametrize(
        ("header", "day", "noted"),
        [
            ("0000350_2025.29.08", date(2025, 8, 29), False),
            ("350-2025.08.29", date(2025, 8, 29), False),
            ("350 2026.03.11", date(2026, 11, 3), True),
            ("350_2026.03.03", date(2026, 3, 3), False),
            ("350_2026.30.02", None, True),
        ],
    )
    def test_dates(self, header: str, day: date | None, noted: bool) -> None:
        (entry,) = agcom.parse(f"{header}\nstream-one.com".encode(), SILENT).entries
        assert entry.decided_on == day
        assert bool(entry.note) == noted

    def test_without_header(self) -> None:
        (entry,) = agcom.parse(b"stream-one.com", SILENT).entries
        assert entry.decided_on is None


def test_piracy_shield_is_a_live_event() -> None:
    parsed = piracy_shield.parse(b"live7.event-one.com\r\n\r\n# x\r\n9.9.9.9\r\n", SILENT)
    assert values(parsed) == [("live7.event-one.com", "exact_host"), ("9.9.9.9", "ip_literal")]
    assert not Index(parsed.entries).is_listed("live7.event-one.com", AT)


class TestCuiiliste:
    ROWS = (
        {"domain": "serie-eins.com", "first_blocked_on": "2024-03-04", "site": None},
        {"domain": "www.serie-eins.com", "first_blocked_on": "2024-08-21", "site": None},
        {"domain": "www.film-eins.com", "first_blocked_on": None, "site": None},
        {"domain": 7},
    )

    @pytest.mark.parametrize("wrapped", [True, False])
    def test_rows(self, wrapped: bool) -> None:
        rows = {"date": "2026-11-01 10:00:00", "list": self.ROWS} if wrapped else self.ROWS
        parsed = cuiiliste.parse(json.dumps(rows).encode(), SILENT)
        assert [value for value, _ in values(parsed)] == [
            "serie-eins.com",
            "www.serie-eins.com",
            "www.film-eins.com",
            "film-eins.com",
        ]
        assert reasons(parsed) == {4: "a row without a domain"}
        first = parsed.entries[0]
        assert (first.body_kind, first.confidence) == (BodyKind.SELF_REGULATORY, Confidence.LOW)
        assert first.note == "first seen blocked on 2024-03-04"
        assert not Index(parsed.entries).is_listed("serie-eins.com", AT)

    @pytest.mark.parametrize("data", [b"", b"{", b"7", b'{"list":7}', b"<html>", b"[" * 100_000])
    def test_no_list(self, data: bytes) -> None:
        assert list(reasons(cuiiliste.parse(data, SILENT))) == [0]


class TestCitizenlab:
    OFFICIAL = (
        "url,name,category_code,date_added,date_published,data_format_version,source,authority,notes\n"
        "http://eksempel-one.com,official/no/oslo-tingrett,P2P,2026-08-27,2026-06-22,0.1,"
        "Saksnr.: 00-1TVI-OTIR/00,Oslo Tingrett,The order also covers all subdomains. Copyright.\n"
        "http://eksempel-two.com,official/no/oslo-tingrett,P2P,2026-08-27,2026-06-22,0.1,"
        "Saksnr.: 00-1TVI-OTIR/00,Oslo Tingrett,\n"
    )

    def test_official(self) -> None:
        parsed = citizenlab.parse(self.OFFICIAL.encode(), SILENT)
        (entry,) = parsed.entries
        assert (entry.value, entry.scope) == ("eksempel-one.com", "domain_and_subdomains")
        assert (entry.jurisdiction, entry.body_kind) == ("NO", "court")
        assert entry.named_in == "named in Saksnr.: 00-1TVI-OTIR/00, Oslo Tingrett, 2026-06-22"
        assert reasons(parsed) == {3: "legal ground unknown"}

    def test_a_stated_ground_is_taken(self) -> None:
        stated = Defaults(source="list", legal_ground="copyright")
        assert len(citizenlab.parse(self.OFFICIAL.encode(), stated).entries) == 2

    def test_country_list(self) -> None:
        data = (
            "url,category_code,category_description,date_added,source,notes\n"
            "https://serie-one.com/,FILE,File-sharing,2024-01-01,x,Blocked by the CUII\n"
            "https://bets-one.com/,GMB,Gambling,2024-01-01,x,\n"
            "https://film-one.com/,FILE,File-sharing,2024-01-01,AGCOM,\n"
            "https://film-two.com/,CULTR,Culture,2024-01-01,AGCOM,\n"
            "https://paper-one.com/,FILE,File-sharing,2024-01-01,a user,\n"
        )
        parsed = citizenlab.parse(data.encode(), SILENT)
        assert [(e.value, e.body) for e in parsed.entries] == [
            ("serie-one.com", "CUII"),
            ("film-one.com", "AGCOM"),
        ]
        assert list(reasons(parsed)) == [3, 5, 6]

    def test_another_table(self) -> None:
        assert "does not name" in reasons(citizenlab.parse(b"a,b\n1,2\n", STATED))[1]


class TestRpz:
    ZONE = b"""$TTL 60
@ IN SOA localhost. root.localhost. (
    1 ; serial
    60 60 60 60 )
  IN NS localhost.
film-one.com      CNAME .          ; exact
*.film-two.com    300 IN CNAME *.
film-three.com    A 192.0.2.10
                  AAAA 2001:db8::1
ok.film-two.com   CNAME rpz-passthru.
32.9.9.9.9.rpz-ip CNAME .
128.1.zz.8888.4860.2001.rpz-ip CNAME .
24.0.9.9.9.rpz-ip CNAME .
32.1.2.0.192.rpz-client-ip CNAME .
slow-one.com CNAME rpz-tcp-only.
broken
"""

    def test_zone(self) -> None:
        parsed = rpz.parse(self.ZONE, STATED)
        assert values(parsed) == [
            ("film-one.com", "exact_host"),
            ("film-two.com", "subdomains"),
            ("film-three.com", "exact_host"),
            ("ok.film-two.com", "exact_host"),
            ("9.9.9.9", "ip_literal"),
            ("2001:4860:8888::1", "ip_literal"),
        ]
        assert list(reasons(parsed)) == [13, 14, 15, 16]

    def test_passthru_is_honoured(self) -> None:
        index = Index(rpz.parse(self.ZONE, STATED).entries)
        assert index.is_listed("a.film-two.com", AT)
        assert not index.is_listed("film-two.com", AT)
        assert not index.is_listed("ok.film-two.com", AT)
        assert index.is_listed("below.ok.film-two.com", AT)

    def test_absolute_names_lose_the_zone(self) -> None:
        zone = b"$ORIGIN rpz.provider.net.\nfilm-one.com.rpz.provider.net. CNAME .\n"
        assert values(rpz.parse(zone, STATED)) == [("film-one.com", "exact_host")]
        zone = b"rpz.provider.net. IN SOA a. b. 1 2 3 4 5\nfilm-one.com.rpz.provider.net. CNAME .\n"
        assert values(rpz.parse(zone, STATED)) == [("film-one.com", "exact_host")]

    def test_without_the_decision(self) -> None:
        assert rpz.parse(b"film-one.com CNAME .", SILENT).rejected[0].reason == "legal ground unknown"


def test_adblock() -> None:
    data = (
        b"[Adblock Plus 2.0]\n! title\n||film-one.com^\n||film-two.com^$all\n@@||ok.film-one.com^\n"
        b"||ads-one.com^$third-party\nfilm-three.com##.banner\n||film-four.com/x^\n"
    )
    parsed = adblock.parse(data, STATED)
    assert values(parsed) == [
        ("film-one.com", "domain_and_subdomains"),
        ("film-two.com", "domain_and_subdomains"),
        ("ok.film-one.com", "domain_and_subdomains"),
    ]
    assert parsed.entries[2].status is Status.EXCEPTED
    assert list(reasons(parsed)) == [6, 7, 8]
    index = Index(parsed.entries)
    assert index.is_listed("www.film-one.com", AT)
    assert not index.is_listed("a.ok.film-one.com", AT)


def test_a_name_both_listed_and_exempted_is_exempt() -> None:
    index = Index(adblock.parse(b"||film-one.com^\n@@||film-one.com^\n", STATED).entries)
    assert len(index) == 2
    assert not index.is_listed("film-one.com", AT)
