"""Laws of host names, matching and importers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from blocklists.codec import dumps, from_json, loads
from blocklists.defaults import Defaults
from blocklists.hostnames import canonical_host, is_ip, parents, registrable_domain
from blocklists.index import Index
from blocklists.model import (
    OVERRIDES,
    BodyKind,
    Entry,
    RecognitionKind,
    Scope,
    Status,
    StatusChange,
    ValueKind,
)
from blocklists.prefixes import split_target
from blocklists.snapshot import Listing, Snapshot, SnapshotError, parse
from blocklists.source import Source
from blocklists.sources import discover
from blocklists.succession import first_known, named, succeed

AT = date(2026, 11, 24)
STATED = Defaults(source="s", legal_ground="copyright", jurisdiction="IT", body="AGCOM", allow_private=True)
LABEL = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
HOST = st.lists(LABEL, min_size=2, max_size=4).map(".".join)
ALPHABET = 'aZ0x179.:/\\@%[]#?*_- \t\n\r。．ßéИ\u00ad\u200d\ud800٣|^$!;()"{},'
TEXT = st.one_of(st.text(alphabet=ALPHABET, max_size=40), st.text(max_size=40))

LINES = st.lists(
    st.sampled_from(
        [
            b"0.0.0.0 film-one.com # x",
            b"||film-one.com^$all",
            b"*.film-one.com CNAME .",
            b"32.1.2.3.4.rpz-ip CNAME .",
            b"$ORIGIN x.",
            b"@ IN SOA a. b. (",
            b"0000412_2026.03.11",
            b"url,category_code,notes,name,source,authority,date_published",
            b'http://film-one.com/x,FILE,"AGCOM',
            b'{"value":"film-one.com","scope":"exact_host"}',
            b'[{"domain":"www.film-one.com"}]',
            b'{"rows":["film-one.com",7]}',
            "Domæne;Hjemmel;until".encode("latin-1"),
            b'"film-one.com";copyright;01-02-2030',
            b"<table><tr><th>Domain</th></tr><tr><td>film-one.com<br>x",
            b'zone "film-one.com" { type master; };',
            b'local-zone: "film-one.com" transparent',
            b'local-data: "film-two.com A 192.0.2.1"',
            b"access to the-film-",
            b"bay.org, film[.]one.com and www.x.org/y",
            b"9.9.9.9",
            b"\xff\xfe",
            b"\x00",
        ]
    )
    | st.binary(max_size=30),
    max_size=6,
)


def entry(value: str, scope: Scope, status: Status = Status.ACTIVE) -> Entry:
    return Entry(
        entry_id=value,
        value=value,
        value_kind=ValueKind.DOMAIN,
        scope=scope,
        jurisdiction="IT",
        body="AGCOM",
        body_kind=BodyKind.AUTHORITY,
        recognition_kind=RecognitionKind.ADMINISTRATIVE_ORDER,
        legal_ground="copyright",
        source="s",
        status=status,
    )


@settings(max_examples=500)
@given(TEXT)
def test_a_normal_form_is_its_own(text: str) -> None:
    host = canonical_host(text)
    assume(host is not None)
    assert host is not None
    assert host.isascii()
    assert canonical_host(host) == host
    assert canonical_host(f"https://u:p@{f'[{host}]' if ':' in host else host}:8080/x?y#z") == host


@settings(max_examples=300)
@given(TEXT)
def test_no_text_makes_a_lookup_raise(text: str) -> None:
    index = Index([entry("film-one.com", Scope.DOMAIN_AND_SUBDOMAINS)])
    index.lookup(text, AT)
    index.lookup(f"https://film-one.com{text}", AT)
    registrable_domain(text)
    target = split_target(text)
    assert target is None or split_target("".join(target)) == target or is_ip(target[0])


@given(HOST, HOST, LABEL)
def test_a_name_with_its_subdomains(listed: str, other: str, label: str) -> None:
    assume(not other.endswith(listed) and not is_ip(listed) and not is_ip(other))
    index = Index([entry(listed, Scope.DOMAIN_AND_SUBDOMAINS)])
    assert index.is_listed(listed, AT)
    assert index.is_listed(f"{label}.{listed}", AT)
    assert index.is_listed(f"a.{label}.{listed}", AT)
    assert not index.is_listed(f"{label}{listed}", AT)
    assert not index.is_listed(other, AT)
    assert not any(index.is_listed(parent, AT) for parent in parents(listed))
    sibling = f"x{label}." + listed.partition(".")[2]
    assert index.is_listed(sibling, AT) == (sibling == listed)


SHORT_HOST = st.lists(st.sampled_from("abcde"), min_size=1, max_size=4).map(".".join)
ENTRIES = st.lists(
    st.tuples(SHORT_HOST, st.sampled_from([*Scope]), st.sampled_from(["s", "t", OVERRIDES])),
    max_size=200,
)


@settings(max_examples=300)
@given(ENTRIES, st.lists(SHORT_HOST, min_size=1, max_size=20))
def test_the_index_agrees_with_looking_at_every_entry(
    given_entries: list[tuple[str, Scope, str]], asked: list[str]
) -> None:
    listed = [
        replace(
            entry(value, scope, Status.EXCEPTED if source == OVERRIDES else Status.ACTIVE),
            source=source,
            entry_id=f"{source}{number}",
        )
        for number, (value, scope, source) in enumerate(given_entries)
        if scope not in (Scope.URL_PREFIX, Scope.WORK)
    ]
    index = Index(listed)
    for host in asked:
        named = {e.entry_id: e for e in listed if _reaches(e, host)}
        exempt = max((len(e.value) for e in named.values() if e.source == OVERRIDES), default=0)
        counting = {i for i, e in named.items() if e.source != OVERRIDES and len(e.value) > exempt}
        assert {hit.entry.entry_id for hit in index.mentions(host)} == set(named)
        assert {hit.entry.entry_id for hit in index.lookup(host, AT)} == counting
        assert index.is_listed(host, AT) == bool(counting)
        assert all(hit.entry == named[hit.entry.entry_id] for hit in index.mentions(host))


def _reaches(listed: Entry, host: str) -> bool:
    below = host.endswith(f".{listed.value}")
    if listed.scope in (Scope.EXACT_HOST, Scope.IP_LITERAL):
        return host == listed.value
    return below or (host == listed.value and listed.scope is not Scope.SUBDOMAINS)


CHANGE = st.builds(
    StatusChange,
    status=st.sampled_from([*Status]),
    on=st.none() | st.dates(),
    known_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@given(st.lists(CHANGE, max_size=5), st.dates(), st.datetimes(timezones=st.just(UTC)))
def test_what_we_know_later_never_changes_what_we_knew(
    history: list[StatusChange], day: date, moment: datetime
) -> None:
    steps = tuple(history)
    last = steps[-1].status if steps else Status.ACTIVE
    full = replace(entry("film-one.com", Scope.EXACT_HOST, last), history=steps)
    assert from_json(loads(dumps(full))) == full
    then = full.as_known(moment)
    assert then is not None
    later = StatusChange(status=Status.LIFTED, on=day, known_at=moment + timedelta(days=1))
    if moment.year < 9000:
        learned = replace(full, history=(*steps, later), status=Status.LIFTED).as_known(moment)
        assert learned is not None
        if then.history:
            assert learned.status_on(day) is then.status_on(day)
    assert not steps or full.status_on(day) in {step.status for step in steps}


@given(st.lists(HOST, max_size=8), st.lists(HOST, max_size=8))
def test_versions_of_a_list_forget_nothing(first: list[str], second: list[str]) -> None:
    def version(names: list[str], when: datetime) -> Listing:
        entries = tuple({name: entry(name, Scope.EXACT_HOST) for name in names}.values())
        return Listing.of(b"x", name="s", format="hosts", retrieved_at=when, entries=entries)

    then, later = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    one = first_known(version(first, then))
    two = succeed(one, version(second, later))
    assert {e.value for e in two.entries} == {*first, *second}
    assert {e.value for e in named(two)} == set(second)
    for each in two.entries:
        assert each.known_from == (then if each.value in first else later)
        assert each.known_to == (None if each.value in second else later)
    assert parse(Snapshot((two,)).serialise()) == Snapshot((two,))


@given(HOST, LABEL)
def test_an_exact_host_names_itself_only(listed: str, label: str) -> None:
    index = Index([entry(listed, Scope.EXACT_HOST)])
    assert index.is_listed(listed, AT)
    assert not index.is_listed(f"{label}.{listed}", AT)
    assert not any(index.is_listed(parent, AT) for parent in parents(listed))


@given(st.lists(st.tuples(HOST, st.sampled_from([*Scope][:3])), max_size=8), HOST)
def test_another_entry_never_lifts_a_hit(entries: list[tuple[str, Scope]], asked: str) -> None:
    listed = [entry(value, scope) for value, scope in entries]
    found = [Index(listed[:count]).is_listed(asked, AT) for count in range(len(listed) + 1)]
    assert found == sorted(found)


@given(st.lists(st.tuples(HOST, st.sampled_from([*Scope][:3])), max_size=8), HOST)
def test_the_order_of_entries_does_not_matter(entries: list[tuple[str, Scope]], asked: str) -> None:
    listed = [
        replace(entry(value, scope), entry_id=f"{number:02}") for number, (value, scope) in enumerate(entries)
    ]
    assert Index(listed).lookup(asked, AT) == Index(reversed(listed)).lookup(asked, AT)


@pytest.mark.parametrize("source", discover(), ids=lambda source: source.name)
@given(
    data=LINES.map(b"\n".join) | st.binary(max_size=200),
    stated=st.sampled_from([STATED, Defaults(source="s")]),
)
def test_no_bytes_make_an_importer_raise(source: Source, data: bytes, stated: Defaults) -> None:
    parsed = source.parse(data, stated)
    for each in parsed.rejected:
        assert each.reason
        assert len(each.text) <= 200
        assert each.text.isprintable()
    for proposal in parsed.proposals:
        assert canonical_host(proposal.value) == proposal.value
        assert proposal.context.isprintable()
    for each_entry in parsed.entries:
        assert from_json(loads(dumps(each_entry))) == each_entry
        assert canonical_host(each_entry.value) is not None


@given(st.binary(max_size=300) | TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_are_a_snapshot_by_chance(data: bytes) -> None:
    with pytest.raises(SnapshotError):
        parse(data)


@given(st.lists(st.text(), max_size=3), st.datetimes())
def test_an_index_gives_entries_back(texts: list[str], when: datetime) -> None:
    note, ref, listed_as = [*texts, "", "", ""][:3]
    given_entry = replace(
        entry("film-one.com", Scope.EXACT_HOST),
        note=note,
        decision_ref=ref,
        listed_as=listed_as,
        retrieved_at=when,
    )
    (hit,) = Index([given_entry]).lookup("film-one.com", AT)
    assert hit.entry == given_entry


def test_an_empty_snapshot() -> None:
    assert parse(Snapshot().serialise()) == Snapshot()
