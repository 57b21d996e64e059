"""What holds for the bytes of any file: AssertionError where it doesn't, or whatever exception comes out."""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from random import Random
from types import ModuleType
from unittest.mock import patch

from tests.support.decoding import Found, Reading, Stored, kind_of, never, reading
from tests.support.entries import batches

from ingestor.errors import IngestorError
from ingestor.formats import Limits, head, repair
from ingestor.formats.compression import gzip_members, stored
from ingestor.formats.json import fast
from ingestor.formats.limits import DEPTH_LIMIT
from ingestor.model.entry import RAW_LIMIT, Batch

MAX_ENTRY_BYTES = 4_000
WIDE = Limits(chunk_rows=20_000, chunk_bytes=8 * 1024 * 1024, max_entry_bytes=MAX_ENTRY_BYTES)
_TRUNCATED = "truncated: the gzip data"
_SHORT = 1_500
"""Bytes that may be cut anywhere: a cut after each costs a thousand times as much as reading at once."""


@dataclass(frozen=True, slots=True)
class _Bound:
    module: ModuleType
    name: str
    values: tuple[int, ...]


_DECIDING = (
    _Bound(head, "HEAD_BYTES", (40, 200, 1_000)),
    _Bound(head, "_TAGS_BYTES", (8, 20)),
    _Bound(gzip_members, "_HEADER_LIMIT", (512, 600)),
    _Bound(stored, "_INPUT", (1, 7, 100)),
    _Bound(stored, "_OUTPUT", (1, 7, 100)),
)
"""These decide what a file is read as: they stay while it is read again."""

_COSTING = (
    _Bound(gzip_members, "_USUAL_HEADER", (10, 20)),
    _Bound(head, "_PIECE_BYTES", (1, 7, 100)),
    _Bound(fast, "_SHORTEST_REACH", (4, 50)),
    _Bound(fast, "_FIRST_REACH", (8, 100)),
    _Bound(fast, "_LONGEST_REACH", (100, 1_000)),
    _Bound(repair, "_SLICE", (1, 5, 60)),
)
"""These only decide what it costs."""

_COVERED = b" \t\r\n,[]\xef\xbb\xbf"


def check_file(data: bytes, rng: Random) -> None:
    """With the decoder's own bounds made small, so that short bytes reach what is beyond them."""
    with _bounds(rng, _DECIDING):
        whole = _read(data, WIDE, ())
        _check_covered(data, whole)
        with _bounds(rng, _COSTING):
            for _ in range(2):
                _check_same(whole, _read(data, _limits(rng, data), _sizes(rng, data), rng))
            _check_resumed(data, whole, rng)
        with patch.object(fast.FastPath, "parse", lambda *_: None):
            _check_same(whole, _read(data, _limits(rng, data), _sizes(rng, data)))


@contextmanager
def _bounds(rng: Random, bounds: tuple[_Bound, ...]) -> Iterator[None]:
    with ExitStack() as patches:
        for bound in bounds:
            if rng.random() < 0.5:
                patches.enter_context(patch.object(bound.module, bound.name, rng.choice(bound.values)))
        yield


def _read(data: bytes, limits: Limits, sizes: tuple[int, ...], rng: Random | None = None) -> Reading:
    chance = rng.choice((0.0, 0.3, 1.0)) if rng else 0.0
    stream = Stored(data, sizes)
    result = reading(batches(stream, limits, time_is_up=lambda: rng is not None and rng.random() < chance))
    assert stream.reads <= len(data) // min(sizes, default=1) + len(data) + 2
    return result


def _limits(rng: Random, data: bytes) -> Limits:
    bounds = (1, 7, 100, 5_000, 300_000) if len(data) < _SHORT else (1_000, 5_000, 300_000)
    return Limits(rng.choice((1, 3, 1_000)), rng.choice(bounds), MAX_ENTRY_BYTES)


def _sizes(rng: Random, data: bytes) -> tuple[int, ...]:
    sizes = (1, 2, 13, 512, 70_000) if len(data) < _SHORT else (200, 512, 70_000)
    return tuple(rng.choice(sizes) for _ in range(rng.choice((0, 1, 3))))


def _check_same(one: Reading, other: Reading) -> None:
    assert other.error == one.error
    assert other.found == one.found


def _check_resumed(data: bytes, whole: Reading, rng: Random) -> None:
    boundaries: list[Batch] = []
    try:
        boundaries.extend(batches(Stored(data, _sizes(rng, data)), _limits(rng, data), time_is_up=never))
    except IngestorError:
        assert whole.error is not None
    for batch in rng.sample(boundaries, min(3, len(boundaries))):
        done = batch.first_ordinal + len(batch.values)
        rest = batches(
            Stored(data, _sizes(rng, data)),
            _limits(rng, data),
            checkpoint=done,
            checkpoint_offset=batch.end_offset,
            time_is_up=never,
        )
        tail = reading(rest, first_ordinal=done)
        if done <= len(whole.found):
            _check_same(replace(whole, found=whole.found[done:]), tail)


def _check_covered(data: bytes, whole: Reading) -> None:
    """Every byte belongs to one entry, or is what stands between entries."""
    if whole.error is not None:
        if whole.error.startswith(_TRUNCATED):
            _check_cut(data, whole)
        return
    text = _unpacked(data)
    end = 0
    for found in whole.found:
        assert found.offset >= end
        assert not text[end : found.offset].strip(_COVERED)
        assert text[found.offset : found.offset + len(found.original)] == found.original
        _check_verdict(found)
        end = found.offset + len(found.original)
        if len(found.original) == RAW_LIMIT:
            return
    assert not text[end:].strip(_COVERED)


def _check_cut(data: bytes, whole: Reading) -> None:
    """All entries that end before the cut are there, and nothing of the one that the cut went through."""
    unpacked = _unpacked_so_far(data)
    if unpacked is None:
        return
    text = _read(unpacked, WIDE, ())
    assert whole.found == text.found[: len(whole.found)]
    assert len(text.found) - len(whole.found) <= 1


def _check_verdict(found: Found) -> None:
    if found.kind in {"Raw", "Repaired"}:
        entry = json.loads((found.text or found.original).decode(), parse_int=str, parse_float=str)
        assert isinstance(entry, dict)
        assert "\0" not in json.dumps(entry)
        assert _depth_of(found.original) <= DEPTH_LIMIT
    elif "not valid JSON" in found.kind:
        assert kind_of(found.original) == "Malformed"


def _depth_of(text: bytes) -> int:
    depths = [0]
    for bracket in re.sub(rb'"(?:[^"\\]|\\.)*"|[^{}\[\]]', b"", text, flags=re.DOTALL):
        depths.append(depths[-1] + (1 if bracket in b"{[" else -1))
    return max(depths)


def _unpacked(data: bytes) -> bytes:
    """By Python's own gzip: a second opinion."""
    for _ in range(2):
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
    return data


def _unpacked_so_far(data: bytes) -> bytes | None:
    """None: zlib calls it corrupt, for it looks at a checksum before it has all of it."""
    text = b""
    while data.startswith(b"\x1f"):
        inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            text += inflate.decompress(data)
        except zlib.error:
            return None
        data = inflate.unused_data.lstrip(b"\0")
    return text
