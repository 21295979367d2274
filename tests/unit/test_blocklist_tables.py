"""Importers of tables, name server configuration, addresses and running text, with their traps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from blocklists.defaults import Defaults
from blocklists.index import Index
from blocklists.model import Parsed, Scope
from blocklists.policy import ListPolicy
from blocklists.sources import bind, court_text, csv_table, html_table, ip_list, json_table, unbound

AT = date(2026, 11, 24)
STATED = Defaults(
    source="dk",
    legal_ground="copyright",
    jurisdiction="DK",
    body="Københavns Byret",
    scope=Scope.DOMAIN_AND_SUBDOMAINS,
)


def values(parsed: Parsed) -> list[str]:
    return [entry.value for entry in parsed.entries]


def reasons(parsed: Parsed) -> dict[int, str]:
    return {each.line: each.reason for each in parsed.rejected}


class TestCsvTable:
    """The Danish file has one column we do not know; these are the forms it and others may take."""

    DANISH = (
        "Domæne;Dato for afgørelse;Bemærkning\r\nfilm-et.dk;22-06-2026;\r\nwww.tv-to.dk;01-02-2020;spejl\r\n"
    )

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
    def test_the_danish_form_in_every_encoding(self, encoding: str) -> None:
        parsed = csv_table.parse(self.DANISH.encode(encoding), STATED)
        assert values(parsed) == ["film-et.dk", "www.tv-to.dk"]
        assert [entry.decided_on for entry in parsed.entries] == [date(2026, 6, 22), date(2020, 2, 1)]
        assert parsed.entries[0].body == "Københavns Byret"
        assert parsed.rejected == ()

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_delimiters_are_found_out(self, delimiter: str) -> None:
        rows = [["Nr", "Domain", "Case"], ["1", "film-et.dk", "BS 1/26"], ["2", "tv-to.dk", "BS 2/26"]]
        data = "\n".join(delimiter.join(row) for row in rows).encode()
        parsed = csv_table.parse(data, STATED)
        assert values(parsed) == ["film-et.dk", "tv-to.dk"]
        assert [entry.decision_ref for entry in parsed.entries] == ["BS 1/26", "BS 2/26"]

    def test_one_column_needs_no_heading(self) -> None:
        assert values(csv_table.parse(b"film-et.dk\ntv-to.dk\n", STATED)) == ["film-et.dk", "tv-to.dk"]

    def test_a_comma_inside_quotes_is_no_delimiter(self) -> None:
        data = b'domain,case\n"film-et.dk","BS 1/26, BS 2/26"\n'
        (entry,) = csv_table.parse(data, STATED).entries
        assert entry.decision_ref == "BS 1/26, BS 2/26"

    def test_a_quoted_cell_over_two_lines_keeps_line_numbers(self) -> None:
        data = b'domain,note\nfilm-et.dk,"a\nb"\ncom,\n'
        assert reasons(csv_table.parse(data, STATED)) == {4: "a single label"}

    @pytest.mark.parametrize("column", ["Sidens navn", "2"])
    def test_a_column_may_be_named(self, column: str) -> None:
        stated = replace(STATED, columns=(("value", column),))
        data = b"Nr;Sidens navn\n1;film-et.dk\n"
        parsed = csv_table.parse(data, stated)
        assert values(parsed) == ["film-et.dk"]

    def test_columns_nobody_can_tell(self) -> None:
        parsed = csv_table.parse(b"a;b\n1;film-et.dk\n", STATED)
        assert parsed.entries == ()
        assert "--column value=HEADING" in parsed.rejected[0].reason

    def test_a_column_that_is_not_there(self) -> None:
        parsed = csv_table.parse(b"a;b\n1;2\n", replace(STATED, columns=(("value", "c"),)))
        assert "no column is headed 'c'" in parsed.rejected[0].reason
        parsed = csv_table.parse(b"a;b\n1;2\n", replace(STATED, columns=(("nonsense", "a"),)))
        assert "no field 'nonsense'" in parsed.rejected[0].reason

    def test_without_a_ground_nothing_passes(self) -> None:
        parsed = csv_table.parse(self.DANISH.encode(), replace(STATED, legal_ground=None))
        assert set(reasons(parsed).values()) == {"legal ground unknown"}

    def test_a_row_on_another_ground_is_rejected(self) -> None:
        data = "Domæne;Hjemmel\nfilm-et.dk;copyright\nspil-to.dk;spilleloven\n".encode()
        parsed = csv_table.parse(data, STATED)
        assert values(parsed) == ["film-et.dk"]
        assert reasons(parsed) == {3: "the legal ground is not copyright: spilleloven"}

    def test_a_term_that_cannot_be_read_is_not_taken_for_none(self) -> None:
        parsed = csv_table.parse(b"domain;until\nfilm-et.dk;next spring\ntv-to.dk;2027-01-31\n", STATED)
        assert reasons(parsed) == {2: "valid_to is not a date: next spring"}
        assert parsed.entries[0].valid_to == date(2027, 1, 31)

    def test_a_web_page_is_no_table(self) -> None:
        assert reasons(csv_table.parse(b"<!DOCTYPE html><p>moved", STATED)) == {0: "this is an HTML page"}


class TestJsonTable:
    def test_names_objects_and_wrappings(self) -> None:
        for data in (
            b'["film-et.dk"]',
            b'[{"domain": "film-et.dk", "id": 7}]',
            b'{"updated": "2026", "blocked": [{"hostname": "film-et.dk"}]}',
        ):
            assert values(json_table.parse(data, STATED)) == ["film-et.dk"]

    def test_a_key_may_be_named(self) -> None:
        stated = replace(STATED, columns=(("value", "fqdn_punycode"), ("ref", "akt")))
        (entry,) = json_table.parse(b'[{"fqdn_punycode":"film-et.dk","akt":"7 O 1/26"}]', stated).entries
        assert entry.decision_ref == "7 O 1/26"

    @pytest.mark.parametrize(
        ("data", "line"),
        [(b"{}", 0), (b"[7]", 1), (b'{"a":["x.dk"],"b":["y.dk"]}', 0), (b"[[[", 0), (b'[{"q":1,"r":2}]', 1)],
    )
    def test_what_it_cannot_read(self, data: bytes, line: int) -> None:
        parsed = json_table.parse(data, STATED)
        assert parsed.entries == ()
        assert list(reasons(parsed)) == [line]


class TestHtmlTable:
    PAGE = b"""<!doctype html><meta charset=utf-8><nav><a href=/>rtr-example.at</a></nav>
    <p>The provider www.provider-one.at has to block:</p>
    <table id=gesperrt><thead><tr><th>Domain</th><th>Aktenzeichen</th></tr></thead>
    <tr><td><b>film</b>-eins.at<br>film-eins.net</td><td>1 Cg 2/26</td></tr>
    <tr><td></td><td>leer</td></tr>
    <tr><td>wikipedia.org</td><td>3 Cg 4/26</td></tr></table>
    <table><tr><td>lawful-one.at</td></tr></table>"""

    def test_only_what_the_selector_finds(self) -> None:
        parsed = html_table.parse(self.PAGE, replace(STATED, selector="#gesperrt"))
        assert values(parsed) == ["film-eins.at", "film-eins.net"]
        assert {entry.decision_ref for entry in parsed.entries} == {"1 Cg 2/26"}
        assert reasons(parsed) == {3: "no name in its column", 4: "a very large general site"}

    def test_elements_that_hold_a_name_each(self) -> None:
        page = b"<ul class=liste><li>film-eins.at</li><li> TV-Zwei.at. </li></ul><p>and heise.de</p>"
        parsed = html_table.parse(page, replace(STATED, selector="ul.liste li"))
        assert values(parsed) == ["film-eins.at", "tv-zwei.at"]

    def test_without_a_selector_tables_only(self) -> None:
        assert "www.provider-one.at" not in values(html_table.parse(self.PAGE, STATED))

    @pytest.mark.parametrize("selector", ["[[", "#missing"])
    def test_a_selector_that_finds_nothing_says_so(self, selector: str) -> None:
        parsed = html_table.parse(self.PAGE, replace(STATED, selector=selector))
        assert parsed.entries == ()
        assert "selector" in parsed.rejected[0].reason

    def test_a_pdf_is_no_page(self) -> None:
        assert html_table.parse(b"%PDF-1.7", STATED).entries == ()


class TestCourtText:
    TEXT = b"""Saken gjelder. The claimant (www.label-one.com, counsel@law-one.com) demands that
access to the-film-
bay.org, film-two[.]to and rar.unblock-all.org be blocked, and to
https://folders-one.com/f/abc123. See annex 3.pdf and annex.pdf, page 12.
"""

    def test_names_are_proposed_and_none_counts(self) -> None:
        parsed = court_text.parse(self.TEXT, STATED)
        assert parsed.entries == ()
        found = {proposal.value: proposal for proposal in parsed.proposals}
        assert set(found) == {
            "www.label-one.com",
            "the-film-bay.org",
            "film-two.to",
            "rar.unblock-all.org",
            "folders-one.com",
        }
        assert "speak of a party" in " ".join(found["www.label-one.com"].doubts)
        assert "two lines" in " ".join(found["the-film-bay.org"].doubts)
        assert "lies below another name" in found["rar.unblock-all.org"].doubts
        assert "named with a path: /f/abc123" in " ".join(found["folders-one.com"].doubts)
        assert found["film-two.to"].line == 3
        assert "access to" in found["the-film-bay.org"].context

    def test_a_pdf_has_its_own_format(self) -> None:
        (rejected,) = court_text.parse(b"%PDF-1.7 film-one.com", STATED).rejected
        assert "court_pdf" in rejected.remedy

    def test_hostile_text_does_not_take_for_ever(self) -> None:
        assert court_text.parse(b"a." * 200_000 + b"-" * 200_000 + b"\n" * 100_000, STATED).entries == ()


class TestUnbound:
    DATA = b"""server:
    local-zone: "film-one.com" always_nxdomain   # an order
    local-zone: "film-one.com" redirect
    local-data: "film-one.com A 192.0.2.10"
    local-zone: 'film-two.com.' static
    local-zone: "ok.film-one.com" transparent
    local-data: "film-three.com. 300 IN A 192.0.2.10"
    local-data: "film-four.com TXT hello"
    local-zone: "film-five.com" block_everything
    local-zone: "10.in-addr.arpa." nodefault
    private-address: 10.0.0.0/8
"""

    def test_zones_and_single_names(self) -> None:
        parsed = unbound.parse(self.DATA, STATED)
        index = Index(parsed.entries)
        assert index.is_listed("www.film-one.com", AT)
        assert index.is_listed("film-two.com", AT)
        assert not index.is_listed("ok.film-one.com", AT)
        assert index.is_listed("film-three.com", AT)
        assert not index.is_listed("www.film-three.com", AT)
        assert reasons(parsed)[8] == "a record that leads no visitor elsewhere"
        assert reasons(parsed)[9] == "an action that neither blocks nor exempts"


class TestBind:
    DATA = b"""zone "film-one.com" { type master; file "/etc/bind/db.agcom"; };     ; BIND stub
// zone "no-one.com" { type master; file "x"; };
/* zone "no-two.com" {
   type master; }; */
zone "Film-Two.com." IN {
    type primary;
    file "/etc/bind/db;agcom";
};
zone "partner-one.com" { type forward; forwarders { 192.0.2.1; }; };
zone "secondary-one.com" { type slave; file "s"; };
zone "." { type hint; file "/usr/share/dns/root.hints"; };
zone "localhost" { type master; file "db.local"; };
zone "127.in-addr.arpa" { type master; file "db.127"; };
options { directory "/var/cache/bind"; };
"""

    def test_only_zones_the_server_answers_itself(self) -> None:
        parsed = bind.parse(self.DATA, STATED)
        assert values(parsed) == ["film-one.com", "film-two.com"]
        assert {entry.scope for entry in parsed.entries} == {Scope.DOMAIN_AND_SUBDOMAINS}
        assert reasons(parsed) == {10: "not a zone the server answers itself"}


class TestIpList:
    DATA = b"198.51.100.7\r\n8.8.8.8\n2001:4860:4860::8888\n202608221400\nfilm-one.com\n8.8.0.0/16\n"

    def test_addresses_are_live_events_whatever_is_stated(self) -> None:
        parsed = ip_list.parse(self.DATA, STATED)
        assert {entry.recognition_kind for entry in parsed.entries} == {"live_event"}
        assert {entry.scope for entry in parsed.entries} == {Scope.IP_LITERAL}
        assert values(parsed) == ["8.8.8.8", "2001:4860:4860::8888"]
        assert reasons(parsed) == {
            1: "a reserved name or address",
            4: "not an address",
            5: "not an address",
            6: "a network, not a single address",
        }

    def test_they_are_off_until_switched_on_and_then_name_addresses_only(self) -> None:
        entries = ip_list.parse(self.DATA, STATED).entries
        assert not Index(entries).lookup("http://8.8.8.8/", AT)
        on = Index(entries, policy=ListPolicy().switched(["live_event:DK"]))
        assert on.lookup("http://8.8.8.8/", AT)
        assert not on.lookup("http://dns.google/", AT)
        assert not Index(entries, policy=ListPolicy().switched(["live_event:IT"])).lookup("8.8.8.8", AT)
