"""Training and data mining assertions in C2PA manifests ("Content Credentials").

`c2pa.training-mining` came with C2PA 1.3 (section 19.21) and left with 2.0; the Creator Assertions Working
Group goes on with it as `cawg.training-mining` (1.1, ratified by the DIF on 16 May 2025,
https://cawg.io/training-and-data-mining/1.1/). Both are in circulation, and both are read.

A reservation is honoured whoever signed it; a permission counts only where validation did not fail. An
assertion speaks of the asset of its own manifest, but platforms sign what they re-encode and so bury the
author's manifest: what a parent reserves counts except by the letter, what a component reserves is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reservations.facts import Facts
from reservations.model import (
    ALWAYS,
    FAIL_CLOSED,
    IMAGE_XMP,
    PDF_XMP,
    Evidence,
    Level,
    Locator,
    Note,
    NoteKind,
    Outcome,
    Preference,
    Profile,
    Reading,
    Statement,
    Unknown,
    Use,
    quoted,
)
from reservations.protocol import Protocol
from reservations.readers.xmp import read_xmp

C2PA_ASSERTIONS = "c2pa-assertions"
"""JSON list of assertions of the active manifest, each with `label` and `data`. Its details:
`validation_state`, `validation_status` (JSON), `ingredients` (JSON: `relationship`, `assertions`)."""

ENTRIES = {
    "data_mining": Use.TDM,
    "ai_training": Use.AI_TRAIN,
    "ai_generative_training": Use.GENAI_TRAIN,
    "ai_inference": Use.AI_INPUT,
}
"""CAWG 1.1 section 4.2, without the prefix `cawg.` or `c2pa.`."""

MAX_ENTRIES = 200
_LABELS = ("cawg.training-mining", "c2pa.training-mining")
_OWNED = ("cawg", "c2pa")
_DCTERMS = "http://purl.org/dc/terms/"
_BELIEVED = frozenset({"Valid", "Trusted"})

CONDITION = NoteKind(
    code="c2pa.condition",
    level=Level.INFO,
    summary="A use is constrained, and the condition is in words",
    text="`constrained` reserves until its condition is met, and without one it equals `notAllowed`. "
    "Forbear keeps the words for whoever asks for a licence and leaves the file out.",
)
UNKNOWN_USE = NoteKind(
    code="c2pa.unknown-use",
    level=Level.BAD,
    summary="A `use` is none of allowed, notAllowed and constrained",
    text="The three words are case-sensitive and a strict reader takes nothing else. Forbear takes whatever "
    "is not `allowed` as a reservation. Write `notAllowed`.",
)
CUSTOM_ENTRY = NoteKind(
    code="c2pa.custom-entry",
    level=Level.INFO,
    summary="An entry of the assertion is not one the specification names",
    text="Entries of one's own are allowed, and mean what their owner says, which software cannot know. "
    "Forbear reports them. To reserve training, use `cawg.ai_generative_training` and "
    "`cawg.data_mining`.",
)
OLD_LABEL = NoteKind(
    code="c2pa.old-label",
    level=Level.INFO,
    summary="The assertion has the label that C2PA gave up with version 2.0",
    text="Newer readers know only `cawg.training-mining`. Forbear reads both. Sign with the newer label.",
)
NO_ENTRIES = NoteKind(
    code="c2pa.no-entries-map",
    level=Level.WARN,
    summary="The assertion has no `entries` map",
    text="The first schema left the map out and its example had it. Forbear reads entries in either place. "
    "Put them under `entries`.",
)
NOT_BELIEVED = NoteKind(
    code="c2pa.permission-not-believed",
    level=Level.WARN,
    summary="A permission stands in a manifest that does not validate",
    text="A permission can be pasted into somebody else's file; only a valid signature over an unaltered "
    "file speaks for it. Forbear takes it as nothing said. A reservation needs no such proof.",
)
IN_PARENT = NoteKind(
    code="c2pa.in-parent",
    level=Level.INFO,
    summary="The reservation stands in the manifest of the file this one was made from",
    text="Re-encoding by a platform puts a new manifest in front of the author's. Forbear honours what the "
    "parent reserves, except under its letter profile. Repeat the assertion when signing again.",
)
IN_COMPONENT = NoteKind(
    code="c2pa.in-component",
    level=Level.INFO,
    summary="A part of this work is reserved, the work as a whole says nothing of it",
    text="An assertion covers the asset of its own manifest. Forbear reports that a component is reserved "
    "and does not decide by it. To reserve the whole, assert it in the active manifest.",
)
UNREADABLE = NoteKind(
    code="c2pa.unreadable",
    level=Level.BAD,
    summary="There is a manifest or an assertion that cannot be read",
    text="What it reserves is unknown, and unknown never becomes allowed: Forbear does not keep the file. "
    "Check it with a C2PA verifier.",
)
REMOTE_MANIFEST = NoteKind(
    code="c2pa.remote-manifest",
    level=Level.INFO,
    summary="The XMP points to a manifest that is not in the file",
    text="Forbear asks no address that a file names, and cannot see what stands there. Embed the manifest, "
    "and repeat a reservation as `plus:DataMining` in the XMP.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One entry of one assertion."""

    key: str
    use: Use | None
    """None for an entry the specification does not name."""
    said: str
    """The word given for `use`; empty where there is none."""
    condition: str

    @property
    def allows(self) -> bool:
        return self.said == "allowed"

    @property
    def proper(self) -> bool:
        return self.said in ("allowed", "notAllowed", "constrained")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    """The assertions of the active manifest (relationship is empty) or of one ingredient."""

    relationship: str
    entries: tuple[_Entry, ...] = ()
    flaws: tuple[NoteKind, ...] = ()


def parse(facts: Facts) -> Reading:
    """What the file's manifest says, and that of its parents; a manifest elsewhere is noted."""
    remote = [n for kind in (IMAGE_XMP, PDF_XMP) for n in _remote(facts.own(kind))]
    evidence = facts.own(C2PA_ASSERTIONS)
    if evidence is None or evidence.outcome is Outcome.ABSENT:
        return Reading(notes=tuple(remote))
    where = Locator(evidence=evidence.sha256)
    if evidence.outcome is not Outcome.FOUND:
        return _unknown(where, evidence.why or "the manifest could not be read", remote)
    details = dict(evidence.details)
    manifests = [*_manifests(evidence.body, details.get("ingredients", ""))]
    believed = details.get("validation_state", "") in _BELIEVED
    notes = [*_notes(manifests, where, believed=believed), *remote]
    if any(UNREADABLE in m.flaws for m in manifests):
        unknown = _unknown(where, "an assertion about training could not be read", notes)
        statements = tuple(_statements(manifests, where, believed=believed))
        return Reading(statements=statements, unknowns=unknown.unknowns, notes=tuple(notes))
    return Reading(statements=tuple(_statements(manifests, where, believed=believed)), notes=tuple(notes))


def _unknown(where: Locator, why: str, notes: list[Note]) -> Reading:
    unknown = Unknown(protocol="c2pa", code="c2pa", locator=where, why=why, under=FAIL_CLOSED)
    return Reading(unknowns=(unknown,), notes=(Note(kind=UNREADABLE, locator=where), *notes))


def _manifests(body: bytes, ingredients: str) -> Iterator[_Manifest]:
    yield _manifest(_json(body), "")
    listed = _json(ingredients) if ingredients else []
    for ingredient in listed if isinstance(listed, list) else ():
        if isinstance(ingredient, dict):
            yield _manifest(ingredient.get("assertions"), str(ingredient.get("relationship") or "unknown"))


def _json(text: bytes | str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _manifest(assertions: Any, relationship: str) -> _Manifest:
    if not isinstance(assertions, list):
        return _Manifest(relationship=relationship, flaws=(UNREADABLE,))
    entries: list[_Entry] = []
    flaws: list[NoteKind] = []
    for assertion in assertions:
        label = str(assertion.get("label")) if isinstance(assertion, dict) else ""
        base = label.partition("__")[0]  # an instance suffix (C2PA 1.4 section 6.3)
        if base not in _LABELS:
            continue
        if base == _LABELS[1]:
            flaws.append(OLD_LABEL)
        data = assertion.get("data")
        if not isinstance(data, dict):
            flaws.append(UNREADABLE)
            continue
        given = data.get("entries")
        if not isinstance(given, dict):
            flaws.append(NO_ENTRIES)
            given = {k: v for k, v in data.items() if k != "metadata"}
        entries += [_entry(key, value) for key, value in list(given.items())[:MAX_ENTRIES]]
    return _Manifest(relationship=relationship, entries=tuple(entries), flaws=tuple(flaws))


def _entry(key: str, value: Any) -> _Entry:
    prefix, _, name = key.strip().rpartition(".")
    said: Any = value.get("use") if isinstance(value, Mapping) else value
    # The prose of CAWG 1.1 says `constraints_info`, its schema and example `constraint_info`.
    spellings = ("constraint_info", "constraints_info")
    told = [value[s] for s in spellings if isinstance(value, Mapping) and isinstance(value.get(s), str)]
    return _Entry(
        key=key,
        use=ENTRIES.get(name.lower()) if prefix.lower() in (*_OWNED, "") else None,
        said=said if isinstance(said, str) else "",
        condition=told[0] if told else "",
    )


def _statements(manifests: list[_Manifest], where: Locator, *, believed: bool) -> Iterator[Statement]:
    active = manifests[0]
    reserved = [(m, e) for m in manifests for e in m.entries if not e.allows]
    decided = {e.use for m, e in reserved if m.relationship in ("", "parentOf")}
    for manifest, entry in reserved:
        advisory = entry.use is None or manifest.relationship not in ("", "parentOf")
        exact = entry.proper and not manifest.relationship
        yield _statement(
            entry, Preference.RESERVED, where, manifest.relationship,
            under=ALWAYS if exact else FAIL_CLOSED, advisory=advisory,
        )  # fmt: skip
    for entry in active.entries:
        if entry.allows and believed and entry.use is not None and entry.use not in decided:
            yield _statement(entry, Preference.PERMITTED, where, "", under=ALWAYS, advisory=False)


def _statement(
    entry: _Entry,
    preference: Preference,
    where: Locator,
    relationship: str,
    *,
    under: frozenset[Profile],
    advisory: bool,
) -> Statement:
    policy = entry.condition if entry.condition.startswith(("https://", "http://")) else None
    words = f"{entry.key}: {entry.said or '(no use)'} {entry.condition}".strip()
    return Statement(
        protocol="c2pa",
        code="c2pa",
        use=entry.use or Use.TDM,
        preference=preference,
        locator=Locator(evidence=where.evidence, quote=quoted(words)),
        under=under,
        policy_url=policy if policy and len(policy.split()) == 1 else None,
        scope=f"{relationship} ingredient" if relationship else "this file",
        advisory=advisory,
    )


def _notes(manifests: list[_Manifest], where: Locator, *, believed: bool) -> Iterator[Note]:
    kinds: list[NoteKind] = []
    for manifest in manifests:
        kinds += manifest.flaws
        kinds += [kind for entry in manifest.entries for kind in _findings(entry)]
        if manifest.relationship and any(not e.allows for e in manifest.entries):
            kinds.append(IN_PARENT if manifest.relationship == "parentOf" else IN_COMPONENT)
    if not believed and any(e.allows for e in manifests[0].entries):
        kinds.append(NOT_BELIEVED)
    return (Note(kind=kind, locator=where) for kind in dict.fromkeys(kinds))


def _findings(entry: _Entry) -> Iterator[NoteKind]:
    if entry.use is None:
        yield CUSTOM_ENTRY
    if not entry.proper:
        yield UNKNOWN_USE
    if entry.condition and not entry.allows:
        yield CONDITION


def _remote(evidence: Evidence | None) -> Iterator[Note]:
    if evidence is not None and evidence.outcome is Outcome.FOUND:
        for link in read_xmp(evidence.body).get_all({_DCTERMS}, "provenance")[:1]:
            quote = quoted(f"dcterms:provenance {link}")
            yield Note(kind=REMOTE_MANIFEST, locator=Locator(evidence=evidence.sha256, quote=quote))


PROTOCOL = Protocol(
    name="c2pa",
    title="Training and data mining assertions in C2PA manifests",
    spec_url="https://cawg.io/training-and-data-mining/1.1/#_assertion_definition",
    spec_version="CAWG 1.1 (16 May 2025); C2PA 1.3 and 1.4",
    kinds=(C2PA_ASSERTIONS, IMAGE_XMP, PDF_XMP),
    codes=("c2pa",),
    notes=(
        CONDITION,
        UNKNOWN_USE,
        CUSTOM_ENTRY,
        OLD_LABEL,
        NO_ENTRIES,
        NOT_BELIEVED,
        IN_PARENT,
        IN_COMPONENT,
        UNREADABLE,
        REMOTE_MANIFEST,
    ),
    parse=parse,
)
