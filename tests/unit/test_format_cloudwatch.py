"""CloudWatch Logs through Firehose: one row an event, with whose it is."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import ORIGIN, assert_cuts_and_resuming_change_nothing, outcomes, rows_of, sample

from ingestor.formats.json.cloudwatch import KNOWN
from ingestor.formats.known import FormatOptions

FILE = sample("cloudwatch.json")
NOON = "2026-11-23T12:00:00.500000+00:00"
SHOP = {"context": "/aws/lambda/shop", "hostname": "2026/11/23/[$LATEST]0123456789abcdef", "timestamp": NOON}
ECS = {"context": "/ecs/shop", "hostname": "web/shop/0123", "timestamp": NOON}
REQUEST = "8c2b0f53-1a7e-4f6e-9d7b-0a1b2c3d4e5f"

EXPECTED: list[dict[str, Any]] = [
    SHOP | {"message": f"START RequestId: {REQUEST} Version: $LATEST", "request_id": REQUEST},
    SHOP
    | {
        "message": f"2026-11-23T12:00:00.500Z\t{REQUEST}\tERROR\tcard refused",
        "level": "ERROR",
        "request_id": REQUEST,
    },
    SHOP
    | {
        "timestamp": "2026-11-23T12:00:00.250000+00:00", "level": "error", "message": "pino within", "pid": 8,
        "hostname": "web-1", "request_id": "r-3", "method": "GET", "url": "/a",
    },
    ECS | {"level": "WARN", "message": "lambda json", "request_id": "r-4"},
    ECS | {"message": 'plain } { "text"'},
    ECS | {"message": '{"not json'},
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(EXPECTED)))
def test_every_event_fills_the_columns_that_it_has_facts_for(index: int) -> None:
    row = rows_of(KNOWN, FILE)[index]
    internal = {"id", "file_id", "ordinal", "raw_data", "severity"}
    assert {name: value for name, value in row.items() if name not in internal} == EXPECTED[index]


def test_a_control_message_has_no_entries() -> None:
    assert len(outcomes(KNOWN, FILE)) == len(EXPECTED)


def test_raw_data_is_the_event_with_owner_group_and_stream_behind_it_wherever_they_stand() -> None:
    rows = rows_of(KNOWN, FILE)
    assert list(rows[0]["raw_data"]) == ["id", "timestamp", "message", "owner", "logGroup", "logStream"]
    assert rows[5]["raw_data"]["logGroup"] == "/ecs/shop"
    event = b'{ "timestamp":1, "owner":"mine" }'
    row = KNOWN.make(FormatOptions()).mapper(ORIGIN).row_of(event, 0, ({"owner": "x", "logGroup": "g"},))
    assert isinstance(row, tuple)
    assert row[-1] == b'{ "timestamp":1, "owner":"mine" ,"logGroup":"g"}'


def test_a_rules_names_go_before_those_of_the_message_and_of_the_event() -> None:
    options = FormatOptions(columns={"hostname": ("pod",), "trace_id": ("owner",)})
    data = b'{"messageType":"DATA_MESSAGE","owner":"o","logEvents":[{"timestamp":1,"message":"{\\"pod\\":\\"p\\"}"}]}'
    [row] = rows_of(KNOWN, data, options)
    assert (row["hostname"], row["trace_id"]) == ("p", "o")


@pytest.mark.parametrize(
    "head", [FILE, FILE[:90], b'{"logEvents": [], "owner":"o","logGroup":"g","logStream":"s"}']
)
def test_its_files_are_recognised(head: bytes) -> None:
    assert KNOWN.recognises(head)


@pytest.mark.parametrize(
    "head", [b"", b'{"message":"messageType"}', b'{"messageType":"OTHER"}', b'{"owner":"o"}', b"x"]
)
def test_other_files_are_not(head: bytes) -> None:
    assert not KNOWN.recognises(head)


MESSAGES = st.sampled_from(
    ["a", '{"level":30,"time":1}', '{"msg":"\\u0000"}', "{}", "{", "", "\N{SNOWMAN}", "RequestId: x"]
)
EVENTS = MESSAGES.map(lambda message: msgspec.json.encode({"timestamp": 1, "message": message})) | st.just(
    b"7"
)
OBJECTS = st.tuples(st.lists(EVENTS, max_size=4), st.sampled_from(["DATA_MESSAGE", "CONTROL_MESSAGE"])).map(
    lambda each: b'{"owner":"o","logEvents":[%b],"messageType":"%b"}' % (b",".join(each[0]), each[1].encode())
)


@given(
    parts=st.lists(st.sampled_from([FILE, b"\n", b'{"a":1}']) | OBJECTS, max_size=5),
    cuts=st.lists(st.integers(0, 9000), max_size=6),
)
def test_cuts_and_resuming_change_nothing(parts: list[bytes], cuts: list[int]) -> None:
    assert_cuts_and_resuming_change_nothing(KNOWN, b"".join(parts), cuts)
