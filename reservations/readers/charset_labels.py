"""Names of character encodings on the web, as Python knows them.

Spec: Encoding Standard section 4.2, https://encoding.spec.whatwg.org/#names-and-labels. Python knows most of
its labels; the others are here. UTF-32 is none of them: no browser reads it, and a reservation in it is
plain to see all the same. Of `hz-gb-2312` and its like, which browsers refuse, only the ASCII is read.
"""

from __future__ import annotations

import codecs
from functools import lru_cache

WIDE = frozenset({"utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"})
"""Encodings in which a tag is not its ASCII bytes, and has NULs between them."""

STATEFUL = "iso2022_jp_ext"
"""Here the bytes of a tag may also be Japanese text, from one escape sequence to the next."""

_READ = frozenset(
    {
        *("utf-8", "cp866", "koi8-r", "koi8-u", "mac-roman", "mac-cyrillic"),
        *("gb18030", "big5hkscs", "euc_jp", "cp932", "cp949", "cp874", STATEFUL, *WIDE),
        *(f"cp125{n}" for n in range(9)),
        *(f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
    }
)

_READ_AS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso2022_jp": STATEFUL,
    "utf-16": "utf-16-le",
    "utf-32": "utf-32-le",
}
"""What browsers read as a superset of itself."""

_LABELS: dict[str, str] = {
    label: name
    for name, labels in {
        "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8",
        "utf-16-le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff",
        "utf-16-be": "unicodefffe",
        "iso8859-2": "iso88592",
        "iso8859-3": "iso88593",
        "iso8859-4": "iso88594",
        "iso8859-5": "iso88595",
        "iso8859-6": "csiso88596e csiso88596i iso-8859-6-e iso-8859-6-i iso88596",
        "iso8859-7": "iso88597 sun_eu_greek",
        "iso8859-8": "csiso88598e iso-8859-8-e iso88598 visual csiso88598i iso-8859-8-i logical",
        "iso8859-10": "iso885910",
        "iso8859-13": "iso885913",
        "iso8859-14": "iso885914",
        "iso8859-15": "csisolatin9 iso885915",
        "koi8-r": "koi koi8",
        "koi8-u": "koi8-ru",
        "mac-roman": "csmacintosh mac x-mac-roman",
        "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
        "cp874": "dos-874 iso885911 windows-874",
        "cp1252": "iso88591 x-cp1252 x-user-defined",
        "cp1254": "iso88599 x-cp1254",
        **{f"cp{n}": f"x-cp{n}" for n in (1250, 1251, 1253, 1255, 1256, 1257, 1258)},
        "gb18030": "csgb2312 gb_2312 gb_2312-80 x-gbk",
        "big5hkscs": "big5-hkscs cn-big5 x-x-big5",
        "euc_jp": "cseucpkdfmtjapanese x-euc-jp",
        "cp932": "windows-31j x-sjis",
        "cp949": "cseuckr csksc56011987 iso-ir-149 ks_c_5601-1989 ksc_5601 windows-949",
    }.items()
    for label in labels.split()
}


@lru_cache(maxsize=256)
def web_encoding(label: str) -> str:
    """Python's name for an encoding that browsers read, or UTF-32; an empty string for any other."""
    label = label.strip().lower()
    if label in _LABELS:
        return _LABELS[label]
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return ""
    name = _READ_AS.get(name, name)
    return name if name in _READ else ""
