"""The PLUS property Data Mining in XMP, part of the IPTC Photo Metadata Standard since 2023.

A closed choice of URIs under http://ns.useplus.org/ldf/vocab/ (PLUS LDF XMP 2.0.1). Files in the wild
hold the bare code, the short name of ExifTool, the label shown to people, or the namespace of an earlier
edition; what reserves is honoured in any of these except by the letter, and what permits counts only as
the standard writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

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
    Reading,
    Statement,
    Use,
    quoted,
)
from reservations.protocol import Protocol
from reservations.readers.xmp import XmpPacket, XmpProperty, read_xmp

NAMESPACE = "http://ns.useplus.org/ldf/xmp/1.0/"
VOCABULARY = "http://ns.useplus.org/ldf/vocab/"
IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"

_ALL = tuple(Use)
_BUT_SEARCH = tuple(use for use in Use if use is not Use.SEARCH)

CODES: dict[str, tuple[tuple[Use, ...], tuple[Use, ...]]] = {
    "DMI-PROHIBITED": (_ALL, ()),
    "DMI-PROHIBITED-SEECONSTRAINT": (_ALL, ()),
    "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR": (_ALL, ()),
    "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR": (_ALL, ()),
    "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING": (_BUT_SEARCH, (Use.SEARCH,)),
    "DMI-PROHIBITED-AIMLTRAINING": ((Use.AI_TRAIN, Use.GENAI_TRAIN), ()),
    "DMI-PROHIBITED-GENAIMLTRAINING": ((Use.GENAI_TRAIN,), ()),
    "DMI-UNSPECIFIED": ((), ()),
    "DMI-ALLOWED": ((), (Use.TDM, Use.AI_TRAIN, Use.GENAI_TRAIN, Use.SEARCH)),
}
"""Each code, the most reserving first: uses it reserves and uses it permits."""

_LABELS = {
    "prohibited for ai/ml training": "DMI-PROHIBITED-AIMLTRAINING",
    "prohibited for generative ai/ml training": "DMI-PROHIBITED-GENAIMLTRAINING",
    "prohibited except for search engine indexing": "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
    "prohibited, see plus:otherconstraints": "DMI-PROHIBITED-SEECONSTRAINT",
    "prohibited, see iptcext:embdencrightsexpr": "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR",
    "prohibited, see iptcext:linkedencrightsexpr": "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR",
    **dict.fromkeys(("no", "false", "not allowed", "not permitted", "disallowed"), "DMI-PROHIBITED"),
    **dict.fromkeys(("noai", "no ai", "no ai training"), "DMI-PROHIBITED-AIMLTRAINING"),
    "unspecified - no prohibition defined": "DMI-UNSPECIFIED",
}
"""Display labels, as ExifTool has them (lib/Image/ExifTool/PLUS.pm of exiftool/exiftool)."""

_VOCABULARY = re.compile(r"https?://(?:www\.)?ns\.useplus\.org/ldf/vocab[/#]*", re.IGNORECASE)
MAX_CODE = 64
_FALSE = frozenset({"", "0", "false", "no", "off"})

SPELLING = NoteKind(
    code="iptc_plus.spelling",
    level=Level.WARN,
    summary="The Data Mining code is not written as the vocabulary has it",
    text=f"The value is a URI, `{VOCABULARY}` followed by the code in capitals. A bare code, a label or "
    "ExifTool's short name is lost on a strict reader. Forbear honours what reserves in any spelling.",
)
UNKNOWN_CODE = NoteKind(
    code="iptc_plus.unknown-code",
    level=Level.BAD,
    summary="The Data Mining value is not in the PLUS vocabulary",
    text="Forbear takes anything that begins with `DMI-PROHIBITED` as a prohibition of all data mining, "
    "and reads nothing into other values. Use one of the nine codes of PLUS LDF.",
)
NAMESPACE_VARIANT = NoteKind(
    code="iptc_plus.namespace-variant",
    level=Level.WARN,
    summary="The property stands in another namespace of PLUS",
    text=f"PLUS LDF properties are in `{NAMESPACE}`; earlier editions and other spellings are lost on a "
    "strict reader. Forbear honours a reservation there.",
)
FOREIGN_NAMESPACE = NoteKind(
    code="iptc_plus.foreign-namespace",
    level=Level.WARN,
    summary="A property named DataMining stands in a namespace that is not PLUS",
    text=f"Whatever its prefix, a property means what its namespace says. Forbear reads nothing into this "
    f"one. If the PLUS property is meant, declare its prefix as `{NAMESPACE}`.",
)
SEVERAL_CODES = NoteKind(
    code="iptc_plus.several-codes",
    level=Level.WARN,
    summary="The file gives several Data Mining codes",
    text="The property holds one value. Forbear sums up what the values reserve and takes a permission "
    "from none. Write one.",
)
SEE_ELSEWHERE = NoteKind(
    code="iptc_plus.see-elsewhere",
    level=Level.INFO,
    summary="Data mining is prohibited, and what is allowed stands in words or in a rights expression",
    text="`plus:OtherConstraints` and the rights expressions of IPTC are kept with the reservation for "
    "whoever asks for a licence. No software decides by them that a use is allowed; Forbear leaves the "
    "file out.",
)
LOOK_ALIKE = NoteKind(
    code="iptc_plus.look-alike",
    level=Level.WARN,
    summary="A private property looks like a Data Mining code",
    text="Some generators write properties named `DMI-...` in the IPTC extension namespace, which defines "
    "none. Forbear reports them and does not decide by them. Use `plus:DataMining`.",
)
ILL_FORMED = NoteKind(
    code="iptc_plus.metadata-ill-formed",
    level=Level.BAD,
    summary="The XMP packet is not well-formed XML",
    text="A strict reader cannot read it. Forbear honours what it plainly reserves and takes no permission "
    "from it.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """One value of the property, understood."""

    code: str
    """Key of CODES, or an unknown code as written in capitals."""
    value: str
    exact: bool
    """As the vocabulary and the namespace have it, in a packet that is XML."""


def parse(facts: Facts) -> Reading:
    """The file's Data Mining codes, summed up."""
    readings = [
        _packet(e) for kind in (IMAGE_XMP, PDF_XMP) if (e := facts.own(kind)) and e.outcome is Outcome.FOUND
    ]
    return Reading(
        statements=tuple(s for r in readings for s in r.statements),
        notes=tuple(n for r in readings for n in r.notes),
    )


def _packet(evidence: Evidence) -> Reading:
    packet = read_xmp(evidence.body)
    mining = [p for p in packet.properties if p.name == "DataMining" and p.value]
    ours = [p for p in mining if "ns.useplus.org" in p.namespace.lower()]
    private = [
        p
        for p in packet.properties
        if p.name.startswith("DMI-") and p.namespace == IPTC_EXTENSION and p.value
    ]
    if not (mining or private):
        return Reading()
    digest = evidence.sha256
    read = [_understood(p, well_formed=packet.well_formed) for p in ours]
    read.sort(key=lambda r: _rank(r.code))
    notes = [*_notes(packet, ours, read, digest)]
    notes += [Note(kind=FOREIGN_NAMESPACE, locator=_locator(digest, p)) for p in mining if p not in ours]
    notes += [Note(kind=LOOK_ALIKE, locator=_locator(digest, p)) for p in private]
    statements = [*_statements(read, _policy(packet), digest), *_advisory(private, digest)]
    return Reading(statements=tuple(statements), notes=tuple({n.kind.code: n for n in notes}.values()))


def _understood(found: XmpProperty, *, well_formed: bool) -> _Read:
    tail = _VOCABULARY.sub("", found.value).strip()
    code = _LABELS.get(tail.lower(), tail.upper())
    if not code.startswith("DMI-") and code.startswith(("PROHIBITED", "ALLOWED", "UNSPECIFIED")):
        code = "DMI-" + code
    exact = well_formed and found.namespace == NAMESPACE and found.value == VOCABULARY + code
    return _Read(code=code, value=found.value, exact=exact)


def _rank(code: str) -> int:
    codes = list(CODES)
    return codes.index(code) if code in CODES else 0 if _prohibits(code) else len(codes)


def _prohibits(code: str) -> bool:
    return code.startswith("DMI-PROHIBITED")


def _statements(read: list[_Read], policy: str | None, digest: str) -> Iterator[Statement]:
    alone = len({r.code for r in read}) == 1
    for one in {(r.code, r.exact): r for r in read}.values():
        reserved, permitted = CODES.get(one.code, (_ALL, ()) if _prohibits(one.code) else ((), ()))
        permitted = permitted if alone and one.exact else ()
        said = [(use, Preference.RESERVED) for use in reserved]
        said += [(use, Preference.PERMITTED) for use in permitted]
        if one.code in CODES and not said:
            said = [(Use.TDM, Preference.UNSTATED)]
        for use, preference in said:
            yield Statement(
                protocol="iptc_plus",
                code="iptc_plus",
                use=use,
                preference=preference,
                locator=Locator(evidence=digest, quote=quoted(f"plus:DataMining {one.value}")),
                under=ALWAYS if one.exact else FAIL_CLOSED,
                policy_url=policy if preference is Preference.RESERVED else None,
                scope=one.code[:MAX_CODE],
            )


def _advisory(private: list[XmpProperty], digest: str) -> Iterator[Statement]:
    for found in private:
        if found.value.lower() not in _FALSE and _prohibits(found.name.upper()):
            yield Statement(
                protocol="iptc_plus",
                code="iptc_plus",
                use=Use.TDM,
                preference=Preference.RESERVED,
                locator=_locator(digest, found),
                under=FAIL_CLOSED,
                scope="private property",
                advisory=True,
            )


def _policy(packet: XmpPacket) -> str | None:
    """The address of a linked rights expression, for whoever wants a licence."""
    links = packet.get_all({IPTC_EXTENSION}, "LinkedRightsExpr")
    return next((v for v in links if v.startswith(("http://", "https://")) and len(v.split()) == 1), None)


def _notes(packet: XmpPacket, ours: list[XmpProperty], read: list[_Read], digest: str) -> Iterator[Note]:
    for found in ours:
        if found.namespace != NAMESPACE:
            yield Note(kind=NAMESPACE_VARIANT, locator=_locator(digest, found))
    for one in read:
        where = Locator(evidence=digest, quote=quoted(f"plus:DataMining {one.value}"))
        if one.code not in CODES:
            yield Note(kind=UNKNOWN_CODE, locator=where)
        elif one.value != VOCABULARY + one.code:
            yield Note(kind=SPELLING, locator=where)
        if one.code.startswith("DMI-PROHIBITED-SEE"):
            yield Note(kind=SEE_ELSEWHERE, locator=where)
    if len({one.code for one in read}) > 1:
        yield Note(kind=SEVERAL_CODES, locator=_locator(digest, ours[-1]))
    if ours and not packet.well_formed:
        yield Note(kind=ILL_FORMED, locator=_locator(digest, ours[0]))


def _locator(digest: str, found: XmpProperty) -> Locator:
    return Locator(evidence=digest, quote=quoted(f"{found.namespace} {found.name} {found.value}"))


PROTOCOL = Protocol(
    name="iptc_plus",
    title="PLUS Data Mining in IPTC photo metadata",
    spec_url="https://www.iptc.org/std/photometadata/specification/IPTC-PhotoMetadata#data-mining",
    spec_version="PLUS LDF XMP 2.0.1, IPTC Photo Metadata 2025.1",
    kinds=(IMAGE_XMP, PDF_XMP),
    codes=("iptc_plus",),
    notes=(
        SPELLING,
        UNKNOWN_CODE,
        NAMESPACE_VARIANT,
        FOREIGN_NAMESPACE,
        SEVERAL_CODES,
        SEE_ELSEWHERE,
        LOOK_ALIKE,
        ILL_FORMED,
    ),
    parse=parse,
)
