"""TDM policies: ODRL 2.2 documents in JSON-LD that say whom to ask, and on what conditions.

Spec: TDMRep final report of 10 May 2024, section "Expressing a TDM Policy",
https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/#sec-policy. Names count with and
without their prefix, values as text or as `{"@id": ...}`. The samples in the report lack a comma in one
place and have one too many in another; both are read over, and what was repaired permits nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from reservations.readers.json_document import (
    Json,
    JsonArray,
    JsonDocument,
    JsonObject,
    Member,
    objects_in,
    read_json,
    read_json_text,
)

MAX_PERMISSIONS = 16
MAX_PARTS = 16
"""Targets, duties and constraints of one permission that are read."""
MAX_TEXT = 300

MINE = "mine"
RESEARCH, OTHER_PURPOSES = "research", "non-research"
DUTIES = {"obtainConsent": "obtain consent", "compensate": "pay compensation"}
"""The duties that the report knows; anything else is a condition that nobody can say is met."""

_PREFIX = re.compile(
    r"(?:https?://www\.w3\.org/(?:ns/(?:odrl/2|tdmrep)|2006/vcard/ns)[/#]|(?:odrl|tdm|vcard):)"
)
_LOST_COMMA = re.compile(r"([\"\]}0-9el])([ \t]*\n\s*)(?=[\"{\[])")
_ADDRESS = ("street-address", "postal-code", "locality", "region", "country-name")
_MARKERS = frozenset({"permission", "assigner", "uid"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Who assigns the rights, as vCard members have it; empty where not said."""

    name: str = ""
    email: str = ""
    telephone: str = ""
    url: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A condition on a permission: `purpose eq research`."""

    left: str
    operator: str
    right: str

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"

    @property
    def is_met(self) -> bool:
        """Whether a crawl that is not research meets it; unknown words are never met."""
        return (self.left, self.operator, self.right) == ("purpose", "eq", OTHER_PURPOSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """What may be done, to what, under which duties and constraints."""

    action: str
    targets: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()
    constraints: tuple[Constraint, ...] = ()

    def covers(self, url: str) -> bool:
        """Whether it is about a URL: no target at all, the URL itself, or what lies below a target."""
        return not self.targets or any(_below(url, target) for target in self.targets)

    @property
    def unmet(self) -> tuple[str, ...]:
        """Conditions that not even an operator who accepted the policy can be taken to meet."""
        strange = (d for d in self.duties if d not in DUTIES)
        return (*strange, *(str(c) for c in self.constraints if not c.is_met))


@dataclass(frozen=True, slots=True, kw_only=True)
class TdmPolicy:
    """A policy document, as far as it could be read."""

    uid: str
    line: int
    """Line of the `uid`, else of the policy object."""
    contact: Contact
    permissions: tuple[Permission, ...]
    forbids: bool
    """Whether it has obligations or prohibitions, which the report does not provide for."""
    repaired: bool

    @property
    def is_complete(self) -> bool:
        """Whether it has what the report asks for: a uid, a contact, and permissions to mine alone."""
        mining = bool(self.permissions) and all(p.action == MINE for p in self.permissions)
        return bool(self.uid) and self.contact != Contact() and mining and not self.forbids

    def offers(self, url: str) -> bool:
        """Whether who meets its known duties may mine a URL. Strict: this is a permission."""
        if self.repaired or self.forbids or not self.uid:
            return False
        return any(p.action == MINE and p.covers(url) and not p.unmet for p in self.permissions)


def in_lines(policy: TdmPolicy) -> Iterator[str]:
    """A policy in words, for people: whom to ask, then one line for each thing it offers."""
    contact = policy.contact
    said = (contact.name, contact.email, contact.telephone, contact.url, contact.address)
    yield f"ask: {', '.join(filter(None, said)) or 'nobody is named'}"
    for permission in policy.permissions:
        offered = "mining" if permission.action == MINE else permission.action or "an action without a name"
        about = f" of {', '.join(permission.targets)}" if permission.targets else ""
        conditions = [*(DUTIES.get(d, d) for d in permission.duties), *map(str, permission.constraints)]
        yield f"offers {offered}{about}, conditions: {'; '.join(conditions) or 'none'}"
    if policy.uid:
        yield f"uid: {policy.uid}"


@lru_cache(maxsize=256)
def read_policy(body: bytes) -> TdmPolicy | None:
    """The policy in a document; None where there is none. Never raises."""
    document = _document(body)
    if not document.ok:
        return None
    for _, found in objects_in(document.value):
        names = {_bare(member.name) for member in found.members}
        if not _MARKERS.isdisjoint(names):
            return _policy(found, document)
    return None


def _document(body: bytes) -> JsonDocument:
    document = read_json(body)
    if document.ok:
        return document
    again = read_json_text(_LOST_COMMA.sub(r"\1,\2", document.text))
    return replace(again, repaired=True)


def _policy(found: JsonObject, document: JsonDocument) -> TdmPolicy:
    uids = [(m.offset, text) for m in _members(found, "uid", "@id") for text in _texts(m.value)]
    offset, uid = uids[0] if uids else (found.offset, "")
    permissions = (p for m in _members(found, "permission") for p in _objects(m.value))
    return TdmPolicy(
        uid=uid,
        line=document.line(offset),
        contact=_contact(found),
        permissions=tuple(_permission(p) for _, p in zip(range(MAX_PERMISSIONS), permissions, strict=False)),
        forbids=bool(_members(found, "obligation", "prohibition")),
        repaired=document.repaired,
    )


def _contact(found: JsonObject) -> Contact:
    values = [m.value for m in _members(found, "assigner")]
    assigner = next((o for value in values for o in _objects(value)), None)
    if assigner is None:
        return Contact(url=next((t for value in values for t in _texts(value)), ""))

    def first(*names: str) -> str:
        return next((t for n in names for m in _members(assigner, n) for t in _texts(m.value)), "")

    return Contact(
        name=first("fn", "nickname", "organization-name"),
        email=first("hasEmail", "email").removeprefix("mailto:"),
        telephone=first("hasTelephone", "tel").removeprefix("tel:"),
        url=first("hasURL", "url", "uid", "@id"),
        address=_address(assigner),
    )


def _address(assigner: JsonObject) -> str:
    for member in _members(assigner, "hasAddress"):
        for written in _objects(member.value):
            parts = (t for name in _ADDRESS for m in _members(written, name) for t in _texts(m.value))
            return ", ".join(parts)[:MAX_TEXT]
        return next(_texts(member.value), "")
    return ""


def _permission(found: JsonObject) -> Permission:
    def words(name: str) -> tuple[str, ...]:
        return tuple(_bare(t) for m in _members(found, name) for t in _texts(m.value))[:MAX_PARTS]

    duties = (d for m in _members(found, "duty") for d in _actions(m.value))
    constraints = (c for m in _members(found, "constraint") for c in _objects(m.value))
    return Permission(
        action=next(iter(words("action")), ""),
        targets=tuple(t for m in _members(found, "target") for t in _texts(m.value))[:MAX_PARTS],
        duties=tuple(duties)[:MAX_PARTS],
        constraints=tuple(_constraint(c) for _, c in zip(range(MAX_PARTS), constraints, strict=False)),
    )


def _actions(value: Json) -> Iterator[str]:
    """Duties: objects with an action, or the action itself. A duty without one is still a duty."""
    for item in value.items if isinstance(value, JsonArray) else (value,):
        if isinstance(item, JsonObject):
            said = [_bare(t) for m in _members(item, "action") for t in _texts(m.value)]
            yield from said or ["(unreadable duty)"]
            yield from (str(_constraint(c)) for m in _members(item, "constraint") for c in _objects(m.value))
        else:
            yield _bare(next(_texts(item), "(unreadable duty)"))


def _constraint(found: JsonObject) -> Constraint:
    def word(name: str) -> str:
        return next((_bare(t) for m in _members(found, name) for t in _texts(m.value)), "?")

    return Constraint(left=word("leftOperand"), operator=word("operator"), right=word("rightOperand"))


def _members(found: JsonObject, *names: str) -> list[Member]:
    return [m for m in found.members if _bare(m.name) in names]


def _objects(value: Json) -> Iterator[JsonObject]:
    for item in value.items if isinstance(value, JsonArray) else (value,):
        if isinstance(item, JsonObject):
            yield item


def _texts(value: Json) -> Iterator[str]:
    """Text of a value, of the items of an array, or of what an object names by its identifier."""
    for item in value.items if isinstance(value, JsonArray) else (value,):
        if isinstance(item, str) and item.strip():
            yield " ".join(item.split())[:MAX_TEXT]
        elif isinstance(item, JsonObject):
            inner = (m.value for m in _members(item, "@id", "@value", "uid", "rdf:value", "source"))
            yield from (t for v in inner if not isinstance(v, JsonArray) for t in _texts(v))


def _bare(name: str) -> str:
    prefix = _PREFIX.match(name)
    return name[prefix.end() :] if prefix else name


def _below(url: str, target: str) -> bool:
    if not target.startswith(("http://", "https://")):
        return False
    return url == target or url.startswith(target if target.endswith("/") else target + "/")
