"""W3C extended log files: CloudFront's standard logs, IIS, and whoever else names the fields in a line `#Fields:`.

https://www.w3.org/TR/WD-logfile.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
https://learn.microsoft.com/en-us/windows/win32/http/w3c-logging

CloudFront's standard logs (v2) may be JSON under the same keys and with the same names: a line that begins with { is
read as such, and stays in `raw_data` byte for byte.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingestor.formats import Format, Position
from ingestor.formats.framing.lines import Lines
from ingestor.formats.json.by_name import JsonByName, own_names
from ingestor.formats.json.heads import members_of
from ingestor.formats.json.names import ColumnNames
from ingestor.formats.json.objects import fields_of
from ingestor.formats.known import FormatOptions, KnownFormat, first_lines, refuse_useless
from ingestor.formats.limits import Limits
from ingestor.formats.mapping import FieldMapping, Fields, as_json
from ingestor.formats.mapping.positional import quoted_fields
from ingestor.formats.mapping.positions import number
from ingestor.formats.mapping.times import time_reader
from ingestor.formats.text import TextFormat, TextMapper
from ingestor.formats.w3c.columns import CLOUDFRONT, NUMBERS, Columns, FieldsHeader, columns_of
from ingestor.formats.w3c.request import PLACES, PLACES_OF_OBJECTS, derive
from ingestor.model.entry import Batch
from ingestor.model.rows import EditedEntry, Entity, Mapped, Mapper, Rejection, RowOrigin

_NAME = "w3c"
_NO_HEADER = Rejection("no `#Fields` before this line says what stands in it")


def parsed(line: str, context: object) -> Fields | Rejection:
    values = line.split("\t") if "\t" in line else line.rstrip(" ").split(" ")
    columns = context
    if not isinstance(columns, Columns):
        if len(values) < len(CLOUDFRONT.positions.names):
            return _NO_HEADER
        columns = CLOUDFRONT
    names = columns.positions.names
    if '"' in line and len(values) != len(names):
        quoted = quoted_fields(line, is_escaped=False)
        values = quoted if quoted is not None else values
    if len(values) < len(names):
        return Rejection(f"a line that is cut: it has {len(values)} of {len(names)} fields")
    return columns.positions.fields(values)


def _prepared(fields: Fields, _context: object) -> Fields:
    """A JSON object's fields, all of them text, as a line's: a `-` is nothing."""
    found = {
        name: number(value) if name in NUMBERS and isinstance(value, str) else value
        for name, value in fields.items()
        if value != "-"
    }
    derive(found, columns_of(tuple(fields)))
    return found


@dataclass(frozen=True, slots=True)
class W3cFormat:
    """A `Format` of lines, some of them JSON."""

    lines: TextFormat
    objects: Format

    @property
    def name(self) -> str:
        return self.lines.name

    def batches(
        self,
        pieces: Iterator[bytes],
        limits: Limits,
        start: Position,
        time_is_up: Callable[[], bool],
        /,
    ) -> Iterator[Batch]:
        return self.lines.batches(pieces, limits, start, time_is_up)

    def mapper(self, origin: RowOrigin, /) -> "W3cMapper":
        return W3cMapper(self.lines.mapper(origin), self.objects.mapper(origin))


class W3cMapper:
    """A `Mapper`."""

    __slots__ = ("_lines", "_objects")

    def __init__(self, lines: TextMapper, objects: Mapper) -> None:
        self._lines = lines
        self._objects = objects

    @property
    def unknown_fields(self) -> int:
        return self._lines.unknown_fields

    def redacted(self, raw: bytes, /) -> bytes:
        return self._lines.redacted(raw)

    def row_of(self, text: Entity, ordinal: int, context: object = None, /) -> Mapped:
        mapper = self._objects if bytes(text)[:1] == b"{" else self._lines
        return mapper.row_of(text, ordinal, context)

    def fields_of(self, text: Entity, context: object = None, /) -> Fields | Rejection:
        return fields_of(text) if bytes(text)[:1] == b"{" else self._lines.fields_of(text, context)

    def row_from(self, entry: EditedEntry, ordinal: int, context: object = None, /) -> Mapped:
        if entry.text.startswith("{"):
            return self._objects.row_of(as_json(entry.fields), ordinal, context)
        return self._lines.row_from(entry, ordinal, context)


def make(options: FormatOptions) -> W3cFormat:
    refuse_useless(_NAME, options, "columns", "time_zone")
    read_time = time_reader(options)
    mapping = FieldMapping(FieldMapping(PLACES).preferring(options.columns).places, read_time=read_time)
    names = ColumnNames(PLACES_OF_OBJECTS, read_time=read_time)
    objects = JsonByName(_NAME, names.preferring(own_names(options)), prepare=_prepared)
    return W3cFormat(TextFormat(_NAME, parsed, mapping, _framing, derive), objects)


def _framing(limits: Limits) -> Lines:
    return Lines(limits, FieldsHeader())


def recognises(head: bytes) -> bool:
    lines = first_lines(head)
    if not lines:
        return False
    if lines[0].startswith(b"{"):
        names = members_of(lines[0]).texts
        return "cs-uri-stem" in names or any(name.startswith("x-edge-") for name in names)
    header = next((line for line in lines if line.startswith(b"#Fields:")), b"")
    return lines[0].startswith(b"#") and b"time" in header and b"," not in header


_DISTRIBUTION = "[0-9A-Z]" * 12
_HOUR = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]-[0-9][0-9]"

KNOWN = KnownFormat(
    _NAME,
    make,
    recognises,
    keys=(
        f"*E{_DISTRIBUTION}.{_HOUR}.*.gz",
        f"*E{_DISTRIBUTION}[0-9A-Z].{_HOUR}.*.gz",
        f"*E{_DISTRIBUTION}[0-9A-Z][0-9A-Z].{_HOUR}.*.gz",
        "*AWSLogs/*/CloudFront/*",
    ),
)
