"""Letters as they are read: text, sender, what they name, and nothing that a hostile one could want."""

from __future__ import annotations

import time
from base64 import b64encode
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.mail.compose import Draft, UnwritableError, compose, message_id
from crawler.mail.fields import decoded
from crawler.mail.html_text import html_text
from crawler.mail.letter import Kind, read_letter
from crawler.mail.mentions import mentions
from crawler.mail.sources import SourceError, messages
from tests.unit.identity_tools import NOW

HEAD = "From: River Press <rights@river.example>\r\nMessage-ID: <1@river.example>\r\nSubject: Our pages\r\n"


def letter(header: str = "", body: str = "You took https://river.example/a.", head: str = HEAD) -> bytes:
    return f"{head}{header}\r\n{body}".encode()


# ---- what is read


def test_a_plain_letter() -> None:
    found = read_letter(letter("Date: Tue, 24 Nov 2026 09:00:00 +0100\r\n"))
    assert (found.kind, found.name, found.address) == (Kind.LETTER, "River Press", "rights@river.example")
    assert (found.subject, found.text) == ("Our pages", "You took https://river.example/a.")
    assert found.written_at is not None
    assert found.written_at.isoformat() == "2026-11-24T08:00:00+00:00"
    assert found.key == sha256(b"<1@river.example>").hexdigest()
    assert (found.attachments, found.is_whole) == ((), True)


def test_attachments_are_listed_and_not_kept() -> None:
    made = EmailMessage()
    made["From"], made["Subject"] = "a@b.example", "Prüfung"
    made.set_content("Siehe Anhang: bücher.example")
    made.add_alternative("<p>other words</p>", subtype="html")
    made.add_attachment(b"%PDF secret", maintype="application", subtype="pdf", filename="Rechte “1”.pdf")
    found = read_letter(made.as_bytes())
    assert found.subject == "Prüfung"
    assert found.text == "Siehe Anhang: bücher.example"
    (file,) = found.attachments
    assert (file.name, file.media_type, file.bytes) == ("Rechte “1”.pdf", "application/pdf", 11)
    assert file.sha256 == sha256(b"%PDF secret").hexdigest()


def test_a_mail_inside_a_mail_is_an_attachment_that_nobody_opens() -> None:
    inner = EmailMessage()
    inner["Subject"], inner["From"] = "C-2026-0009", "victim@other.example"
    inner.set_content("hidden https://other.example/")
    outer = EmailMessage()
    outer["From"], outer["Subject"] = "a@b.example", "see below"
    outer.set_content("forwarded")
    outer.add_attachment(inner)
    found = read_letter(outer.as_bytes())
    assert (found.text, found.address, found.reference) == ("forwarded", "a@b.example", "")
    assert [file.media_type for file in found.attachments] == ["message/rfc822"]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two &amp; three</p>", "One\n\nTwo & three"),
        ("<style>p{}</style><script>x</script>a<!-- b --> c", "a c"),
        ('<a href="https://river.example/x?a=1&amp;b=2">here</a>', "https://river.example/x?a=1&b=2 here"),
        ("a < b", "a < b"),
        ("<b", "<b"),
        ("İ<script>x</script>y", "İy"),
    ],
)
def test_html_becomes_words(html: str, text: str) -> None:
    assert html_text(html) == text


def test_only_html_is_read_where_there_is_no_text() -> None:
    found = read_letter(letter("Content-Type: text/html; charset=iso-8859-1\r\n", "<p>B=E4r</p>"))
    assert found.text == "B=E4r"
    quoted = "Content-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n"
    assert read_letter(letter(quoted, "<p>B=E4r</p>")).text == "Bär"


@pytest.mark.parametrize(
    ("subject", "reference"),
    [
        ("Re: [C-2026-0001] Your complaint", "C-2026-0001"),
        ("AW: C-2026-12345", "C-2026-12345"),
        ("=?utf-8?b?" + b64encode(b"Re: C-2026-0007").decode() + "?=", "C-2026-0007"),
        ("XC-2026-0001", ""),
        ("C-26-1", ""),
        ("C-٢٠٢٦-٠٠٠١", ""),
    ],
)
def test_the_number_in_a_subject(subject: str, reference: str) -> None:
    assert read_letter(f"From: a@b.example\r\nSubject: {subject}\r\n\r\nx".encode()).reference == reference


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Auto-Submitted: auto-replied\r\n", Kind.AUTOMATIC),
        ("Auto-Submitted: no\r\n", Kind.LETTER),
        ("Auto-Submitted: auto-generated; owner-email=x\r\n", Kind.AUTOMATIC),
        ("Precedence: bulk\r\n", Kind.AUTOMATIC),
        ("Precedence: list\r\n", Kind.AUTOMATIC),
        ("X-Autoreply: yes\r\n", Kind.AUTOMATIC),
        ("Return-Path: <>\r\n", Kind.BOUNCE),
        ("Return-Path: <rights@river.example>\r\n", Kind.LETTER),
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n", Kind.BOUNCE),
    ],
)
def test_what_programs_write_is_not_answered(header: str, kind: Kind) -> None:
    assert read_letter(letter(header)).kind is kind


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "Nobody",
        "<>",
        "a@b",
        "a b@c.example",
        '"a,b"@c.example',
        "MAILER-DAEMON@x.example",
    ],
)
def test_a_sender_that_cannot_be_answered(sender: str) -> None:
    found = read_letter(f"From: {sender}\r\n\r\nx".encode())
    assert found.kind in (Kind.NO_SENDER, Kind.BOUNCE)


# ---- what is named


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Our site (river.example) and https://river.example/a/b?x=1.", ("river.example", "https://river.example/a/b?x=1")),
        ("see file.pdf, e.g. 3.5 or index.html, z.B.", ()),
        ("write to rights@river.example", ()),
        ("<https://www.Bücher.example/>", ("www.xn--bcher-kva.example",)),
        ("https://own.example/complaint/C-2026-0001/abc", ()),
        ("co.uk is a suffix, mine.co.uk is not", ("mine.co.uk",)),
        ("river.example river.example", ("river.example",)),
        ("http://10.0.0.1/x", ("http://10.0.0.1/x",)),
    ],
)  # fmt: skip
def test_sites_and_pages_in_a_text(text: str, named: tuple[str, ...]) -> None:
    assert mentions(text, without={"own.example"}) == named


# ---- hostile letters: read in no time, and nothing comes of them

LEVEL = "Content-Type: multipart/mixed; boundary=b{0}\n\n--b{0}\n"
HOSTILE = {
    "10 MB in one line": letter(body="a" * 10_000_000),
    "a header of 10 MB": b"Subject: " + b"x" * 10_000_000 + b"\r\n" + letter(),
    "2,000 levels": "".join(LEVEL.format(n) for n in range(2000)).encode(),
    "150 levels, 300,000 lines": ("".join(LEVEL.format(n) for n in range(150)) + "\n" * 300_000).encode(),
    "200,000 parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 200_000,
    "almost boundaries": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--bb\n" * 1_000_000,
    "60,000 parameters": b"Content-Type: text/plain" + b";" * 60_000 + b"\n\nx",
    "quotes without end": b'Content-Type: text/plain; a="' + b'\\";' * 20_000 + b"\n\nx",
    "punycode": b"Content-Type: text/plain; charset=punycode\n\n" + b"a-" * 500_000,
    "a parameter in idna": b"Content-Disposition: attachment; filename*=idna''" + b"%C3" * 1300 + b"\n\nx",
    "elements without end": b"Content-Type: text/html\n\n" + b"<script>" * 120_000,
    "elements that nest": b"Content-Type: text/html\n\n" + b"<div>" * 200_000,
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 5000 + b"\n\nx",
    "names of many dots": letter(body="a." * 100_000 + " " + "ä." * 20_000 + "org"),
    "parentheses in the sender": b"From: " + b"(" * 4000 + b"a@b.example\n\nx",
    "NUL and ESC": letter(body="\0\x1b[2J\u202e"),
    "nothing": b"",
    "no header": b"\r\n\r\nx",
    "bytes": bytes(range(256)) * 100,
    "broken base64": b"Content-Transfer-Encoding: base64\n\n!!!a",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_letter_is_read_within_bounds(name: str) -> None:
    began = time.process_time()
    found = read_letter(HOSTILE[name])
    mentions(found.text)
    assert time.process_time() - began < 4
    assert len(found.text) <= 90_000
    assert len(found.attachments) <= 101
    assert "\n" not in found.subject + found.name + found.message_id


@given(st.binary(max_size=600))
def test_no_bytes_raise(raw: bytes) -> None:
    read_letter(raw)
    read_letter(b"From: a@b.example\nContent-Type: multipart/mixed; boundary=a\nSubject: " + raw)


@given(st.binary(max_size=200), st.text(max_size=30))
def test_no_character_set_raises(content: bytes, charset: str) -> None:
    assert isinstance(decoded(content, charset), str)


# ---- what we write


def draft(**changes: object) -> Draft:
    values = {
        "sender": "complaints@bot.example",
        "sender_name": "Example Labs",
        "to": "rights@river.example",
        "subject": "[C-2026-0001] Your complaint has arrived",
        "text": "Words.\n",
        "language": "en",
        "message_id": message_id("C-2026-0001", "complaints@bot.example"),
        "is_automatic": True,
    }
    return Draft(**(values | changes))  # type: ignore[arg-type]


def test_an_acknowledgement_asks_no_program_for_an_answer() -> None:
    made = compose(draft(answers="<1@river.example>"), NOW).decode()
    assert "Auto-Submitted: auto-replied\r\n" in made
    assert "In-Reply-To: <1@river.example>\r\n" in made
    assert "To: rights@river.example\r\n" in made
    assert read_letter(made.encode()).kind is Kind.AUTOMATIC


@pytest.mark.parametrize(
    "to",
    ["a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "a@", "@", "", "a@b..example", "a@ü\0.x"],
)
def test_no_second_recipient_can_be_smuggled_in(to: str) -> None:
    try:
        made = compose(draft(to=to), NOW).decode()
    except UnwritableError:
        return
    head = made.partition("\r\n\r\n")[0]
    assert "\nBcc" not in head
    assert "c@d.example" not in head


@pytest.mark.parametrize("answers", ["<a>\r\nBcc: x@y.example", "<a> <b>", "x" * 400, "<é@x>"])
def test_a_strange_message_id_is_not_quoted(answers: str) -> None:
    made = compose(draft(answers=answers), NOW).decode()
    assert "In-Reply-To" not in made
    assert "Bcc" not in made


def test_an_address_beyond_ascii_is_written_as_the_standards_have_it() -> None:
    assert b"To: rights@xn--bcher-kva.example\r\n" in compose(draft(to="rights@bücher.example"), NOW)
    assert "To: müller@xn--bcher-kva.example\r\n".encode() in compose(draft(to="müller@bücher.example"), NOW)


# ---- files and folders


def test_messages_of_an_mbox_a_maildir_and_a_file(tmp_path: Path) -> None:
    mbox = tmp_path / "letters.mbox"
    mbox.write_bytes(
        b"From a@b.example Tue Nov 24 09:00:00 2026\nSubject: one\n\nFrom here on\n>From there\n\n"
        b"From c@d.example Tue Nov 24 09:00:01 2026\nSubject: two\n\nx\n"
    )
    first, second = messages(mbox, 1000)
    assert first.content == b"Subject: one\n\nFrom here on\nFrom there\n\n"
    assert read_letter(second.content).subject == "two"
    for name in ("new", "cur", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    (tmp_path / "box" / "new" / "1.host").write_bytes(b"Subject: three\n\n")
    (tmp_path / "box" / "cur" / "0.host:2,S").write_bytes(b"Subject: four\n\n")
    (tmp_path / "box" / "tmp" / "2.host").write_bytes(b"Subject: half")
    assert [raw.content[9:13] for raw in messages(tmp_path / "box", 1000)] == [b"thre", b"four"]
    single = tmp_path / "one.eml"
    single.write_bytes(b"Subject: " + b"x" * 5000)
    (raw,) = messages(single, 100)
    assert (len(raw.content), raw.size) == (100, 5009)
    assert not read_letter(raw.content, raw.size).is_whole


def test_what_is_no_mail_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="neither `new` nor `cur`"):
        list(messages(tmp_path, 1000))
    with pytest.raises(SourceError, match="No such file"):
        list(messages(tmp_path / "nothing", 1000))
