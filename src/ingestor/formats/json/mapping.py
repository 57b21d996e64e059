"""One entry to one row of `logs`: pino's names at full speed, those of other loggers where an entry isn't pino's."""

from typing import Any

from msgspec import ValidationError

from ingestor.formats.json.envelopes import carried
from ingestor.formats.json.fields import Entry, Request, decode_field_by_field, decode_strictly
from ingestor.formats.json.kinds import NAMES, is_gelf, of_gelf, syslog_level
from ingestor.formats.json.names import ColumnNames
from ingestor.formats.json.objects import fields_of
from ingestor.formats.json.reasons import UNREADABLE, why_no_time, why_unreadable
from ingestor.formats.mapping import Fields, RowBuilder
from ingestor.formats.mapping.levels import level_of
from ingestor.model.columns import COLUMNS, Row
from ingestor.model.instants import Instant, microseconds_of
from ingestor.model.rows import Entity, Mapped, Rejection, RowOrigin

_NO_REQUEST = Request()
_JSONB_VERSION = b"\x01"
_JSONB_NULL = _JSONB_VERSION + b"null"

_DEEPEST_ENVELOPE = 2
"""A container's line carries a logger's entry, and that perhaps an object."""

type Values = list[Any]
"""One for each of COLUMNS; id, file_id, ordinal and raw_data are the caller's to fill."""

_NOTHING: Values = [None] * len(COLUMNS)


class JsonMapper:
    """A `Mapper` of JSON objects under the names that pino and its kin use.

    `own` are the names that a rule puts before all others.
    """

    __slots__ = ("_builder", "_file_id", "_id_at", "_own")

    unknown_fields = 0

    def __init__(self, origin: RowOrigin, own: ColumnNames | None = None) -> None:
        self._builder = RowBuilder(own or NAMES, origin)
        self._file_id = origin.file_id
        self._id_at = self._builder.id_at
        self._own = own

    def redacted(self, raw: bytes, /) -> bytes:
        return raw

    def row_of(self, text: Entity, ordinal: int, context: object = None, /) -> Mapped:  # noqa: ARG002 - JSON reads alone
        """All of `text` is in `raw_data`, whatever its fields are."""
        try:
            entry = decode_strictly(text)
        except UNREADABLE as error:
            decoded = _decoded_leniently(text, error)
            if isinstance(decoded, Rejection):
                return decoded
            entry = decoded
        # pino's level is a number, or its request an object: such an entry has all its facts under pino's names.
        if (
            (entry.level.__class__ is int or entry.req is not None)
            and (entry.msg is not None or entry.message is not None)
            and self._own is None
        ):
            given = entry.timestamp
            timestamp = microseconds_of(given)
            if timestamp is None:
                given = entry.time
                timestamp = microseconds_of(given)
            if timestamp is not None:
                return _row(
                    entry, given, timestamp, self._id_at(ordinal, timestamp), self._file_id, ordinal, text
                )
        return self._other_row(entry, text, ordinal)

    def _other_row(self, entry: Entry, text: Entity, ordinal: int) -> Row | Rejection:
        row = self._builder.row_with(_values_of(entry, text, self._own, 0), text, ordinal)
        if row is not None:
            return row
        own = self._own.names_of("timestamp") if self._own is not None else []
        return Rejection(why_no_time(text, dict.fromkeys([*own, *NAMES.names_of("timestamp")])))


def json_values(text: Entity, own: ColumnNames | None = None, depth: int = 1) -> Values | None:
    """What `json` makes of an object that another format carries; None: it is no object."""
    try:
        entry = decode_strictly(text)
    except UNREADABLE as error:
        decoded = _decoded_leniently(text, error)
        if isinstance(decoded, Rejection):
            return None
        entry = decoded
    return _values_of(entry, text, own, depth)


def _values_of(entry: Entry, text: Entity, own: ColumnNames | None, depth: int) -> Values:
    timestamp = microseconds_of(entry.timestamp)
    given = entry.timestamp if timestamp is not None else entry.time
    timestamp = timestamp if timestamp is not None else microseconds_of(given)
    is_pino = entry.level.__class__ is int and timestamp is not None
    if is_pino and own is None and (entry.msg is not None or entry.message is not None):
        return list(_row(entry, given, timestamp, None, None, None, None))
    fields = fields_of(text)
    if isinstance(fields, Rejection):
        return _NOTHING.copy()
    if is_gelf(fields):
        fields, is_pino = of_gelf(fields), False
        entry.level = syslog_level(entry.level) or entry.level
    values = own.values(fields) if own is not None else None
    pino = _row(entry, given, timestamp, None, None, None, None)
    if is_pino:
        return list(pino) if values is None else first_of(values, pino)
    within = _carried(fields, own, depth)
    if values is not None or within is not None:
        values = first_of(*(row for row in (values, within, pino) if row is not None))
    else:
        values = list(pino)
    NAMES.complete(values, fields)
    return values


def _carried(fields: Fields, own: ColumnNames | None, depth: int) -> Values | None:
    text = carried(fields) if depth < _DEEPEST_ENVELOPE else None
    return json_values(text, own, depth + 1) if text is not None else None


def first_of(*rows: Values | Row) -> Values:
    """For each column the first that has a value. A level and its severity come from the same."""
    values = list(rows[0])
    for row in rows[1:]:
        values = [value if value is not None else other for value, other in zip(values, row, strict=True)]
    return values


def _row(  # noqa: PLR0917 - names would cost each entry of the hot path a twentieth of a microsecond
    entry: Entry,
    given: Instant,
    timestamp: int | None,
    row_id: bytes | None,
    file_id: int | None,
    ordinal: int | None,
    text: Entity | None,
) -> Row:
    """`given` is what `timestamp` was read from. It runs for every entry: locals, no loops and one tuple."""
    request = entry.req or _NO_REQUEST
    request_id = request.id
    trace_id = entry.trace_id
    level = level_of(entry.level)
    query = _JSONB_VERSION + request.query
    headers = _JSONB_VERSION + request.headers
    params = _JSONB_VERSION + request.params
    response = entry.res
    message = entry.message
    took = entry.processing_time_ms
    updated = entry.last_updated
    return (
        row_id,
        file_id,
        ordinal,
        str(request_id) if isinstance(request_id, int) else request_id,
        trace_id if trace_id is not None else entry.trace_id_in_camel_case,
        timestamp,
        level.text,
        level.severity,
        request.method,
        request.url,
        query if query != _JSONB_NULL else None,
        headers if headers != _JSONB_NULL else None,
        params if params != _JSONB_NULL else None,
        request.remote_address,
        request.remote_port,
        response.status_code if response is not None else None,
        entry.context,
        message if message is not None else entry.msg,
        entry.hostname,
        entry.pid,
        entry.auth_user_id,
        took if took is not None else entry.response_time,
        entry.cache_hit,
        entry.document_count,
        # Mostly written in the same moment as the timestamp, in the same characters.
        timestamp if updated is not None and updated == given else microseconds_of(updated),
        text,
    )


def _decoded_leniently(text: Entity, refused: Exception) -> Entry | Rejection:
    if not isinstance(refused, ValidationError):
        return Rejection(why_unreadable(text, refused))
    try:
        return decode_field_by_field(text)
    except UNREADABLE as error:
        return Rejection(why_unreadable(text, error))
