"""Bodies that are computed: pictures, documents, archives and a decompression bomb.

All from the standard library, so that the demo web needs nothing but Python.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from html import escape

from crawler.demoweb.catalog import Made

_PLUS = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"
 plus:DataMining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"/></rdf:RDF></x:xmpmeta>"""

_TDM = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:tdm="http://www.w3.org/ns/tdmrep/">
<tdm:reservation>1</tdm:reservation></rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def make(made: Made) -> bytes:
    """The body a site file asks for."""
    return _MAKERS[made.kind](made)


def png(made: Made) -> bytes:
    """A hill under an evening sky; reserved by PLUS in an XMP packet if asked."""
    width, height = 240, 150
    red, green, blue = bytes.fromhex(made.colour[1:])
    ridge = [round(95 + 18 * math.sin(x / 31 + red) + 7 * math.sin(x / 9)) for x in range(width)]
    hill = bytes((red, green, blue))
    rows = bytearray()
    for y in range(height):
        light = 255 - y
        sky = bytes((light, min(255, light + green // 8), min(255, 200 + blue // 5)))
        rows += b"\0" + b"".join(hill if y > edge else sky for edge in ridge)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    xmp = b"XML:com.adobe.xmp\0\0\0\0\0" + _PLUS.encode()
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b"")]
    if made.reserved:
        chunks.insert(1, (b"iTXt", xmp))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def pdf(made: Made) -> bytes:
    """A page of plain text; reserved by TDMRep in its XMP packet if asked."""
    lines = "".join(f"({_pdf_text(line)}) Tj T*\n" for line in made.text.strip().splitlines())
    text = f"BT /F1 18 Tf 60 770 Td ({_pdf_text(made.title)}) Tj /F1 11 Tf 0 -34 Td 15 TL\n{lines}ET"
    metadata = " /Metadata 6 0 R" if made.reserved else ""
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R{metadata} >>".encode(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        _pdf_stream("", text.encode("cp1252", "replace")),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    if made.reserved:
        objects.append(_pdf_stream("/Type /Metadata /Subtype /XML ", _TDM.encode()))
    return _pdf_file(objects)


def epub(made: Made) -> bytes:
    """A one-chapter EPUB 3; reserved by TDMRep in its package file if asked."""
    reservation = '<meta property="tdm:reservation">1</meta>' if made.reserved else ""
    title = escape(made.title)
    body = "".join(f"<p>{escape(part)}</p>" for part in made.text.strip().split("\n\n"))
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": _CONTAINER,
        "book.opf": _OPF.format(title=title, reservation=reservation),
        "nav.xhtml": _XHTML.format(
            title=title,
            body='<nav epub:type="toc"><ol><li><a href="text.xhtml">1</a></li></ol></nav>',
        ),
        "text.xhtml": _XHTML.format(title=title, body=f"<h1>{title}</h1>{body}"),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            # A fixed date keeps the bytes the same on every run.
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return out.getvalue()


def filler(made: Made) -> bytes:
    """An HTML page padded to `size` bytes, to see how much of it somebody pulls."""
    head = f"<!doctype html><html><head><title>{escape(made.title)}</title></head><body>\n".encode()
    line = f"<p>{escape(made.text)}</p>\n".encode()
    return (head + line * (made.size // len(line) + 1))[: made.size]


def bomb(made: Made) -> bytes:
    """A gzip stream of `size` MiB of zeros, built from one repeated block in a few milliseconds."""
    megabyte = bytes(1 << 20)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = deflate.compress(megabyte) + deflate.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    check = 0
    for _ in range(made.size):
        check = zlib.crc32(megabyte, check)
    head = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"
    return head + block * made.size + last + struct.pack("<II", check, made.size << 20)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _pdf_text(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _pdf_stream(entries: str, data: bytes) -> bytes:
    return f"<< {entries}/Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def _pdf_file(objects: list[bytes]) -> bytes:
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


_CONTAINER = """<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""

_OPF = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id"
 prefix="tdm: http://www.w3.org/ns/tdmrep#">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:demo:{title}</dc:identifier><dc:title>{title}</dc:title>
<dc:language>en</dc:language><meta property="dcterms:modified">2026-01-01T00:00:00Z</meta>
{reservation}</metadata>
<manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="text" href="text.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="text"/></spine></package>"""

_XHTML = """<?xml version="1.0" encoding="utf-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">
<head><title>{title}</title></head><body>{body}</body></html>"""

_MAKERS: Mapping[str, Callable[[Made], bytes]] = {
    "png": png,
    "pdf": pdf,
    "epub": epub,
    "filler": filler,
    "bomb": bomb,
}
