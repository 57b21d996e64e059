"""`json` fills the same columns for every common logger, and pino's entries become what they always were."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import ORIGIN, assert_cuts_and_resuming_change_nothing, rows_of, sample
from tests.support.records import row_of

from ingestor.errors import ConfigurationError
from ingestor.formats.json import KNOWN
from ingestor.formats.json.kinds import PLACES
from ingestor.formats.json.mapping import JsonMapper, json_values
from ingestor.formats.json.names import ColumnNames
from ingestor.formats.known import FormatOptions
from ingestor.model.columns import COLUMNS

NOON = "2026-11-23T12:00:00.500000+00:00"

EXPECTED: list[dict[str, Any]] = [
    {"level": "warn", "message": "slow", "hostname": "web-1", "pid": 17},
    {"level": "info", "message": "hello", "request_id": "r-2"},
    {
        "level": "warn", "message": "dotted", "method": "GET", "url": "/a?b=1", "status_code": 404,
        "remote_address": "192.0.2.7", "remote_port": 4711, "processing_time_ms": 1.5, "trace_id": "t-3",
        "hostname": "web-3",
    },
    {
        "level": "ERROR", "severity": 17, "message": "nested", "method": "PUT", "status_code": 503, "pid": 42,
        "url": "https://shop.example.com/a?b=1", "context": "com.example.Shop", "hostname": "web-4",
        "processing_time_ms": 0.25,
    },
    {"level": "info", "message": "zap", "context": "shop", "trace_id": "t-5"},
    {
        "timestamp": "2026-11-23T12:00:00+00:00", "level": "error", "message": "zerolog", "method": "GET",
        "status_code": 500, "url": "/z", "remote_address": "192.0.2.8",
    },
    {
        "level": "error", "severity": 17, "message": "gelf", "hostname": "web-7", "request_id": "r-7",
        "status_code": 500,
    },
    {"level": "ERROR+2", "severity": 17, "message": "slog", "request_id": "r-8", "status_code": 200},
    {"level": "warning", "severity": 13, "message": "structlog", "context": "shop.views", "request_id": "r-9"},
    {
        "level": "Warning", "severity": 13, "message": "Hello, {User}", "context": "Shop.Startup",
        "request_id": "r-10", "trace_id": "0af7651916cd43dd8448eb211c80319c",
    },
    {"level": "Information", "severity": 9, "message": "no level is informational"},
    {
        "level": "INFO", "message": "powertools", "request_id": "r-12",
        "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
    },
    {"level": "ERROR", "message": "lambda", "context": "root", "request_id": "r-13"},
    {
        "level": "error", "message": "platform.report timeout", "request_id": "r-14",
        "processing_time_ms": 101.51, "trace_id": "1-62e900b2-710d76f009d6e7785905449a",
    },
    {
        "level": "WARNING", "severity": 13, "message": "gcp text", "trace_id": "t-15", "method": "GET",
        "url": "https://shop.example.com/x", "status_code": 302, "remote_address": "192.0.2.9",
        "processing_time_ms": 12.0, "cache_hit": True,
    },
    {"level": "INFO", "message": "gcp json", "request_id": "r-16", "pid": 9},
    {"message": "plain line"},
    {
        "level": "error", "message": "within", "pid": 17, "hostname": "web-18", "request_id": "r-18",
        "method": "GET", "url": "/a",
    },
    {"message": "fluent bit", "hostname": "i-0123456789abcdef0"},
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(EXPECTED)))
def test_every_kind_of_logger_fills_the_same_columns(index: int) -> None:
    row = rows_of(KNOWN, sample("json-kinds.json"))[index]
    for internal in ("id", "file_id", "ordinal", "raw_data"):
        del row[internal]
    row.setdefault("severity", None)
    expected = {"timestamp": NOON, "severity": row["severity"]} | EXPECTED[index]
    assert row == expected


def test_a_numeric_level_stays_pinos_even_without_a_message() -> None:
    row = row_of({"level": 6, "time": 1, "url": "/not/a/request", "status": 500})
    assert (row["level"], row["url"], row["status_code"]) == ("6", None, None)


@pytest.mark.parametrize(
    "seconds", ["1795435200.5", "1795435200500", '"1795435200500"', '"1795435200500000000"']
)
def test_the_unit_of_a_time_is_told_by_its_magnitude_in_digits_too(seconds: str) -> None:
    [row] = rows_of(KNOWN, b'{"ts":%b}' % seconds.encode())
    assert row["timestamp"] == NOON


def test_a_time_that_is_none_is_not_the_last_update() -> None:
    row = row_of({"level": 30, "msg": "", "timestamp": "soon", "time": 0, "lastUpdated": "soon"})
    assert row["last_updated"] is None


def test_what_a_container_logged_as_text_is_repaired_before_it_is_a_column() -> None:
    row = row_of({"time": 1, "log": '{"level":30,"time":1,"msg":"a\\u0000b\\ud800"}\n'})
    assert row["message"] == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("log", ['{"level":30', "{}}", "{", "[1]", '{"a":1e400}'])
def test_what_only_looks_like_an_object_within_is_the_message(log: str) -> None:
    assert row_of({"time": 1, "log": log + "\n"})["message"] == log


def test_envelopes_within_envelopes_end() -> None:
    text = '{"msg":"innermost","time":1}'
    for _ in range(5):
        text = msgspec.json.encode({"time": 1, "log": text}).decode()
    assert row_of(text.encode())["message"].startswith('{"time":1,"log":"')


def test_names_of_a_rule_go_before_pinos() -> None:
    options = FormatOptions(columns={"message": ("note",), "trace_id": ("meta.trace",)})
    entry = b'{"level":30,"time":1,"msg":"pino","note":"mine","meta":{"trace":"t"},"pid":4}'
    [row] = rows_of(KNOWN, entry, options)
    assert (row["message"], row["trace_id"], row["level"], row["pid"]) == ("mine", "t", "info", 4)


def test_a_time_without_a_zone_is_in_that_of_the_rule() -> None:
    options = FormatOptions(time_zone=ZoneInfo("Europe/Berlin"))
    times = (
        b'{"asctime":"2026-11-23 13:00:00,500"}\n{"time":"2026-11-23T12:00:00.5Z"}\n{"time":1795435200500}'
    )
    assert [row["timestamp"] for row in rows_of(KNOWN, times, options)] == [NOON] * 3


def test_a_time_may_have_a_format_of_the_rule() -> None:
    options = FormatOptions(columns={"timestamp": ("when",)}, time_format="%d/%m/%Y %H:%M:%S.%f")
    [row] = rows_of(KNOWN, b'{"when":"23/11/2026 12:00:00.5","msg":"a"}', options)
    assert (row["timestamp"], row["message"]) == (NOON, "a")


def test_an_option_of_no_use_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="`delimiter` is of no use to json"):
        KNOWN.make(FormatOptions(delimiter=";"))


TEXTS = st.sampled_from(["", "a", "GET", "2026-11-23T12:00:00Z", "17", "17000000000000"])
NUMBERS = st.sampled_from([-1, 0, 30, 200, 2**31, 2**63, 10**25, 1.5, 1795435200500])
ANY: st.SearchStrategy[Any] = TEXTS | NUMBERS | st.none() | st.booleans() | st.just([]) | st.just({"a": 1})
PINO_NAMES = (
    "time", "timestamp", "trace_id", "traceId", "context", "message", "msg", "hostname", "pid", "authUserId",
    "processingTimeMs", "responseTime", "cacheHit", "documentCount", "lastUpdated",
)  # fmt: skip
REQUESTS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("id", "method", "url", "remotePort", "query"), ANY)
)
RESPONSES = st.fixed_dictionaries({}, optional={"statusCode": ANY})
PINO = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(PINO_NAMES, ANY)
    | {"level": NUMBERS | TEXTS, "req": ANY | REQUESTS, "res": ANY | RESPONSES},
)


@given(entry=PINO)
def test_the_long_way_agrees_with_the_fast_one_on_pinos_names(entry: dict[str, Any]) -> None:
    """ColumnNames of a rule that no entry has send every entry the long way."""
    text = msgspec.json.encode(entry)
    fast = JsonMapper(ORIGIN).row_of(text, 3)
    assert JsonMapper(ORIGIN, ColumnNames({"message": ("nowhere",)})).row_of(text, 3) == fast
    if isinstance(fast, tuple):
        values = json_values(text)
        assert values is not None
        assert tuple(values[3:-1]) == fast[3:-1]


PARTS = st.sampled_from([line + b"\n" for line in sample("json-kinds.json").splitlines()]) | st.binary(
    max_size=20
)


@given(parts=st.lists(PARTS, max_size=6), cuts=st.lists(st.integers(0, 2000), max_size=5))
def test_cuts_and_resuming_change_nothing(parts: list[bytes], cuts: list[int]) -> None:
    assert_cuts_and_resuming_change_nothing(KNOWN, b'{"time":1}\n' + b"".join(parts), cuts)


def test_every_column_of_an_entry_has_a_place() -> None:
    others = {"id", "file_id", "ordinal", "severity", "raw_data", "last_updated"}
    assert {str(column.name) for column in COLUMNS} - others == set(PLACES)
