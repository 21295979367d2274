"""What reading costs: microseconds a page for headers and head, milliseconds an asset. No I/O.

    python -m bench.readers [--rounds 300]

Pages are those of the bench's own sites; assets are written by Pillow, pikepdf and zipfile. Beside ours stand
datadiligence (which reads two header fields of an answer, and c2pa manifests of an image) and plain library
calls that find less: one protocol's property in one place. Ours leaves c2pa manifests to a worker process,
which is not measured here. Every row is the median of its rounds, and the rows take turns.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import io
import logging
import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import lxml.html
import pikepdf
from parsel import Selector
from PIL import Image
from selectolax.lexbor import LexborHTMLParser

from bench.sites import make_hosts
from reservations.model import RESPONSE, Agent, Evidence, Outcome
from reservations.read import extract, read

AGENT = Agent(token="ExampleBot")
WHEN = datetime(2026, 11, 24, tzinfo=UTC)
URL = "https://example.com/a"
PLUS = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"
XMP = (
    '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    f'xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" plus:DataMining="{PLUS}"/></rdf:RDF></x:xmpmeta>'
    '<?xpacket end="w"?>'
).encode()
OPF = (
    '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" prefix="tdm: http://www.w3.org/ns/tdmrep#">'
    '<metadata><meta property="tdm:reservation">1</meta></metadata></package>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way of reading the same thing."""

    what: str
    who: str
    call: Callable[[int], object]


def answer(media_type: str, body: bytes, *more: tuple[str, str], url: str = URL) -> Evidence:
    """A response as it comes off the wire."""
    fields = (("Content-Type", media_type), ("Server", "nginx"), ("Cache-Control", "max-age=60"), *more)
    return Evidence(
        kind=RESPONSE, url=url, outcome=Outcome.FOUND, fetched_at=WHEN, status=200, fields=fields, body=body
    )


def ours(evidence: Evidence) -> object:
    """Extract and read: every protocol, with statements, notes and where they stand."""
    return read(evidence.url, extract(evidence, AGENT), AGENT)


def pages() -> list[bytes]:
    """Pages of the bench's sites, 28 to 64 KB each."""
    bodies = []
    for host in make_hosts(80, reserving=True)[:4]:
        for path, raw in host.answers.items():
            head, _, body = raw.partition(b"\r\n\r\n")
            if path.endswith(".html") and body:
                bodies.append(gzip.decompress(body) if b"gzip" in head.lower() else body)
    return bodies


def page_rows(bodies: list[bytes]) -> Iterator[Row]:
    """A page: header lines and the elements of its head."""
    html = "text/html; charset=utf-8"
    with_signal = ("X-Robots-Tag", "noindex"), ("tdm-reservation", "0")
    whole = [answer(html, body, *with_signal, url=f"{URL}/{n}") for n, body in enumerate(bodies)]
    heads = [answer(html, b"", *with_signal, url=f"{URL}/{n}") for n in range(len(bodies))]
    texts = [body.decode() for body in bodies]
    count = len(bodies)
    yield Row(what="headers", who="forbear, all protocols", call=lambda n: ours(heads[n % count]))
    diligence = _datadiligence()
    if diligence is not None:
        fields = dict(heads[0].fields)
        yield Row(
            what="headers",
            who="datadiligence, 2 fields, yes or no",
            call=lambda n: diligence.is_allowed(headers=fields),
        )
    yield Row(what="headers and page", who="forbear, all protocols", call=lambda n: ours(whole[n % count]))
    yield Row(
        what="headers and page", who="selectolax, robots meta", call=lambda n: _selectolax(texts[n % count])
    )
    yield Row(what="headers and page", who="lxml, robots meta", call=lambda n: _lxml(bodies[n % count]))
    yield Row(what="headers and page", who="parsel, robots meta", call=lambda n: _parsel(texts[n % count]))


def _selectolax(text: str) -> object:
    return [n.attributes.get("content") for n in LexborHTMLParser(text).css('meta[name="robots"]')]


def _lxml(body: bytes) -> object:
    return lxml.html.fromstring(body).xpath('//meta[@name="robots"]/@content')


def _parsel(text: str) -> object:
    return Selector(text=text).css('meta[name="robots"]::attr(content)').getall()


def asset_rows(folder: Path) -> Iterator[Row]:
    """Files with a reservation inside, of the size that sites serve."""
    for kind, media_type, body in assets():
        what = f"{kind}, {len(body) / 1e6:.1f} MB"
        evidence = answer(media_type, body)
        yield Row(what=what, who="forbear, all protocols", call=lambda _, e=evidence: ours(e))
        plain = _PLAIN.get(kind)
        if plain:
            yield Row(what=what, who=plain[0], call=lambda _, f=plain[1], b=body: f(b))
        diligence = _datadiligence()
        if diligence is not None and kind in ("JPEG", "PNG"):
            path = folder / f"a.{kind.lower()}"
            path.write_bytes(body)
            yield Row(
                what=what,
                who="datadiligence, c2pa label of 2023",
                call=lambda _, p=str(path), d=diligence: d.is_allowed(path=p),
            )


def assets() -> Iterator[tuple[str, str, bytes]]:
    """Kind, media type and bytes."""
    picture = Image.effect_noise((1600, 1200), 60).convert("RGB")
    for kind, media_type in (("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")):
        out = io.BytesIO()
        if kind == "PNG":
            from PIL.PngImagePlugin import PngInfo

            chunks = PngInfo()
            chunks.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
            picture.resize((800, 600)).save(out, kind, pnginfo=chunks)
        else:
            picture.save(out, kind, xmp=XMP)
        yield kind, media_type, out.getvalue()
    yield "PDF", "application/pdf", _pdf()
    yield "EPUB", "application/epub+zip", _epub()


def _pdf() -> bytes:
    document, out = pikepdf.new(), io.BytesIO()
    for _ in range(40):
        document.add_blank_page()
    document.Root.Blob = pikepdf.Stream(document, os.urandom(500_000))
    with document.open_metadata() as metadata:
        metadata.register_xml_namespace("http://www.w3.org/ns/tdmrep/", "tdm")
        metadata["tdm:reservation"] = "1"
    document.save(out)
    return out.getvalue()


def _epub() -> bytes:
    out = io.BytesIO()
    container = '<container><rootfiles><rootfile full-path="p.opf"/></rootfiles></container>'
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("p.opf", OPF)
        for number in range(40):
            archive.writestr(f"c{number}.xhtml", os.urandom(20_000))
    return out.getvalue()


def _pillow(body: bytes) -> object:
    with Image.open(io.BytesIO(body)) as image:
        return image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")


def _pikepdf(body: bytes) -> object:
    with pikepdf.open(io.BytesIO(body)) as document, document.open_metadata() as metadata:
        return metadata.get("{http://www.w3.org/ns/tdmrep/}reservation")


def _zipfile(body: bytes) -> object:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return archive.read("p.opf")


_PLAIN: dict[str, tuple[str, Callable[[bytes], object]]] = {
    "JPEG": ("Pillow, packet not parsed", _pillow),
    "PNG": ("Pillow, packet not parsed", _pillow),
    "WEBP": ("Pillow, packet not parsed", _pillow),
    "PDF": ("pikepdf, one property", _pikepdf),
    "EPUB": ("zipfile, package not parsed", _zipfile),
}


def _datadiligence() -> Any:
    if importlib.util.find_spec("datadiligence") is None:
        return None
    logging.disable(logging.ERROR)  # it logs every file without a manifest as an error
    import datadiligence

    return datadiligence


def measure(rows: list[Row], rounds: int) -> list[float]:
    """Median seconds of each row; the rows take turns, so that a busy machine is busy for all."""
    taken: list[list[float]] = [[] for _ in rows]
    for number in range(rounds):
        for row, times in zip(rows, taken, strict=True):
            start = time.perf_counter()
            row.call(number)
            times.append(time.perf_counter() - start)
    return [median(times) for times in taken]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        for title, rows, unit, name in (
            ("a page", list(page_rows(pages())), 1e6, "µs"),
            ("an asset", list(asset_rows(Path(folder))), 1e3, "ms"),
        ):
            print(f"{title} ({name}, median of {rounds})")
            for row, seconds in zip(rows, measure(rows, rounds), strict=True):
                print(f"  {row.what:<18} {row.who:<36} {seconds * unit:9.2f}")


if __name__ == "__main__":
    main()
