"""Coverage-guided fuzzing of every reader: `python tests/fuzz/fuzz_readers.py [libFuzzer options]`.

The first byte chooses the kind of evidence, the rest is its bytes. Whatever they are: nothing is raised, a
page reads as its extract does, and nothing takes longer than a second. The corpus begins with the bodies
of the conformance vectors. `make fuzz` runs it for FUZZ_SECONDS; inputs that fail are written beside it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["reservations", "crawler.access", "crawler.gate"]):
    from crawler.access import access_reasons
    from crawler.gate import Case, Terms, judge
    from reservations.facts import Facts
    from reservations.model import RESPONSE, Agent, Evidence, Outcome, Profile, Stage
    from reservations.policy import Policy
    from reservations.read import extract, read

from crawler.conformance import evidence_of
from crawler.vectors import shipped_vectors

URL = "https://example.com/a/b?c=d"
PLACES = {
    "robots.txt": "https://example.com/robots.txt",
    "tdmrep.json": "https://example.com/.well-known/tdmrep.json",
    "ai.txt": "https://example.com/ai.txt",
    "trust.txt": "https://example.com/trust.txt",
    "rsl": "https://example.com/license.xml",
    "tdm-policy": "https://example.com/policy.json",
    "terms": "https://example.com/terms",
}
PARTS = ("text", "html-signals", "image-xmp", "pdf-xmp", "epub-opf", "c2pa-assertions", "rsl-embedded")
TYPES = ("text/html", "application/xhtml+xml", "text/plain", "application/pdf", "application/epub+zip")
TYPES += ("image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff", "image/avif", "image/heic")
TYPES += ("image/svg+xml", "video/mp4", "application/octet-stream", "application/rss+xml", "audio/mpeg")
TYPES += ("text/html; charset=utf-16le", "text/html; charset=iso-2022-jp", "text/html; charset=shift_jis")
KINDS = (*PLACES, *PARTS, *(f"{RESPONSE} {media}" for media in TYPES), "header lines")
AGENT = Agent(token="ExampleBot", reads_policies=True)
TERMS = [Terms(agent=AGENT, policy=Policy(profile=profile)) for profile in Profile]
WHEN = datetime(2026, 11, 24, tzinfo=UTC)
SECONDS = 1.0
tried = 0


def one_input(data: bytes) -> None:
    """Read one input in every way that there is."""
    global tried
    tried += 1
    if not data:
        return
    evidence = _evidence(KINDS[data[0] % len(KINDS)], data[1:])
    start = time.perf_counter()
    parts = extract(evidence, AGENT)
    assert extract(parts[0], AGENT) == parts[:1]
    assert read(URL, parts, AGENT) == read(URL, (evidence,), AGENT)
    for terms in TERMS:
        judge(Case(url=URL, stage=Stage.BODY, decided_at=WHEN, evidence=parts), terms)
    if evidence.kind == RESPONSE:
        access_reasons(URL, parts[0], Facts(url=URL, evidence=parts, agent=AGENT).elements)
    taken = time.perf_counter() - start
    assert taken < SECONDS * 8, f"{taken:.1f} s for {len(data)} bytes"  # eight readings of it


def _evidence(kind: str, body: bytes) -> Evidence:
    name, _, media = kind.partition(" ")
    fields: tuple[tuple[str, str], ...] = (("Content-Type", media),) if media else ()
    if kind == "header lines":
        lines = body.decode("latin-1").split("\n")
        fields = tuple((n.strip(), v.strip()) for n, _, v in (line.partition(":") for line in lines))
        name, body = RESPONSE, b""
    return Evidence(
        kind=name,
        url=PLACES.get(name, URL),
        outcome=Outcome.FOUND,
        fetched_at=WHEN,
        status=200,
        fields=fields,
        body=body,
    )


def _seed(folder: Path) -> int:
    """Write the vectors' bodies as a corpus."""
    for vector in shipped_vectors():
        for record in vector["evidence"]:
            evidence = evidence_of(record)
            head = "\n".join(f"{n}: {v}" for n, v in evidence.fields).encode("latin-1", "replace")
            kind = _kind_of(evidence) if evidence.kind == RESPONSE else evidence.kind
            seeds = {kind: evidence.body, "header lines": head if evidence.kind == RESPONSE else b""}
            for chosen, body in seeds.items():
                if body and len(body) < 20_000:
                    data = bytes((KINDS.index(chosen),)) + body
                    (folder / sha256(data).hexdigest()[:16]).write_bytes(data)
    return sum(1 for _ in folder.iterdir())


def _kind_of(evidence: Evidence) -> str:
    """The kind of response whose media type is the evidence's own, as far as there is one."""
    stated = {n.lower(): v for n, v in evidence.fields}.get("content-type", "").partition(";")[0]
    kind = f"{RESPONSE} {stated.replace('text/xml', 'application/rss+xml')}"
    return kind if kind in KINDS else f"{RESPONSE} text/html"


def main() -> None:
    """Fuzz until the options say stop."""
    with tempfile.TemporaryDirectory() as corpus:
        print(f"{_seed(Path(corpus))} seeds, {len(KINDS)} kinds of evidence", flush=True)
        atheris.Setup([*sys.argv, corpus, "-max_len=8192"], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
