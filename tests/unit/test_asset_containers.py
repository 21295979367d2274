"""Each container by the clause that says where its metadata lives, odd and hostile forms included."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zipfile
import zlib
from datetime import UTC, datetime

import pikepdf
import pytest

from reservations.model import RESPONSE, Agent, Evidence, Outcome
from reservations.protocols import c2pa, iptc_plus
from reservations.read import extract, read
from reservations.readers.assets import asset_extracts, may_hold_c2pa
from reservations.readers.containers import epub
from reservations.readers.containers.bounds import inflate
from reservations.readers.containers.reduced import MAX_EXTRACT, reduce_opf, reduce_xmp
from reservations.readers.opf import read_opf
from reservations.readers.xmp import read_xmp

PLUS = "http://ns.useplus.org/ldf/xmp/1.0/"
TDM = "http://www.w3.org/ns/tdmrep/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
VALUE = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"


def packet(inner: str = f"<plus:DataMining>{VALUE}</plus:DataMining>", more: str = "") -> bytes:
    return (
        f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about="" xmlns:plus="{PLUS}" xmlns:tdm="{TDM}"'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="the title of a secret work" {more}>{inner}'
        f'</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def jpeg(*segments: bytes) -> bytes:
    jfif = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    return b"\xff\xd8" + jfif + b"".join(segments) + b"\xff\xda\0\2" + b"\x55" * 100 + b"\xff\xd9"


def standard(data: bytes) -> bytes:
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + data)


def extension(guid: bytes, whole: bytes, start: int, end: int) -> bytes:
    head = b"http://ns.adobe.com/xmp/extension/\0" + guid + struct.pack(">II", len(whole), start)
    return segment(0xE1, head + whole[start:end])


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", bytes(13)), *chunks, (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + body


def tiff(order: str, data: bytes, *, big: bool = False, following: int = 0) -> bytes:
    """One directory with tag 700; `following` is the offset of the next one."""
    if big:
        head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HHHQ", 43, 8, 0, 16)
        entry = struct.pack(order + "HHQQ", 700, 1, len(data), 16 + 8 + 20 + 8)
        return head + struct.pack(order + "Q", 1) + entry + struct.pack(order + "Q", following) + data
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    entry = struct.pack(order + "HHII", 700, 1, len(data), 8 + 2 + 12 + 4)
    return head + struct.pack(order + "H", 1) + entry + struct.pack(order + "I", following) + data


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + kind + data


def heif(data: bytes, *, method: int, encoding: bytes = b"") -> bytes:
    info = (
        b"\x02\0\0\0" + struct.pack(">HH", 7, 0) + b"mime" + b"XMP\0application/rdf+xml\0" + encoding + b"\0"
    )
    iinf = box(b"iinf", bytes(4) + struct.pack(">H", 1) + box(b"infe", info))

    def meta(at: int) -> bytes:
        location = struct.pack(">HHHHII", 7, method, 0, 1, at, len(data))
        iloc = box(b"iloc", b"\1\0\0\0" + b"\x44\x00" + struct.pack(">H", 1) + location)
        return box(b"meta", bytes(4) + iinf + iloc + (box(b"idat", data) if method else b""))

    ftyp = box(b"ftyp", b"avif\0\0\0\0avifmif1")
    at = 0 if method else len(ftyp) + len(meta(0)) + 8
    return ftyp + meta(at) + (b"" if method else box(b"mdat", data))


def pdf(data: bytes, *, user: str | None = None, compress: bool = False) -> bytes:
    document = pikepdf.new()
    document.add_blank_page()
    document.Root.Metadata = document.make_stream(data, Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML)
    out = io.BytesIO()
    encryption = False if user is None else pikepdf.Encryption(owner="owner", user=user)
    document.save(out, encryption=encryption, compress_streams=compress)
    return out.getvalue()


def book(opf: bytes, *, container: bytes | None = None, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    rootfile = b'<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
    rootfile += (
        b'full-path="OEBPS/a.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", rootfile if container is None else container)
        archive.writestr("OEBPS/a.opf", opf, method)
    return out.getvalue()


OPF = (
    b'<package xmlns="http://www.idpf.org/2007/opf" version="3.0" prefix="tdm: http://www.w3.org/ns/tdmrep#">'
    b'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>the title of a secret work</dc:title>'
    b'<meta property="tdm:reservation">1</meta></metadata></package>'
)


def only(body: bytes, media_type: str = "") -> tuple[str, bytes]:
    (found,) = asset_extracts((("Content-Type", media_type),), body)
    assert b"secret" not in found[1]
    assert len(found[1]) <= MAX_EXTRACT
    return found


def codes(body: bytes, kind: str = "image-xmp", media_type: str = "") -> tuple[str, ...]:
    found = only(body, media_type)
    assert found[0] == kind
    return read_xmp(found[1]).get_all({PLUS}, "DataMining")


class TestJpeg:
    """XMP part 3, section 1.1.3."""

    def test_app1(self) -> None:
        assert codes(jpeg(segment(0xE1, b"Exif\0\0II*\0"), standard(packet()))) == (VALUE,)

    def test_property_only_in_the_extension_whose_parts_come_out_of_order(self) -> None:
        whole, guid = packet(), b"A" * 32
        parts = (extension(guid, whole, 200, len(whole)), extension(guid, whole, 0, 200))
        assert codes(jpeg(standard(packet("")), *parts)) == (VALUE,)

    def test_missing_part_of_the_extension_is_ill_formed_and_not_silent(self) -> None:
        whole = packet()
        found = only(jpeg(extension(b"A" * 32, whole, 100, len(whole))))
        assert read_xmp(found[1]).well_formed is False or not found[1]

    def test_garbage_and_fill_bytes_between_segments(self) -> None:
        body = jpeg(b"junk\xff\xff\xff" + standard(packet())[1:])
        assert codes(body) == (VALUE,)

    def test_length_past_the_end(self) -> None:
        body = b"\xff\xd8" + b"\xff\xe1\xff\xff" + b"http://ns.adobe.com/xap/1.0/\0" + packet()
        assert codes(body) == (VALUE,)

    def test_wrong_media_type_is_no_matter(self) -> None:
        assert codes(jpeg(standard(packet())), media_type="image/png") == (VALUE,)

    def test_nothing_after_the_scan_is_read(self) -> None:
        assert asset_extracts((), jpeg() + standard(packet())) == ()


class TestPng:
    """XMP part 3, section 1.1.5; PNG section 11.3.3.4."""

    def test_plain_and_compressed(self) -> None:
        plain = b"XML:com.adobe.xmp\0\0\0\0\0" + packet()
        packed = b"XML:com.adobe.xmp\0\1\0en\0XMP\0" + zlib.compress(packet())
        assert codes(png((b"iTXt", plain))) == codes(png((b"iTXt", packed))) == (VALUE,)

    def test_after_the_image(self) -> None:
        assert codes(png((b"IDAT", bytes(99)), (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet()))) == (
            VALUE,
        )

    def test_raw_profile_of_imagemagick(self) -> None:
        digits = packet().hex()
        lines = "\n".join(digits[i : i + 72] for i in range(0, len(digits), 72))
        text = f"\nxmp\n{len(packet()):8}\n{lines}\n".encode()
        body = png((b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(text)))
        assert codes(body) == (VALUE,)

    def test_bomb_is_bounded(self) -> None:
        bomb = zlib.compress(b"<" + bytes(50_000_000))
        tracemalloc.start()
        assert asset_extracts((), png((b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb))) == ()
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
        tracemalloc.stop()

    def test_damaged_stream_gives_what_came_before(self) -> None:
        data = bytearray(zlib.compress(bytes(range(256)) * 100, 0))
        data[-3:] = b"\xff\xff\xff"
        assert inflate(bytes(data)).startswith(bytes(range(256)))


def test_webp_chunk_and_its_early_spelling() -> None:
    """RFC 9649 section 2.7.1.6."""
    for kind in (b"XMP ", b"XMP\0"):
        chunk = kind + struct.pack("<I", len(packet())) + packet()
        assert codes(b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + b"ICCP\1\0\0\0x\0" + chunk) == (
            VALUE,
        )


class TestTiff:
    """XMP part 3, section 1.1.7; TIFF 6.0 section 2."""

    @pytest.mark.parametrize("order", "<>")
    @pytest.mark.parametrize("big", [False, True])
    def test_both_byte_orders_and_bigtiff(self, order: str, big: bool) -> None:
        assert codes(tiff(order, packet(), big=big)) == (VALUE,)

    def test_directory_that_points_to_itself(self) -> None:
        assert codes(tiff("<", packet(), following=8)) == (VALUE,)

    def test_directory_full_of_nothing_is_quick(self) -> None:
        body = b"II*\0" + struct.pack("<I", 8) + (b"\xff\xff" + bytes(12 * 65535) + b"\x08\0\0\0") * 4
        start = time.perf_counter()
        assert asset_extracts((), body) == ()
        assert time.perf_counter() - start < 1


class TestGif:
    """XMP part 3, section 1.1.2."""

    HEAD = b"GIF89a\1\0\1\0\0\0\0"

    def test_packet_with_magic_trailer(self) -> None:
        trailer = b"\1" + bytes(range(255, -1, -1)) + b"\0"
        assert codes(self.HEAD + b"\x21\xff\x0bXMP DataXMP" + packet() + trailer + b";") == (VALUE,)

    def test_packet_cut_into_sub_blocks(self) -> None:
        data = packet()
        blocks = b"".join(bytes((len(p),)) + p for i in range(0, len(data), 200) if (p := data[i : i + 200]))
        assert codes(self.HEAD + b"\x21\xff\x0bXMP DataXMP" + blocks + b"\0;") == (VALUE,)


class TestBoxes:
    """XMP part 3, section 1.2.6; ISO/IEC 23008-12 annex A.3."""

    UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")

    def test_uuid_box_after_the_media(self) -> None:
        body = box(b"ftyp", b"mp42\0\0\0\0") + box(b"mdat", bytes(1000)) + box(b"uuid", self.UUID + packet())
        assert codes(body, media_type="video/mp4") == (VALUE,)

    def test_quicktime_user_data_and_64_bit_size(self) -> None:
        mdat = struct.pack(">I4sQ", 1, b"mdat", 16 + 500) + bytes(500)
        body = box(b"wide", b"") + mdat + box(b"moov", box(b"udta", box(b"XMP_", packet())))
        assert codes(body) == (VALUE,)

    @pytest.mark.parametrize("method", [0, 1])
    def test_heif_item(self, method: int) -> None:
        assert codes(heif(packet(), method=method)) == (VALUE,)

    def test_heif_item_deflated(self) -> None:
        assert codes(heif(zlib.compress(packet()), method=0, encoding=b"deflate")) == (VALUE,)

    def test_box_of_size_zero_goes_to_the_end_and_nesting_is_bounded(self) -> None:
        deep = packet()
        for _ in range(3000):
            deep = box(b"moov", deep)
        assert asset_extracts((), box(b"ftyp", b"qt  ") + deep) == ()
        assert codes(box(b"ftyp", b"qt  ") + b"\0\0\0\0uuid" + self.UUID + packet()) == (VALUE,)


class TestSvg:
    """SVG 2 section 5.10."""

    def test_metadata(self) -> None:
        inner = packet().partition(b"?>")[2].rpartition(b"<?")[0]
        body = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><metadata>' + inner
        assert codes(body + b"</metadata><path/></svg>", media_type="image/svg+xml") == (VALUE,)

    def test_entities_of_illustrator_are_refused_and_the_packet_scanned(self) -> None:
        inner = packet().partition(b"?>")[2].rpartition(b"<?")[0]
        body = b'<!DOCTYPE svg [<!ENTITY ns "x">]><svg xmlns="http://www.w3.org/2000/svg"><metadata>' + inner
        kind, found = only(body + b"</metadata></svg>")
        assert (kind, read_xmp(found).well_formed) == ("image-xmp", False)

    def test_outside_metadata_is_nothing(self) -> None:
        body = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:plus="{PLUS}"><a plus:DataMining="x"/></svg>'
        assert asset_extracts((), body.encode()) == ()


class TestPdf:
    """ISO 32000-2 section 14.3.2."""

    def values(self, body: bytes) -> tuple[str, ...]:
        kind, found = only(body)
        assert kind == "pdf-xmp"
        return read_xmp(found).get_all({TDM}, "reservation")

    RESERVED = packet("<tdm:reservation>1</tdm:reservation>")

    @pytest.mark.parametrize("compress", [False, True])
    @pytest.mark.parametrize("user", [None, ""])
    def test_catalog_metadata(self, compress: bool, user: str | None) -> None:
        assert self.values(pdf(self.RESERVED, user=user, compress=compress)) == ("1",)

    def test_password_is_never_guessed(self) -> None:
        assert asset_extracts((), pdf(self.RESERVED, user="secret", compress=True)) == ()

    def test_damaged_file_is_searched(self) -> None:
        body = pdf(self.RESERVED)
        assert self.values(
            b"%PDF-1.7\n" + body[body.index(b"<?xpacket") - 10 :][: len(self.RESERVED) + 50]
        ) == ("1",)

    def test_junk_before_the_magic_bytes(self) -> None:
        assert self.values(b"\r\njunk\r\n" + pdf(self.RESERVED)) == ("1",)

    def test_bomb_in_the_stream_is_bounded(self) -> None:
        document = pikepdf.new()
        document.add_blank_page()
        bomb = document.make_stream(zlib.compress(self.RESERVED + b" " * 60_000_000, 9))
        bomb.Filter = pikepdf.Name.FlateDecode
        document.Root.Metadata = bomb
        out = io.BytesIO()
        document.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
        tracemalloc.start()
        assert self.values(out.getvalue()) == ("1",)
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
        tracemalloc.stop()


class TestEpub:
    """EPUB OCF 3.3 section 4.2.6.3.1."""

    def test_package_by_way_of_the_container_file(self) -> None:
        kind, found = only(book(OPF))
        assert (kind, [m.value for m in read_opf(found).metas]) == ("epub-opf", ["1"])

    def test_broken_container_file(self) -> None:
        assert only(book(OPF, container=b"<container"))[0] == "epub-opf"

    def test_other_compression_is_refused(self) -> None:
        assert asset_extracts((), book(OPF, method=zipfile.ZIP_LZMA)) == ()

    def test_bomb_is_bounded(self) -> None:
        body = book(OPF.replace(b"</package>", b" " * 60_000_000 + b"</package>"))
        tracemalloc.start()
        assert only(body)[0] == "epub-opf"  # cut short, so ill-formed, and still read
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
        tracemalloc.stop()

    def test_directory_of_very_many_members_is_refused_unread(self) -> None:
        end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 60_000, 60_000, 46 * 60_000, 0, 0)
        assert list(epub.packages(b"PK\3\4" + bytes(46) + end)) == []

    def test_wrong_checksum_hides_nothing(self) -> None:
        body = book(OPF, method=zipfile.ZIP_STORED)
        assert only(body.replace(b"secret", b"sacred"))[0] == "epub-opf"

    def test_other_archives_are_left_alone(self) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("a.opf", OPF)
        assert asset_extracts((), out.getvalue()) == ()


class TestReduced:
    def test_utf16_packets(self) -> None:
        for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
            found = reduce_xmp([packet().decode().encode(encoding)])
            assert read_xmp(found).get_all({PLUS}, "DataMining") == (VALUE,)

    def test_a_history_of_thousands_hides_nothing(self) -> None:
        history = "<dc:subject><rdf:Bag>" + "<rdf:li>x</rdf:li>" * 20_000 + "</rdf:Bag></dc:subject>"
        found = reduce_xmp([packet(history + f"<plus:DataMining>{VALUE}</plus:DataMining>")])
        assert read_xmp(found).get_all({PLUS}, "DataMining") == (VALUE,)

    def test_what_is_ill_formed_stays_so(self) -> None:
        once = reduce_xmp([packet()[:-60]])
        assert (reduce_xmp([once]), read_xmp(once).well_formed) == (once, False)
        broken = reduce_opf([OPF[:-20]])
        assert (reduce_opf([broken]), read_opf(broken).well_formed) == (broken, False)

    def test_values_of_an_ill_formed_packet_cannot_declare_anything(self) -> None:
        hostile = (
            f"<x xmlns:tdm='{TDM}'><tdm:policy>\"xmlns:tdm='http://evil/' tdm:reservation='1'</tdm:policy>"
        )
        once = reduce_xmp([hostile.encode()])
        assert reduce_xmp([once]) == once

    def test_nothing_relevant_is_nothing(self) -> None:
        assert reduce_xmp([packet("", more='dc:rights="all reservation"')]) == b""


def test_extract_and_read_agree_and_extracting_again_changes_nothing() -> None:
    agent = Agent(token="ExampleBot")
    answer = Evidence(
        kind=RESPONSE,
        url="https://example.com/a.png",
        outcome=Outcome.FOUND,
        fetched_at=datetime(2026, 11, 24, tzinfo=UTC),
        status=200,
        fields=(("Content-Type", "image/png"),),
        body=png((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet())),
    )
    kept = extract(answer, agent)
    assert [e.kind for e in kept] == ["response", "image-xmp"]
    assert tuple(part for item in kept for part in extract(item, agent)) == kept
    assert read(answer.url, kept, agent) == read(answer.url, [answer], agent)
    assert {s.code for s in read(answer.url, kept, agent).statements} == {"iptc_plus"}


def test_a_picture_without_metadata_costs_microseconds() -> None:
    body = jpeg(*(segment(0xE2, bytes(60_000)) for _ in range(8)))
    start = time.perf_counter()
    for _ in range(100):
        asset_extracts((("Content-Type", "image/jpeg"),), body)
        may_hold_c2pa("image/jpeg", body)
    assert (time.perf_counter() - start) / 100 < 0.001


def test_c2pa_is_looked_for_where_it_lives() -> None:
    assert may_hold_c2pa("", jpeg(segment(0xEB, b"JP\0\1\0\0\0\1")))
    assert may_hold_c2pa("", png((b"caBX", b"")))
    assert not may_hold_c2pa("", png())
    assert may_hold_c2pa("audio/mpeg", b"ID3\4" + b"....jumdc2pa")


def test_notes_are_declared() -> None:
    for protocol in (iptc_plus.PROTOCOL, c2pa.PROTOCOL):
        assert len({n.code for n in protocol.notes}) == len(protocol.notes) >= 8
