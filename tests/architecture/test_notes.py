"""Notes are read by webmasters: one plain line, then what is wrong, what we do, how to write it."""

from __future__ import annotations

import pytest

from reservations.model import NoteKind
from reservations.protocols import discover

NOTES = [note for protocol in discover() for note in protocol.notes]


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note.code)
def test_a_note_is_a_line_and_a_paragraph(note: NoteKind) -> None:
    assert 15 <= len(note.summary) <= 90
    assert not note.summary.endswith(".")
    assert 60 <= len(note.text) <= 420
    assert note.text.endswith((".", ">.", "]."))
    assert "  " not in note.text


def test_codes_of_notes_are_unique_and_name_their_protocol() -> None:
    codes = [note.code for note in NOTES]
    assert len(codes) == len(set(codes))
    for protocol in discover():
        families = {code.partition(".")[0] for code in protocol.codes}
        strange = [n.code for n in protocol.notes if n.code.partition(".")[0] not in families]
        assert not strange
