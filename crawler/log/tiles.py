"""Tiles: the tree cut into files of 256 hashes, and the entries in bundles beside them. Pure.

https://c2sp.org/tlog-tiles
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from crawler.log.merkle import HASH_BYTES, Hashes, fold

WIDTH = 256
HEIGHT = 8
MAX_LEVELS = 64
ENTRIES = -1
"""The level under which bundles of entries are filed."""

_PATH = re.compile(r"tile/(entries|0|[1-9]\d?)/((?:x\d{3}/)*)(\d{3})(?:\.p/([1-9]\d{0,2}))?")


class TileError(Exception):
    """A tile or bundle is not what its place says; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Tile:
    """Where a tile or bundle stands."""

    level: int
    """0 holds leaf hashes, each level above the roots of full tiles below; ENTRIES: the entries."""
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """`tile/0/x001/x234/067.p/8`, below the log's URL as below its folder."""
        digits = f"{self.number:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        name = "/".join([*(f"x{g}" for g in groups[:-1]), groups[-1]])
        level = "entries" if self.level == ENTRIES else str(self.level)
        return f"tile/{level}/{name}" + ("" if self.width == WIDTH else f".p/{self.width}")

    @property
    def first_entry(self) -> int:
        """The first entry it speaks about."""
        return self.number << HEIGHT * (max(self.level, 0) + 1)


def tile_at(path: str) -> Tile | None:
    """The tile of a path; None for any other path, also where it only spells one differently."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level = ENTRIES if match[1] == "entries" else int(match[1])
    number = int(match[2].replace("x", "").replace("/", "") + match[3])
    tile = Tile(level=level, number=number, width=int(match[4] or WIDTH))
    return tile if tile.path == path and level < MAX_LEVELS else None


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile and bundle that a tree of `size` entries consists of."""
    level, count = 0, size
    while count:
        for name in (ENTRIES, 0) if level == 0 else (level,):
            yield from (Tile(level=name, number=n) for n in range(count // WIDTH))
        level, count = level + 1, count // WIDTH
    yield from edge_of(size)


def edge_of(size: int) -> Iterator[Tile]:
    """The partial tiles and the partial bundle of a tree of `size` entries."""
    level, count = 0, size
    while count:
        if count % WIDTH:
            for name in (ENTRIES, 0) if level == 0 else (level,):
                yield Tile(level=name, number=count // WIDTH, width=count % WIDTH)
        level, count = level + 1, count // WIDTH


def bundle(entries: Iterable[bytes]) -> bytes:
    """Entries, each after its length."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundle(data: bytes) -> tuple[bytes, ...]:
    """The entries of a bundle. Raises TileError where it is cut off."""
    found: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise TileError(f"a bundle of entries ends within entry {len(found)}")
        found.append(data[at + 2 : end])
        at = end
    return tuple(found)


def hashes_in(data: bytes) -> tuple[bytes, ...]:
    """The hashes of a tile."""
    return tuple(data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES))


def hashes_from(size: int, read: Callable[[Tile], bytes]) -> Hashes:
    """The subtrees of a tree of `size` entries, from its tiles. Raises TileError for one of wrong length."""
    known: dict[Tile, tuple[bytes, ...]] = {}

    def hashes(height: int, number: int) -> bytes:
        level, inside = divmod(height, HEIGHT)
        first = number << inside
        index = first // WIDTH
        tile = Tile(level=level, number=index, width=min(WIDTH, (size >> HEIGHT * level) - index * WIDTH))
        if tile not in known:
            data = read(tile)
            if len(data) != tile.width * HASH_BYTES:
                raise TileError(f"{tile.path} has {len(data)} bytes, not {tile.width * HASH_BYTES}")
            known[tile] = hashes_in(data)
        at = first % WIDTH
        return fold(known[tile][at : at + (1 << inside)])

    return hashes


class Growth:
    """A tree that grows entry by entry and gives out its tiles as they fill."""

    def __init__(self, size: int = 0, read: Callable[[Tile], bytes] | None = None) -> None:
        """Go on behind `size` entries, whose partial tiles `read` gives."""
        self.size = size
        self._entries: list[bytes] = []
        self._levels: list[list[bytes]] = []
        if read is not None:
            for tile in edge_of(size):
                if tile.level == ENTRIES:
                    self._entries = list(unbundle(read(tile)))
                else:
                    self._level(tile.level).extend(hashes_in(read(tile)))

    def add(self, entry: bytes, leaf: bytes) -> Iterator[tuple[Tile, bytes]]:
        """Append an entry with its hash; the tiles that it fills, with their bytes."""
        self._entries.append(entry)
        self._level(0).append(leaf)
        self.size += 1
        if len(self._entries) == WIDTH:
            yield Tile(level=ENTRIES, number=self.size // WIDTH - 1), bundle(self._entries)
            self._entries = []
        level, count = 0, self.size
        while count % WIDTH == 0:
            full, count = self._levels[level], count // WIDTH
            yield Tile(level=level, number=count - 1), b"".join(full)
            self._levels[level] = []
            self._level(level + 1).append(fold(full))
            level += 1

    def partial(self) -> Iterator[tuple[Tile, bytes]]:
        """The tiles at the right edge that are not full yet."""
        if self._entries:
            edge = Tile(level=ENTRIES, number=self.size // WIDTH, width=len(self._entries))
            yield edge, bundle(self._entries)
        for level, hashes in enumerate(self._levels):
            if hashes:
                number = self.size >> HEIGHT * (level + 1)
                yield Tile(level=level, number=number, width=len(hashes)), b"".join(hashes)

    def _level(self, level: int) -> list[bytes]:
        while len(self._levels) <= level:
            self._levels.append([])
        return self._levels[level]
