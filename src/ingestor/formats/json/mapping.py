"""One entry to one row of `logs`."""

from msgspec import DecodeError, Raw, Struct, ValidationError
from msgspec.json import Decoder

from ingestor.formats.json.fields import Entry, Request, decode_field_by_field, decode_strictly
from ingestor.formats.levels import level_of
from ingestor.model.columns import Row
from ingestor.model.identity import Identities
from ingestor.model.instants import microseconds_of
from ingestor.model.rows import Entity, Mapped, Rejection, RowOrigin

_NO_REQUEST = Request()
_JSONB_VERSION = b"\x01"
_JSONB_NULL = _JSONB_VERSION + b"null"

_UNREADABLE = (DecodeError, UnicodeDecodeError, RecursionError)
_KINDS = {
    b"{": "an object",
    b"[": "an array",
    b'"': "a string",
    b"t": "a boolean",
    b"f": "a boolean",
    b"n": "null",
}
_QUOTED_CHARACTERS = 100


_ABSENT = Raw(b"absent")


class _Times(Struct):
    timestamp: Raw = _ABSENT
    time: Raw = _ABSENT


_times_of = Decoder(_Times).decode


class JsonMapper:
    """A `Mapper` of JSON objects under the names that pino and its kin use."""

    __slots__ = ("_fallback_time", "_file_id", "_id_at")

    unknown_fields = 0

    def __init__(self, origin: RowOrigin) -> None:
        self._fallback_time = origin.fallback_time
        self._file_id = origin.file_id
        self._id_at = Identities(origin.bucket, origin.key, origin.object_version, origin.store).at

    def redacted(self, raw: bytes, /) -> bytes:
        return raw

    def row_of(self, text: Entity, ordinal: int, context: object = None, /) -> Mapped:  # noqa: ARG002 - JSON reads alone
        """All of `text` is in `raw_data`, whatever its fields are."""
        try:
            entry = decode_strictly(text)
        except _UNREADABLE as error:
            decoded = _decoded_leniently(text, error)
            if isinstance(decoded, Rejection):
                return decoded
            entry = decoded
        return self._row(entry, text, ordinal)

    def _row(self, entry: Entry, text: Entity, ordinal: int) -> Row | Rejection:
        # For every entry: locals, no loops and one tuple.
        given = entry.timestamp
        timestamp = microseconds_of(given)
        if timestamp is None:
            timestamp = microseconds_of(entry.time)
            if timestamp is None:
                timestamp = self._fallback_time
                if timestamp is None:
                    return Rejection(_why_no_time(text))
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
            self._id_at(ordinal, timestamp),
            self._file_id,
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
        return Rejection(_why_unreadable(text, refused))
    try:
        return decode_field_by_field(text)
    except _UNREADABLE as error:
        return Rejection(_why_unreadable(text, error))


def _why_unreadable(text: Entity, error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    start = bytes(text).lstrip()[:1]
    if isinstance(error, ValidationError) and start != b"{":
        return f"not an object: {_KINDS.get(start, 'a number')}"
    return f"bad JSON: {error}"


def _why_no_time(text: Entity) -> str:
    times = _times_of(text)
    if times.timestamp is _ABSENT and times.time is _ABSENT:
        return "no `timestamp` or `time` in the entry"
    return f"no usable time: timestamp is {_quoted(times.timestamp)}, time is {_quoted(times.time)}"


def _quoted(text: Raw) -> str:
    """A scalar as it stands. What is in an array or an object is none of a reason's business: it may be a secret."""
    start = bytes(text)[: _QUOTED_CHARACTERS + 1]
    if start.startswith((b"[", b"{")):
        return _KINDS[start[:1]]
    shown = start.decode("utf-8", "replace")
    return shown if len(shown) <= _QUOTED_CHARACTERS else shown[:_QUOTED_CHARACTERS] + "..."
