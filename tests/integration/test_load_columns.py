"""The declaration of the columns is the migration's table, and what the trick of untyped dumpers writes reads back."""

from datetime import UTC, datetime
from uuid import UUID

from msgspec import Raw
from tests.support.connections import Connect
from tests.support.entries import copy_batch

from ingestor.model.columns import COLUMNS
from ingestor.model.entry import Batch
from ingestor.model.rows import RowOrigin


def test_the_declared_columns_are_the_tables_in_order_and_type(connect: Connect) -> None:
    there = connect().execute(
        "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = 'logs'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    )
    declared = [(column.name, column.postgres_type) for column in COLUMNS]
    defaults = [(name, "timestamp with time zone") for name in ("created_at", "updated_at")]
    assert there.fetchall() == declared + defaults


def test_every_column_reads_back_as_what_the_entry_said(connect: Connect) -> None:
    text = (
        b'{"pid":2147483647,"timestamp":"2026-11-23T12:00:00.123456+01:00","req":{"id":12,"method":"GET","url":"/\xc3\xa9?q=1",'
        b'"query":{"q":"\\u00e9"},"headers":{"a":[1,2.50,null]},"params":[],"remoteAddress":"::1","remotePort":65535},'
        b'"res":{"statusCode":-1},"traceId":"t","context":"c","msg":"m \xf0\x9f\x90\x98","hostname":"h",'
        b'"level":50,"authUserId":-9223372036854775808,"responseTime":0.1,"cacheHit":true,"documentCount":9223372036854775807,'
        b'"lastUpdated":-62135596800000,"documentCount":9223372036854775807}'
    )
    connection = connect()
    connection.execute("SET TimeZone = 'UTC'")
    file = RowOrigin(2**62, "b", "k", "e", None)
    copy_batch(connection, file, Batch([Raw(text)], 2**61, 0, is_last=True, offset_of=lambda _: 0))
    cursor = connection.execute("SELECT *, raw_data::text FROM logs")
    row = cursor.fetchone()
    assert row is not None
    assert cursor.description is not None
    found = dict(zip((each.name for each in cursor.description), row, strict=True))
    assert isinstance(found.pop("id"), UUID)
    assert found.pop("created_at") == found.pop("updated_at")
    assert found == {
        "file_id": 2**62,
        "ordinal": 2**61,
        "request_id": "12",
        "trace_id": "t",
        "timestamp": datetime(2026, 11, 23, 11, 0, 0, 123456, tzinfo=UTC),
        "level": "error",
        "severity": 17,
        "method": "GET",
        "url": "/é?q=1",
        "query": {"q": "é"},
        "headers": {"a": [1, 2.5, None]},
        "params": [],
        "remote_address": "::1",
        "remote_port": 65535,
        "status_code": -1,
        "context": "c",
        "message": "m 🐘",
        "hostname": "h",
        "pid": 2**31 - 1,
        "auth_user_id": -(2**63),
        "processing_time_ms": 0.1,
        "cache_hit": True,
        "document_count": 2**63 - 1,
        "last_updated": datetime(1, 1, 1, tzinfo=UTC),
        "raw_data": text.decode(),
    }
