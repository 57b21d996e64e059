"""What holds for what comes of any bytes: rows, reasons, and the objects that a message names."""

from msgspec import Raw
from tests.support.decoding import Stored, never
from tests.support.entries import batches

from ingestor.errors import IngestorError, NotificationError
from ingestor.formats import Limits
from ingestor.formats.excerpt import excerpt
from ingestor.formats.json.mapping import JsonMapper
from ingestor.model.columns import COLUMNS
from ingestor.model.entry import Malformed, Value
from ingestor.model.rows import RowOrigin
from ingestor.model.source_file import SourceFile
from ingestor.notifications import continuation_message, parse
from ingestor.sinks.postgres.jsonb import with_acceptable_jsonb, without_jsonb

_LIMITS = Limits(chunk_rows=20_000, chunk_bytes=8 * 1024 * 1024, max_entry_bytes=4_000)
_RECORDS = JsonMapper(RowOrigin(1, "b", "k", "v", None))
_MAX_INTEGERS = {"int2": 2**15, "int4": 2**31, "int8": 2**63}


def check_rows(data: bytes) -> None:
    """Of each entry a row that PostgreSQL's binary COPY can be given, or a reason that is text."""
    try:
        for batch in batches(Stored(data), _LIMITS, time_is_up=never):
            for ordinal, value in enumerate(batch.values):
                _check_value(value, ordinal)
    except IngestorError as error:
        assert str(error).isprintable()  # noqa: PT017 - whatever the bytes


def check_message(body: str) -> None:
    try:
        files = parse(body, buckets=frozenset(), prefix="")
    except NotificationError as error:
        assert len(str(error)) < 20_000  # noqa: PT017 - whatever the message
        return
    for file in files:
        _check_source(file)


def _check_value(value: Value, ordinal: int) -> None:
    if isinstance(value, Malformed):
        assert excerpt(value.raw).isprintable()
        return
    row = _RECORDS.row_of(value if isinstance(value, Raw) else value.text, ordinal)
    if not isinstance(row, tuple):
        assert excerpt(bytes(value if isinstance(value, Raw) else value.text)).isprintable()
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
    (again,) = parse(continuation_message(file), buckets=frozenset(), prefix="") or (file,)
    assert again == file
