"""Files reserved by other people's software, read by ours: ExifTool, c2pa-python, pikepdf, Pillow.

ExifTool comes as the npm package `exiftool-vendored.pl` (it needs perl); it is installed once into the
virtual environment, or taken from FORBEAR_EXIFTOOL. Its tests are skipped only where npm does not answer.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import struct
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import c2pa
import pikepdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from crawler.c2pa_child import signals
from crawler.c2pa_worker import C2paWorker
from reservations.model import RESPONSE, Agent, Evidence, Outcome, Preference, Profile, Reading, Use
from reservations.read import extract, read
from reservations.readers.assets import asset_extracts, may_hold_c2pa
from tests.foreign import needed, npm

_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" %b/></rdf:RDF></x:xmpmeta>'
)

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 24, tzinfo=UTC)
URL = "https://example.com/a"
AGENT = Agent(token="ExampleBot")
TYPES = {
    "jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "tif": "image/tiff", "gif": "image/gif",
    "avif": "image/avif", "jp2": "image/jp2", "svg": "image/svg+xml", "pdf": "application/pdf",
    "mp4": "video/mp4",
}  # fmt: skip


def blank(extension: str) -> bytes:
    """A file of this kind without any metadata."""
    out = io.BytesIO()
    if extension == "pdf":
        document = pikepdf.new()
        document.add_blank_page()
        document.save(out)
    elif extension == "mp4":
        out.write(_mp4())
    elif extension == "svg":
        out.write(b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>')
    else:
        Image.effect_noise((200, 150), 40).convert("RGB").save(
            out, Image.registered_extensions()[f".{extension}"]
        )
    return out.getvalue()


def _mp4() -> bytes:
    """The smallest movie that ExifTool and c2pa-rs take: no tracks, some media data."""

    def box(kind: bytes, data: bytes) -> bytes:
        return (len(data) + 8).to_bytes(4, "big") + kind + data

    head = bytes(12) + (1000).to_bytes(4, "big") + bytes(4) + b"\0\1\0\0\1\0" + bytes(10)
    matrix = b"".join(n.to_bytes(4, "big") for n in (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30))
    movie = box(b"mvhd", head + matrix + bytes(24) + (1).to_bytes(4, "big"))
    return box(b"ftyp", b"isom\0\0\2\0isommp41") + box(b"moov", movie) + box(b"mdat", bytes(500))


def reading(extension: str, body: bytes, *more: Evidence) -> Reading:
    answer = Evidence(
        kind=RESPONSE, url=URL, outcome=Outcome.FOUND, fetched_at=NOW, status=200,
        fields=(("Content-Type", TYPES[extension]),), body=body,
    )  # fmt: skip
    kept = extract(answer, AGENT)
    assert all(b"Landscape" not in part.body for part in kept)
    return read(URL, [*kept, *more], AGENT)


def reserved(found: Reading, profile: Profile = Profile.STANDARD) -> set[Use | None]:
    return {
        s.use
        for s in found.statements
        if s.preference is Preference.RESERVED and profile in s.under and not s.advisory
    }


@pytest.fixture(scope="session")
def exiftool() -> Path:
    named = os.environ.get("FORBEAR_EXIFTOOL")
    if named:
        return Path(named)
    needed("perl", "apt-get install perl")
    return npm("exiftool-vendored.pl@13.59.3") / "node_modules/exiftool-vendored.pl/bin/exiftool"


def written(exiftool: Path, folder: Path, extension: str, *options: str, body: bytes | None = None) -> bytes:
    source, target = folder / f"in.{extension}", folder / f"out.{extension}"
    source.write_bytes(blank(extension) if body is None else body)
    target.unlink(missing_ok=True)
    command = [str(exiftool), "-q", *options, "-XMP-dc:Title=Landscape", "-o", str(target), str(source)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return target.read_bytes()


class TestExifTool:
    EXTENSIONS = ("jpg", "png", "webp", "tif", "gif", "avif", "jp2", "pdf", "mp4")

    @pytest.mark.parametrize("extension", EXTENSIONS)
    def test_reserved_file_of_every_kind(self, exiftool: Path, tmp_path: Path, extension: str) -> None:
        assert reserved(reading(extension, blank(extension))) == set()
        body = written(exiftool, tmp_path, extension, "-XMP-plus:DataMining=Prohibited for AI/ML training")
        found = reading(extension, body)
        assert reserved(found, Profile.LETTER) == {Use.AI_TRAIN, Use.GENAI_TRAIN}
        assert {s.scope for s in found.statements} == {"DMI-PROHIBITED-AIMLTRAINING"}
        assert found.notes == ()

    @pytest.mark.parametrize(
        ("label", "uses"),
        [
            ("Unspecified - no prohibition defined", 0),
            ("Allowed", 0),
            ("Prohibited for Generative AI/ML training", 1),
            ("Prohibited for AI/ML training", 2),
            ("Prohibited except for search engine indexing", 4),
            ("Prohibited", 5),
            ("Prohibited, see plus:OtherConstraints", 5),
            ("Prohibited, see iptcExt:EmbdEncRightsExpr", 5),
            ("Prohibited, see iptcExt:LinkedEncRightsExpr", 5),
        ],
    )
    def test_every_code(self, exiftool: Path, tmp_path: Path, label: str, uses: int) -> None:
        body = written(exiftool, tmp_path, "png", f"-XMP-plus:DataMining={label}", "-z")
        assert len(reserved(reading("png", body), Profile.LETTER)) == uses

    def test_compact_attributes_and_a_value_not_of_the_vocabulary(
        self, exiftool: Path, tmp_path: Path
    ) -> None:
        compact = ("-api", "Compact=Shorthand,NoPadding,NewLine")
        body = written(exiftool, tmp_path, "jpg", "-XMP-plus:DataMining#=PROHIBITED-AIMLTRAINING", *compact)
        found = reading("jpg", body)
        assert reserved(found) == {Use.AI_TRAIN, Use.GENAI_TRAIN}
        assert reserved(found, Profile.LETTER) == set()

    def test_property_pushed_into_extended_xmp(self, exiftool: Path, tmp_path: Path) -> None:
        text = "word " * 20_000
        body = written(
            exiftool, tmp_path, "jpg", "-XMP-plus:DataMining=Prohibited", f"-XMP-dc:Description={text}"
        )  # fmt: skip
        assert b"http://ns.adobe.com/xmp/extension/" in body
        assert len(reserved(reading("jpg", body), Profile.LETTER)) == 5

    def test_quicktime(self, exiftool: Path, tmp_path: Path) -> None:
        body = written(
            exiftool, tmp_path, "mp4", "-XMP-plus:DataMining=Prohibited",
            body=blank("mp4").replace(b"isom\0\0\2\0isommp41", b"qt  \0\0\2\0qt  qt  "),
        )  # fmt: skip
        assert len(reserved(reading("mp4", body))) == 5

    def test_big_endian_tiff(self, exiftool: Path, tmp_path: Path) -> None:
        big = written(exiftool, tmp_path, "tif", "-XMP-plus:DataMining=Prohibited", body=_big_endian_tiff())
        assert big.startswith(b"MM")
        assert len(reserved(reading("tif", big))) == 5


def _big_endian_tiff() -> bytes:
    tags = (
        (256, 4, 1),
        (257, 4, 1),
        (258, 3, 8 << 16),
        (259, 3, 1 << 16),
        (262, 3, 1 << 16),
        (273, 4, 8),
        (279, 4, 1),
    )
    entries = b"".join(struct.pack(">HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"MM\0*" + struct.pack(">I", 10) + b"\x80\0" + struct.pack(">H", len(tags)) + entries + bytes(4)


class TestPillow:
    @pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif", "avif"])
    def test_packet_given_to_pillow(self, extension: str) -> None:
        packet = _XMP % (
            b'xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"'
            b' plus:DataMining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"'
        )
        out = io.BytesIO()
        kind = Image.registered_extensions()[f".{extension}"]
        if kind == "PNG":
            info = PngInfo()
            info.add_itxt("XML:com.adobe.xmp", packet.decode(), zip=True)
            Image.new("RGB", (40, 40)).save(out, kind, pnginfo=info)
        elif kind == "TIFF":
            Image.new("RGB", (40, 40)).save(out, kind, tiffinfo={700: packet})
        else:
            Image.new("RGB", (40, 40)).save(out, kind, xmp=packet)
        assert len(reserved(reading(extension, out.getvalue()), Profile.LETTER)) == 5


class TestPikepdf:
    @pytest.mark.parametrize("encryption", [False, pikepdf.Encryption(owner="o", user="")])
    @pytest.mark.parametrize("mode", list(pikepdf.ObjectStreamMode.__members__.values()))
    def test_tdmrep_through_its_metadata_editor(
        self, encryption: object, mode: pikepdf.ObjectStreamMode
    ) -> None:
        document = pikepdf.new()
        document.add_blank_page()
        with document.open_metadata() as metadata:
            metadata["dc:title"] = "Landscape"
            metadata["{http://www.w3.org/ns/tdmrep/}reservation"] = "1"
            metadata["{http://www.w3.org/ns/tdmrep/}policy"] = "https://example.com/policy"
        out = io.BytesIO()
        document.save(out, encryption=encryption, object_stream_mode=mode)  # type: ignore[arg-type]
        found = reading("pdf", out.getvalue())
        assert reserved(found, Profile.LETTER) == {Use.TDM}
        assert found.statements[0].policy_url == "https://example.com/policy"


@pytest.fixture(scope="session")
def sign() -> Callable[..., bytes]:
    certificates, key = _identity()
    signer = c2pa.C2paSignerInfo(b"es256", certificates, key, None)
    settings = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}

    def signed(
        extension: str, entries: dict[str, object] | None, *, label: str = "cawg.training-mining",
        source: bytes | None = None, ingredient: bytes = b"", relationship: str = "parentOf",
    ) -> bytes:  # fmt: skip
        assertions = [{"label": label, "data": {"entries": entries}}] if entries is not None else []
        manifest = {"claim_generator_info": [{"name": "test", "version": "1"}], "assertions": assertions}
        builder = c2pa.Builder(json.dumps(manifest), context=c2pa.Context.from_dict(settings))
        if ingredient and relationship == "parentOf":
            builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
        else:
            capture = c2pa.C2paDigitalSourceType.DIGITAL_CAPTURE
            builder.set_intent(c2pa.C2paBuilderIntent.CREATE, capture)
        if ingredient:
            described = {"title": "x", "relationship": relationship}
            builder.add_ingredient(described, "image/jpeg", io.BytesIO(ingredient))
        out = io.BytesIO()
        data = io.BytesIO(blank(extension) if source is None else source)
        builder.sign(c2pa.Signer.from_info(signer), TYPES[extension], data, out)
        return out.getvalue()

    return signed


def _identity() -> tuple[bytes, bytes]:
    """A certificate chain nobody trusts, and its key."""
    root, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    start = datetime.now(UTC) - timedelta(days=1)

    def name(common: str) -> x509.Name:
        attributes = {NameOID.ORGANIZATION_NAME: "Test", NameOID.COMMON_NAME: common}
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes.items()])

    def certificate(common: str, key: ec.EllipticCurvePrivateKey, *, ca: bool) -> x509.Certificate:
        usage = x509.KeyUsage(
            digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(common))
            .issuer_name(name("Root"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), critical=False
            )
        )
        if not ca:
            purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
            builder = builder.add_extension(purpose, critical=False)
        return builder.sign(root, hashes.SHA256())

    pem = serialization.Encoding.PEM
    chain = certificate("Leaf", leaf, ca=False).public_bytes(pem) + certificate(
        "Root", root, ca=True
    ).public_bytes(pem)
    return chain, leaf.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


NOT_ALLOWED = {
    "cawg.ai_generative_training": {"use": "notAllowed"},
    "cawg.data_mining": {"use": "constrained"},
}


@asynccontextmanager
async def worker(**limits: float) -> AsyncIterator[C2paWorker]:
    one = C2paWorker(**limits)  # type: ignore[arg-type]
    try:
        yield one
    finally:
        await one.close()


def asked(extension: str, *bodies: bytes, **limits: float) -> list[Evidence | None]:
    async def ask() -> list[Evidence | None]:
        async with worker(**limits) as one:
            return [
                await one.read_assertions(TYPES[extension], body, url=URL, fetched_at=NOW) for body in bodies
            ]

    return asyncio.run(ask())


class TestC2pa:
    @pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif", "gif", "avif", "svg", "mp4", "pdf"])
    def test_signed_file_of_every_kind(self, sign: Callable[..., bytes], extension: str) -> None:
        try:
            body = sign(extension, NOT_ALLOWED)
        except c2pa.C2paError as error:
            pytest.skip(f"c2pa-python does not write this: {error}")
        assert not may_hold_c2pa(TYPES[extension], blank(extension))
        silent, found = asked(extension, blank(extension), body)
        assert silent is None
        assert found is not None
        assert found.outcome is Outcome.FOUND
        told = reading(extension, body, found)
        assert reserved(told, Profile.LETTER) == {Use.GENAI_TRAIN, Use.TDM}
        assert dict(found.details)["validation_status"] == '["signingCredential.untrusted"]'

    def test_old_label(self, sign: Callable[..., bytes]) -> None:
        body = sign("jpg", {"c2pa.ai_training": {"use": "notAllowed"}}, label="c2pa.training-mining")
        (found,) = asked("jpg", body)
        assert found is not None
        assert reserved(reading("jpg", body, found)) == {Use.AI_TRAIN}

    def test_parent_and_component(self, sign: Callable[..., bytes]) -> None:
        author = sign("jpg", NOT_ALLOWED)
        edited, collage = (
            sign("jpg", None, ingredient=author, relationship=r) for r in ("parentOf", "componentOf")
        )
        again = sign("jpg", None, source=edited, ingredient=edited)
        for body, expected in ((edited, 2), (again, 2), (collage, 0)):
            (found,) = asked("jpg", body)
            assert found is not None
            told = reading("jpg", body, found)
            assert len(reserved(told)) == expected
            assert len(told.statements) == 2

    def test_manifest_without_a_word_about_training(self, sign: Callable[..., bytes]) -> None:
        assert asked("jpg", sign("jpg", None)) == [None]

    def test_altered_picture_still_reserves_and_no_longer_permits(self, sign: Callable[..., bytes]) -> None:
        body = bytearray(sign("jpg", {**NOT_ALLOWED, "cawg.ai_inference": {"use": "allowed"}}))
        body[-100] ^= 0xFF
        (found,) = asked("jpg", bytes(body))
        assert found is not None
        assert dict(found.details)["validation_state"] == "Invalid"
        told = reading("jpg", bytes(body), found)
        assert reserved(told) == {Use.GENAI_TRAIN, Use.TDM}
        assert all(s.preference is not Preference.PERMITTED for s in told.statements)

    def test_unreadable_manifest_is_unknown_and_the_next_file_is_read(
        self, sign: Callable[..., bytes]
    ) -> None:
        good = sign("jpg", NOT_ALLOWED)
        bad = good.replace(b"jumdc2ma", b"jumd\xff\xff\xff\xff").replace(b"training-mining", b"\xff" * 15)
        broken, found = asked("jpg", bad, good)
        assert broken is not None
        assert (broken.outcome, broken.body) == (Outcome.MALFORMED, b"")
        assert [u.code for u in reading("jpg", bad, broken).unknowns] == ["c2pa"]
        assert found is not None
        assert found.outcome is Outcome.FOUND

    def test_reader_that_is_killed_or_too_slow(self, sign: Callable[..., bytes]) -> None:
        body = sign("jpg", NOT_ALLOWED)

        async def run() -> tuple[Evidence | None, Evidence | None]:
            async with worker() as one:
                first = await one.read_assertions("image/jpeg", body, url=URL, fetched_at=NOW)
                child = one._child
                assert child is not None
                child.kill()
                second = await one.read_assertions("image/jpeg", body, url=URL, fetched_at=NOW)
                return first, second

        first, second = asyncio.run(run())
        assert first == second
        assert first is not None
        (late,) = asked("jpg", body, seconds=0.01)
        assert late is not None
        assert late.outcome is Outcome.MALFORMED
        (starved,) = asked("jpg", body, memory=10 << 20)
        assert starved is not None
        assert starved.outcome is Outcome.MALFORMED

    def test_remote_manifest_is_never_asked_for(self) -> None:
        packet = _XMP % (
            b'xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="http://127.0.0.1:9/a.c2pa"'
        )
        out = io.BytesIO()
        Image.new("RGB", (9, 9)).save(out, "JPEG", xmp=packet)
        assert asked("jpg", out.getvalue()) == [None]
        assert [n.kind.code for n in reading("jpg", out.getvalue()).notes] == ["c2pa.remote-manifest"]

    def test_names_and_metadata_are_not_handed_on(self) -> None:
        data = {
            "entries": {"cawg.data_mining": {"use": "notAllowed", "x": "y"}},
            "metadata": {"author": "Landscape"},
        }
        manifest = {"assertions": [{"label": "cawg.training-mining", "data": data}]}
        told = signals({"active_manifest": "m", "manifests": {"m": manifest}, "validation_state": "Valid"})
        assert "Landscape" not in str(told)
        assert "notAllowed" in told["assertions"]


def test_cost_per_file(exiftool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not a benchmark; keeps the order of magnitude in sight."""
    lines = []
    for extension in TestExifTool.EXTENSIONS:
        plain = blank(extension)
        marked = written(exiftool, tmp_path, extension, "-XMP-plus:DataMining=Prohibited")
        spent = []
        for body in (plain, marked):
            start = time.perf_counter()
            for _ in range(20):
                asset_extracts((("Content-Type", TYPES[extension]),), body)
            spent.append((time.perf_counter() - start) / 20 * 1e6)
        lines.append(
            f"{extension}: {len(plain) // 1024} KiB, {spent[0]:.0f} us without XMP, {spent[1]:.0f} us with"
        )
        assert spent[0] < 50_000
        assert spent[1] < 50_000
    with capsys.disabled():
        print("", *lines, sep="\n")
