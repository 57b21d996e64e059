"""What holds for any bytes at all; each function raises AssertionError where it doesn't, or lets an exception out."""

import gzip
import json
from dataclasses import replace
from random import Random
from unittest.mock import patch

from msgspec import Raw
from tests.unit.decoding import Found, Reading, Stored, never, reading

from ingestor.decode import Limits, batches, excerpt, fast
from ingestor.entry import RAW_LIMIT, Batch, Malformed, Repaired, Value
from ingestor.errors import IngestorError, NotificationError
from ingestor.log_record import COLUMNS, LogRecords, Unusable, with_acceptable_jsonb, without_jsonb
from ingestor.notification import hand_on_message, parse
from ingestor.source_file import SourceFile

MAX_ENTRY_BYTES = 4_000
WIDE = Limits(chunk_rows=20_000, chunk_bytes=8 * 1024 * 1024, max_entry_bytes=MAX_ENTRY_BYTES)
_CORRUPT = "corrupt gzip"
"""What can be decoded before deflate data goes wrong depends on how much igzip was given at once."""

_SHORT = 1_500
"""Bytes that may be cut anywhere: a cut after each costs a thousand times as much as reading at once."""

_COVERED = b" \t\r\n,[]\xef\xbb\xbf"
_RECORDS = LogRecords(file_id=1, bucket="b", key="k", object_version="v")
_MAX_INTEGERS = {"int2": 2**15, "int4": 2**31, "int8": 2**63}


def check_file(data: bytes, rng: Random) -> None:
    whole = _read(data, WIDE, ())
    _check_covered(data, whole)
    for _ in range(2):
        _check_same(whole, _read(data, _limits(rng, data), _sizes(rng, data), rng))
    with patch.object(fast.FastPath, "parse", lambda *_: None):
        _check_same(whole, _read(data, _limits(rng, data), _sizes(rng, data)))
    _check_resumed(data, whole, rng)


def check_rows(data: bytes) -> None:
    """Of each entry a row that PostgreSQL's binary COPY can be given, or a reason that is text."""
    try:
        for batch in batches(Stored(data), WIDE, time_is_up=never):
            for ordinal, value in enumerate(batch.values):
                _check_value(value, ordinal)
    except IngestorError as error:
        assert str(error).isprintable()  # noqa: PT017 - whatever the bytes


def check_message(body: str) -> None:
    try:
        files = parse(body, buckets=frozenset(), prefix="")
    except NotificationError as error:
        assert len(str(error)) < 4_000  # noqa: PT017 - whatever the message
        return
    for file in files:
        _check_source(file)


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
    if one.error is not None and one.error.startswith(_CORRUPT):
        assert other.error is not None
        common = min(len(one.found), len(other.found))
        assert one.found[:common] == other.found[:common]
        return
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


def _check_verdict(found: Found) -> None:
    if found.kind in {"Raw", "Repaired"}:
        entry = json.loads((found.text or found.original).decode(), parse_int=str, parse_float=str)
        assert isinstance(entry, dict)
        assert "\0" not in json.dumps(entry)


def _unpacked(data: bytes) -> bytes:
    """By Python's own gzip: a second opinion."""
    for _ in range(2):
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
    return data


def _check_value(value: Value, ordinal: int) -> None:
    if isinstance(value, Malformed):
        assert excerpt(value.raw).isprintable()
        return
    row = _RECORDS.row_of(value.text if isinstance(value, Repaired) else value, ordinal)
    if isinstance(row, Unusable):
        assert excerpt(bytes(value) if isinstance(value, Raw) else value.original).isprintable()
        return
    for treated in (row, with_acceptable_jsonb(row), without_jsonb(row)):
        for column, field in zip(COLUMNS, treated, strict=True):
            _check_field(column.copied_as, field)


def _check_field(copied_as: str, field: object) -> None:
    if copied_as == "text" and field is not None:
        assert isinstance(field, str)
        assert "\0" not in field
        field.encode()
    if copied_as in _MAX_INTEGERS and field is not None:
        assert isinstance(field, int)
        assert -_MAX_INTEGERS[copied_as] <= field < _MAX_INTEGERS[copied_as]


def _check_source(file: SourceFile) -> None:
    assert 1 <= len(file.key.encode()) <= 1024
    assert "\0" not in file.key
    assert not file.is_local
    (again,) = parse(hand_on_message(file), buckets=frozenset(), prefix="") or (file,)
    assert again == file
