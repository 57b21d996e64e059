"""Runs the `[[test]]` tables of `ingestor.toml`: what comes out of an input against what is expected of it."""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import zip_longest
from typing import Any, cast

from ingestor.errors import IngestorError
from ingestor.formats import Limits, Position
from ingestor.model.columns import COLUMNS
from ingestor.model.instants import datetime_of
from ingestor.model.rows import Drop, Mapped, Rejection
from ingestor.model.source_file import ByteStream, SourceFile
from ingestor.routing import Router, Skip
from ingestor.routing.golden_test import ABSENT, DROPPED, REJECTED, GoldenTest
from ingestor.tryout.reading import open_file
from ingestor.tryout.tally import mapped_value

_JSON_TYPES = {"json", "jsonb"}
_TIME_TYPE = "timestamp with time zone"
_TYPES = {str(column.name): column.postgres_type for column in COLUMNS}
_POSITIONS = {str(column.name): position for position, column in enumerate(COLUMNS)}
_NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Difference:
    """`entry` None: it is about the whole input."""

    entry: int | None
    what: str
    expected: str
    got: str


def differences(test: GoldenTest, router: Router, limits: Limits) -> list[Difference]:
    """None of them: the test is passed."""
    moment = test.uploaded_at or datetime(1970, 1, 1, tzinfo=UTC)
    file = SourceFile(test.bucket, test.key, uploaded_at=moment, known_since=moment)
    found: list[Difference] = []
    try:
        with _input(test) as stream:
            found += _compared(test, file, cast("ByteStream", stream), router, limits)
    except (IngestorError, OSError) as error:
        found.append(Difference(None, "input", "a log that can be read", str(error)))
    return found


def _input(test: GoldenTest) -> io.BufferedIOBase:
    return io.BytesIO(test.content or b"") if test.file is None else test.file.open("rb")


def _compared(
    test: GoldenTest, file: SourceFile, stream: ByteStream, router: Router, limits: Limits
) -> Iterator[Difference]:
    opened = open_file(file, stream, router, lambda _: None)
    name = "skip" if isinstance(opened, Skip) else opened.pipeline.format.name
    if test.format not in {None, name}:
        yield Difference(None, "format", str(test.format), name)
    if isinstance(opened, Skip):
        if test.expected:
            yield Difference(None, "entries", str(len(test.expected)), opened.reason)
        return
    entry_format = opened.pipeline.format
    mapper = entry_format.mapper(opened.origin)
    batches = entry_format.batches(opened.pieces, limits, Position(), lambda: False)
    entries = (
        mapped_value(value, mapper, batch.first_ordinal + index)
        for batch in batches
        for index, value in enumerate(batch.values)
    )
    for ordinal, (expected, mapped) in enumerate(zip_longest(test.expected, entries)):
        if expected is None:
            yield Difference(ordinal, "entry", _NOTHING, "one more, and perhaps others")
            return
        if mapped is None:
            yield Difference(ordinal, "entry", _ending(expected), _NOTHING)
        else:
            yield from _of_entry(ordinal, expected, mapped)


def _of_entry(ordinal: int, expected: Mapping[str, Any], mapped: Mapped) -> Iterator[Difference]:
    if isinstance(mapped, Rejection | Drop):
        kind = REJECTED if isinstance(mapped, Rejection) else DROPPED
        if str(expected.get(kind, "\0")) not in mapped.reason:
            yield Difference(ordinal, "entry", _ending(expected), f"{kind}: {mapped.reason}")
        return
    if REJECTED in expected or DROPPED in expected:
        yield Difference(ordinal, "entry", _ending(expected), "a row")
        return
    for name in _absent(expected):
        value = mapped[_POSITIONS[name]] if name in _POSITIONS else None
        if value is not None:
            yield Difference(ordinal, name, _NOTHING, _written(readable(name, value)))
    for name, wanted in expected.items():
        if name == ABSENT:
            continue
        got = readable(name, mapped[_POSITIONS[name]])
        if got != _comparable(name, wanted):
            yield Difference(ordinal, name, _written(_comparable(name, wanted)), _written(got))


def _absent(expected: Mapping[str, Any]) -> list[str]:
    names = expected.get(ABSENT, [])
    return [str(name) for name in names] if isinstance(names, list) else [str(names)]


def _ending(expected: Mapping[str, Any]) -> str:
    for kind in (REJECTED, DROPPED):
        if kind in expected:
            return f"{kind}: …{expected[kind]}…"
    return "a row"


def readable(name: str, value: Any) -> object:  # noqa: ANN401 - of any column
    """A column's value as people write it: a time, or what JSON says."""
    if value is None:
        return None
    if _TYPES[name] == _TIME_TYPE:
        return datetime_of(value)
    if _TYPES[name] in _JSON_TYPES:
        return json.loads(bytes(value).removeprefix(b"\x01"))
    return value


def _comparable(name: str, wanted: object) -> object:
    """TOML's own times, or a time as a string; JSON as a table, or as a string that holds it."""
    if _TYPES[name] == _TIME_TYPE:
        return _time(wanted)
    if _TYPES[name] in _JSON_TYPES and isinstance(wanted, str):
        try:
            return json.loads(wanted)
        except ValueError:
            return wanted
    return wanted


def _time(wanted: object) -> object:
    if isinstance(wanted, str):
        try:
            wanted = datetime.fromisoformat(wanted)
        except ValueError:
            return wanted
    if isinstance(wanted, datetime):
        return wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC)
    return datetime(wanted.year, wanted.month, wanted.day, tzinfo=UTC) if isinstance(wanted, date) else wanted


def _written(value: object) -> str:
    match value:
        case None:
            return _NOTHING
        case datetime():
            return value.isoformat()
        case _:
            return json.dumps(value, ensure_ascii=False, default=str)
