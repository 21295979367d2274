"""Entries against tiles, bundles and checkpoints: the published files, computed again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crawler.log.findings import Finding, What
from crawler.log.folder import LogError, LogFolder
from crawler.log.merkle import HASH_BYTES, Edge, leaf_hash
from crawler.log.tiles import ENTRIES, HEIGHT, WIDTH, Growth, Tile, bundle, edge_of, unbundle
from crawler.store.queries.log import EntryRow


class TreeCheck:
    """Takes the entries in order and tells what of the published files does not follow from them."""

    def __init__(self, folder: LogFolder, published: int, roots: Mapping[int, Mapping[bytes, str]]) -> None:
        """`published`: size of the newest checkpoint; `roots`: what is claimed of a size, and by what."""
        self._folder = folder
        self._published = published
        self._roots = roots
        self._growth = Growth()
        self._bad: list[int] = []
        self._edge = Edge()

    @property
    def size(self) -> int:
        """Entries so far."""
        return self._growth.size

    def add(self, row: EntryRow) -> Iterator[Finding]:
        """The next entry."""
        leaf = leaf_hash(row.entry)
        if leaf != row.leaf_hash:
            yield Finding(what=What.COMMITMENT, entry=row.position, text="its hash is not the one recorded")
        self._edge.add(leaf)
        for tile, data in self._growth.add(row.entry, leaf):
            yield from self._tile(tile, data)
        claims = self._roots.get(self.size, {})
        yield from (
            Finding(
                what=What.CHECKPOINT, entry=None, text=f"{claim} states another root for {self.size} entries"
            )
            for stated, claim in claims.items()
            if stated != self._edge.root
        )

    def end(self) -> Iterator[Finding]:
        """What is left after the last entry: the right edge, and claims about a larger tree."""
        for tile, data in self._growth.partial():
            yield from self._tile(tile, data)
        for tile in edge_of(self._published if self._published <= self.size else 0):
            try:
                self._folder.read(tile)
            except LogError as error:
                yield Finding(what=_what(tile), entry=tile.first_entry, text=str(error))
        for size, claims in self._roots.items():
            if size > self.size:
                claim = next(iter(claims.values()))
                text = f"{claim} speaks of {size} entries, the record has {self.size}"
                yield Finding(what=What.MISSING, entry=self.size, text=text)

    def _tile(self, tile: Tile, data: bytes) -> Iterator[Finding]:
        if tile.width == WIDTH:
            try:
                yield from self._differences(tile, data, self._folder.read(tile))
            except LogError as error:
                if tile.first_entry + (WIDTH << HEIGHT * max(tile.level, 0)) <= self._published:
                    yield Finding(what=_what(tile), entry=tile.first_entry, text=str(error))
        for part, found in self._folder.partials(tile):
            if part.width <= tile.width:
                yield from self._differences(part, _first(part, data), found)

    def _differences(self, tile: Tile, expected: bytes, found: bytes) -> Iterator[Finding]:
        """The first place where a file differs, unless that follows from what was found already."""
        reach = 1 << HEIGHT * max(tile.level, 0)
        for entry, where in _places(tile, expected, found) if expected != found else ():
            if tile.level <= 0 or not any(entry <= bad < entry + reach for bad in self._bad):
                self._bad.append(entry)
                yield Finding(what=_what(tile), entry=entry, text=f"{tile.path} differs in {where}")
                return


def _what(tile: Tile) -> What:
    return What.ENTRIES if tile.level == ENTRIES else What.TILE


def _first(part: Tile, data: bytes) -> bytes:
    """As much of a tile as a narrower one holds."""
    if part.level == ENTRIES:
        return bundle(unbundle(data)[: part.width])
    return data[: part.width * HASH_BYTES]


def _places(tile: Tile, expected: bytes, found: bytes) -> Iterator[tuple[int, str]]:
    """Where a file differs: the entry that is meant, and words for the place."""
    if tile.level == ENTRIES:
        at = 0
        for number, entry in enumerate(unbundle(expected)):
            end = at + 2 + len(entry)
            if expected[at:end] != found[at:end]:
                yield tile.first_entry + number, f"entry {tile.first_entry + number}, from byte {at} on"
            at = end
    else:
        for number in range(tile.width):
            at = number * HASH_BYTES
            if expected[at : at + HASH_BYTES] != found[at : at + HASH_BYTES]:
                yield tile.first_entry + (number << HEIGHT * tile.level), f"hash {number}, at byte {at}"
    if len(found) > len(expected):
        yield tile.first_entry, f"length: {len(found)} bytes instead of {len(expected)}"
