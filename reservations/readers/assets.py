"""What an image, a PDF, an EPUB or a video says about itself, as small extracts.

A file is what its first bytes say; the media type decides only where they say nothing. Nothing here
raises, whatever the bytes are, and a file without metadata costs microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from reservations.model import EPUB_OPF, IMAGE_XMP, PDF_XMP
from reservations.readers import boilerplate, rights_notices, rsl_embedded
from reservations.readers.containers import epub, gif, id3, isobmff, jpeg, pdf, png, svg, tiff, webp
from reservations.readers.containers.bounds import MAX_PACKETS
from reservations.readers.containers.reduced import as_utf8_xml, reduce_opf, reduce_xmp
from reservations.readers.elements import encode_elements
from reservations.readers.http_fields import content_type_of, media_type_of

_EPUB = "application/epub+zip"
_SVG = "image/svg+xml"

FORMATS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "jpeg": jpeg.packets,
    "png": png.packets,
    "webp": webp.packets,
    "gif": gif.packets,
    "tiff": tiff.packets,
    "boxes": isobmff.packets,
    "svg": svg.packets,
    "id3": id3.packets,
    "pdf": pdf.packets,
    "epub": epub.packages,
}
"""Each format's reader of packets."""

_C2PA: dict[str, Callable[[bytes], bool]] = {
    "jpeg": jpeg.may_hold_c2pa,
    "png": png.may_hold_c2pa,
    "webp": webp.may_hold_c2pa,
    "tiff": tiff.may_hold_c2pa,
    "boxes": isobmff.may_hold_c2pa,
    "svg": lambda body: b"c2pa:manifest" in body,
    "epub": lambda body: b"content_credential.c2pa" in body,
}
_MANIFEST_STORE = b"jumdc2pa"
"""How a manifest store opens: description box and type (C2PA 1.4 section 11.1.4), unless compressed."""

_STARTS: tuple[tuple[bytes, str], ...] = (
    (jpeg.MAGIC, "jpeg"),
    (png.MAGIC, "png"),
    (webp.MAGIC, "webp"),
    *((magic, "gif") for magic in gif.MAGIC),
    *((magic, "tiff") for magic in tiff.MAGIC),
    (isobmff.JP2_MAGIC, "boxes"),
    (isobmff.JXL_MAGIC, "boxes"),
    (id3.MAGIC, "id3"),
)


def asset_extracts(fields: Sequence[tuple[str, str]], body: bytes) -> tuple[tuple[str, bytes], ...]:
    """Kinds of evidence and their bytes, for an answer that is no HTML; mostly none."""
    name = format_of(media_type_of(content_type_of(fields)), body)
    if not name:
        feed = rsl_embedded.in_feed(fields, body)
        return ((rsl_embedded.KIND, encode_elements(feed)),) if feed else ()
    packets = tuple(_first(FORMATS[name](body)))
    if name == "epub":
        kind, extract = EPUB_OPF, reduce_opf(packets)
    else:
        kind, extract = (PDF_XMP if name == "pdf" else IMAGE_XMP), reduce_xmp(packets)
    documents = tuple(map(as_utf8_xml, packets))
    licences = rsl_embedded.in_file(documents)
    sentences = rights_notices.reserving_sentences(documents)
    return (
        *(((kind, extract),) if extract else ()),
        *(((rsl_embedded.KIND, encode_elements(licences)),) if licences else ()),
        *(((boilerplate.KIND, boilerplate.encode_sentences(sentences)),) if sentences else ()),
    )


def format_of(media_type: str, body: bytes) -> str:
    """The key in FORMATS, empty for anything else."""
    for magic, name in _STARTS:
        if body.startswith(magic):
            return name
    if body[4:8] in isobmff.FIRST_BOXES:
        return "boxes"
    if body.find(pdf.MAGIC, 0, pdf.MAGIC_WITHIN) >= 0:
        return "pdf"
    if body.startswith(epub.MAGIC):
        return "epub" if media_type == _EPUB or epub.looks_like_epub(body) else ""
    return "svg" if media_type == _SVG or svg.looks_like_svg(body) else ""


def may_hold_c2pa(media_type: str, body: bytes) -> bool:
    """Whether it is worth asking a C2PA reader; cheap, and wrong only in saying yes."""
    look = _C2PA.get(format_of(media_type, body))
    return look(body) if look else _MANIFEST_STORE in body


def _first(packets: Iterator[bytes]) -> Iterator[bytes]:
    return (packet for packet, _ in zip(packets, range(MAX_PACKETS), strict=False))
