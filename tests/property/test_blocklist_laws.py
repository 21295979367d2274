"""Laws of host names, matching and importers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from blocklists.codec import dumps, from_json, loads
from blocklists.defaults import Defaults
from blocklists.hostnames import canonical_host, is_ip, parents, registrable_domain
from blocklists.index import Index
from blocklists.model import BodyKind, Entry, RecognitionKind, Scope, Source, Status, ValueKind
from blocklists.prefixes import split_target
from blocklists.snapshot import Snapshot, SnapshotError, parse
from blocklists.sources import discover

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
