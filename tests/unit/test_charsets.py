"""Encodings of pages. HTML Standard, https://html.spec.whatwg.org/#determining-the-character-encoding."""

from __future__ import annotations

import codecs

import pytest

from reservations.readers.boilerplate import reserving_sentences
from reservations.readers.charset_labels import web_encoding
from reservations.readers.charset_prescan import declared_encoding
from reservations.readers.charsets import encoding_of
from reservations.readers.html_head import read_elements

NAMES = frozenset({"robots"})
HEADER = {
    "sjis": (("Content-Type", 'text/html; charset="Shift_JIS"'),),
    "none": (("Content-Type", "text/html"),),
}

EUROPEAN = (
    *("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"),
    *("cp1252", "cp1254", "iso8859-15", "iso8859-1", "mac-roman"),
)
ASIAN = ("cp932", "euc_jp", "iso2022_jp", "gb18030", "gbk", "big5", "cp949")
SENTENCES = {
    "fr": "L’éditeur s’oppose à la fouille de textes et de données et à l'entraînement de modèles d'IA.",
    "de": "Der Verlag behält sich die Nutzung für Text- und Data-Mining nach § 44b UrhG ausdrücklich vor.",
    "en": "All rights reserved, including those for text and data mining, AI training and the like.",
}


@pytest.mark.parametrize(
    ("page", "name"),
    [
        (b"<meta charset=windows-1252>", "cp1252"),
        (b"<META CHARSET = 'ISO-8859-1' />", "cp1252"),
        (b"<meta/charset=koi8-r>", "koi8-r"),
        (b"<!-- <meta charset=sjis> --><meta charset='euc-jp'>", "euc_jp"),
        (b"<!--><meta charset=koi8-u>", "koi8-u"),
        (b"<title a='<meta charset=koi8-r>'></title><meta charset=utf-8>", "utf-8"),
        (b"<meta name=description content='charset=koi8-r'>", ""),
        (b"<meta http-equiv=Content-Type content='text/html; charset=gb2312'>", "gb18030"),
        (b'<meta content="text/html;charset=big5" http-equiv=content-type>', "big5hkscs"),
        (b"<meta http-equiv=content-type content='charset=koi8-r' charset=utf-8>", "utf-8"),
        (b"<meta charset=bogus><meta charset=koi8-u>", "koi8-u"),
        (b"<meta charset=utf-16be>", "utf-8"),
        (b"<meta charset=koi8-r", ""),
        (b"<?xml version='1.0' encoding='iso-8859-2'?><html>", "iso8859-2"),
        (b"<?xml version='1.0' encoding='iso-8859-2'?><meta charset=koi8-r>", "koi8-r"),
        (b" " * 1020 + b"<meta charset=koi8-r>", ""),
    ],
)
def test_what_a_page_declares(page: bytes, name: str) -> None:
    assert declared_encoding(page) == name


@pytest.mark.parametrize(
    ("label", "name"),
    [
        *((" Shift_JIS ", "cp932"), ("x-sjis", "cp932"), ("windows-31j", "cp932"), ("gbk", "gb18030")),
        *(
            ("latin1", "cp1252"),
            ("us-ascii", "cp1252"),
            ("x-user-defined", "cp1252"),
            ("unicode", "utf-16-le"),
        ),
        *(("utf-32", "utf-32-le"), ("hz-gb-2312", ""), ("utf-7", ""), ("rot13", ""), ("", ""), ("a\0", "")),
    ],
)
def test_labels(label: str, name: str) -> None:
    assert web_encoding(label) == name


def test_the_mark_before_the_header_before_the_page() -> None:
    declared = b"<meta charset=koi8-r>"
    assert encoding_of(codecs.BOM_UTF8 + declared, HEADER["sjis"]) == "utf-8"
    assert encoding_of(declared, HEADER["sjis"]) == "cp932"
    assert encoding_of(declared, HEADER["none"]) == "koi8-r"
    assert encoding_of(declared, (("Content-Type", "text/html; charset=nonsense"),)) == "koi8-r"
    assert encoding_of(b"<p>", HEADER["none"]) == "utf-8"
    wide = (("Content-Type", "text/html; charset=utf-16"),)
    assert encoding_of(codecs.BOM_UTF16_BE + "<p>".encode("utf-16-be"), wide) == "utf-16-be"
    assert encoding_of("\u65e5<p>".encode("utf-16-le"), wide) == "utf-16-le"


def test_bytes_that_are_plainly_not_what_is_announced_are_read_as_they_are() -> None:
    wide = (("Content-Type", "text/html; charset=utf-16"),)
    assert encoding_of(b"<meta name=robots content=noai>", wide) == "utf-8"
    for name in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        assert encoding_of("\n<html>".encode(name), HEADER["sjis"]) == name


def page_of(language: str, filler: str = "") -> str:
    return (
        f"<!doctype html><html lang={language}><head>{filler}<title>{filler}</title>"
        f'<meta name="robots" content="noai"></head><body><p>{filler}</p>'
        f"<footer><p>{SENTENCES[language]}</p></footer></body></html>"
    )


@pytest.mark.parametrize("language", sorted(SENTENCES))
@pytest.mark.parametrize("encoding", EUROPEAN)
@pytest.mark.parametrize("mark", [True, False])
def test_head_and_footer_in_every_european_encoding(language: str, encoding: str, mark: bool) -> None:
    text = page_of(language, "Œuvres")
    body = text.encode(encoding, "xmlcharrefreplace")
    fields = (("Content-Type", f"text/html; charset={encoding}"),)
    if mark and encoding.startswith("utf-"):
        body, fields = "\ufeff".encode(encoding) + body, HEADER["sjis"]
    (element,) = read_elements(body, fields=fields, names=NAMES)
    assert element.get("content") == "noai"
    assert element.offset is not None
    assert body[element.offset :].startswith("<meta".encode(encoding))
    assert reserving_sentences(body, fields) == (SENTENCES[language],)


@pytest.mark.parametrize("encoding", ASIAN)
@pytest.mark.parametrize("announced", ["header", "meta"])
def test_head_and_footer_in_every_asian_encoding(encoding: str, announced: str) -> None:
    # in ISO-2022-JP, 狩續 holds the bytes of `<meta`, and 畩 ends in a quotation mark's
    filler = {"iso2022_jp": "狩續あ畩", "cp949": "한국어"}.get(encoding, "日本一表")
    declared = f'<meta charset="{encoding}">' if announced == "meta" else ""
    text = page_of("en").replace("<head>", f"<head>{declared}<meta name=x content='{filler}'>", 1)
    body = text.encode(encoding, "xmlcharrefreplace")
    fields = HEADER["none"] if declared else (("Content-Type", f"text/html; charset={encoding}"),)
    elements = read_elements(body, fields=fields, names=NAMES)
    assert [e.get("content") for e in elements] == ["noai"]
    assert reserving_sentences(body, fields) == (SENTENCES["en"],)
