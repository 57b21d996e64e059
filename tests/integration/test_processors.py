"""Entries that go through processors before they are rows: changed, dropped, left alone, or rejected by a mistake."""

import json
from collections.abc import Callable
from typing import Any

from tests.support.recorded import SETTINGS, Held
from tests.support.records import NO_TIME

from ingestor import bootstrap
from ingestor.database import Database
from ingestor.formats.json import JsonFormat
from ingestor.ingest import Loaded, ingest
from ingestor.model.source_file import SourceFile
from ingestor.processors import Drop, EntryContext, FunctionProcessor, Processed, Processor

FILE = SourceFile("bucket", "key.json", etag="etag", size_bytes=1)
LINES = [b'{"time": 1795432855268, "msg":"%d", "a":1, "a":1.0}' % number for number in range(3)]
CONTENT = b"\n".join(LINES)

type Function = Callable[[dict[str, Any], EntryContext], Processed]


def processor(function: Function, name: str = "mine") -> Processor:
    return FunctionProcessor(name, function)


def loaded(database: Database, *functions: Function, content: bytes = CONTENT) -> Loaded:
    processors = [processor(function) for function in functions]
    outcome = ingest(FILE, bootstrap.worker(database, Held(content), SETTINGS, processors=processors))
    assert isinstance(outcome, Loaded)
    return outcome


def rows(database: Database) -> list[tuple[int, str | None, str]]:
    with database.transaction() as connection:
        return connection.execute(
            "SELECT ordinal, message, raw_data::text FROM logs ORDER BY ordinal"
        ).fetchall()


def rejected(database: Database) -> list[tuple[int, str, bytes]]:
    with database.transaction() as connection:
        return connection.execute(
            "SELECT ordinal, error, raw FROM rejected_entries ORDER BY ordinal"
        ).fetchall()


def ids(database: Database) -> dict[int, Any]:
    with database.transaction() as connection:
        return dict(connection.execute("SELECT ordinal, id FROM logs").fetchall())


def shouted(entry: dict[str, Any], _context: EntryContext) -> Processed:
    return entry | {"msg": entry["msg"] + "!"}


def test_a_changed_entry_is_what_columns_and_raw_data_show(database: Database) -> None:
    loaded(database, shouted, shouted)
    assert [message for _, message, _ in rows(database)] == ["0!!", "1!!", "2!!"]
    assert json.loads(rows(database)[0][2]) == {"time": 1795432855268, "msg": "0!!", "a": 1.0}


def test_an_entry_that_no_processor_changes_stays_byte_for_byte(database: Database) -> None:
    def untouched(entry: dict[str, Any], _context: EntryContext) -> Processed:
        return entry

    def edited_in_vain(entry: dict[str, Any], _context: EntryContext) -> Processed:
        entry.clear()
        return None

    loaded(database, untouched, edited_in_vain)
    assert [text.encode() for _, _, text in rows(database)] == LINES


def test_one_and_true_are_two_values(database: Database) -> None:
    loaded(database, lambda entry, _: entry | {"pid": True}, content=b'{"time":1795432855268,"pid":1}')
    assert rows(database)[0][2] == '{"time":1795432855268,"pid":true}'


def test_a_drop_is_counted_and_moves_no_other_entrys_id(database: Database) -> None:
    def without_the_second(_entry: dict[str, Any], context: EntryContext) -> Processed:
        assert (context.bucket, context.key) == ("bucket", "key.json")
        return Drop("health check") if context.ordinal == 1 else None

    outcome = loaded(database, without_the_second)
    assert (outcome.rows_loaded, outcome.rows_rejected) == (2, 0)
    with database.transaction() as connection:
        counts = connection.execute(
            "SELECT checkpoint, rows_loaded, rows_rejected, rows_dropped FROM processed_files"
        ).fetchone()
    assert counts == (3, 2, 0, 1)
    with_processor = ids(database)
    assert sorted(with_processor) == [0, 2]
    with database.transaction() as connection:
        connection.execute("DELETE FROM logs")
        connection.execute("DELETE FROM processed_files")
    loaded(database)
    assert {ordinal: ids(database)[ordinal] for ordinal in with_processor} == with_processor


def test_an_exception_rejects_that_entry_with_the_processors_name(database: Database) -> None:
    def choosy(entry: dict[str, Any], _context: EntryContext) -> Processed:
        if entry["msg"] == "1":
            raise RuntimeError("no such user")
        return entry

    loaded(database, shouted, lambda entry, context: choosy(entry | {"msg": entry["msg"][:-1]}, context))
    assert [ordinal for ordinal, _, _ in rows(database)] == [0, 2]
    assert rejected(database) == [(1, "processor mine: RuntimeError: no such user", LINES[1])]


def test_what_is_no_entry_is_the_processors_mistake(database: Database) -> None:
    wrong: list[Any] = [[], {"msg": "a\0b"}, {"msg": float("nan")}, {"msg": "\ud800"}, {"msg": object()}]

    def mistaken(_entry: dict[str, Any], context: EntryContext) -> Processed:
        answer: Processed = wrong[context.ordinal]
        return answer

    content = b"\n".join([b'{"time":1795432855268}'] * len(wrong))
    assert loaded(database, mistaken, content=content).rows_rejected == len(wrong)
    assert all(reason.startswith("processor mine: ") for _, reason, _ in rejected(database))


def test_a_processed_entry_without_a_time_is_rejected_as_any_other(database: Database) -> None:
    loaded(database, lambda _entry, _context: {"msg": "timeless"})
    assert {reason for _, reason, _ in rejected(database)} == {NO_TIME}


def test_no_processor_sees_what_is_no_object(database: Database) -> None:
    def never(_entry: dict[str, Any], _context: EntryContext) -> Processed:
        raise AssertionError

    loaded(database, never, content=b'[1,"a",' + b"[" * 500 + b"]" * 500 + b"]")
    assert all(not reason.startswith("processor") for _, reason, _ in rejected(database))


def test_a_deeply_nested_entry_can_be_processed(database: Database) -> None:
    content = b'{"time":1795432855268,"deep":' + b"[" * 500 + b"]" * 500 + b"}"
    loaded(database, lambda entry, _: entry | {"msg": "deep"}, content=content)
    assert [message for _, message, _ in rows(database)] == ["deep"]


def test_without_processors_the_formats_own_mapper_works(database: Database) -> None:
    worker = bootstrap.worker(database, Held(CONTENT), SETTINGS)
    route = worker.router.by_head(FILE, CONTENT)
    assert type(route.format) is JsonFormat


def test_what_was_dropped_is_counted_by_reason_and_what_failed_by_its_kind(database: Database) -> None:
    def choosy(entry: dict[str, Any], context: EntryContext) -> Processed:
        if context.ordinal == 0:
            return Drop("first")
        raise RuntimeError(f"no user {entry['msg']}")

    outcome = loaded(database, choosy)
    assert outcome.losses.dropped == {"first": 1}
    assert outcome.losses.failures == {"processor mine: RuntimeError": 2}
