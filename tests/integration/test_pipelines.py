"""What a file's rows came through is in its ledger row; another pipeline starts the file over, never mixes with it."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
from tests.support.recorded import Held

from ingestor import bootstrap, ledger
from ingestor.database import Database
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.errors import ErrorKind
from ingestor.formats import Format
from ingestor.formats.json import JsonFormat
from ingestor.formats.mapping import FieldMapping
from ingestor.formats.text import TextFormat
from ingestor.ingest import Continued, Failed, Loaded, Outcome, Worker, ingest
from ingestor.model.source_file import ByteStream, SourceFile
from ingestor.processors import Drop, FunctionProcessor, Steps
from ingestor.routing import Pipeline, Skip, always
from ingestor.routing.processed_format import ProcessedFormat
from ingestor.settings import Settings

FILE = SourceFile("bucket", "key.json", etag="etag", size_bytes=1)
CONTENT = b"".join(b'{"time":1795432855268,"msg":"%d"}\n' % number for number in range(4))
SETTINGS = Settings(chunk_rows=2)
NO_TIME = Deadline(lambda: 0)


def shouting(text: str) -> Format:
    louder = FunctionProcessor(text, lambda entry, _: entry | {"msg": entry["msg"] + text})
    return ProcessedFormat(JsonFormat(), Steps(changes=(louder,)))


@dataclass(frozen=True)
class ByHead:
    """Decides by the file's first bytes, and remembers them."""

    heads: list[bytes]

    def by_name(self, _file: SourceFile, /) -> Pipeline | Skip | None:
        return None

    def by_head(self, _file: SourceFile, head: bytes, /) -> Pipeline:
        self.heads.append(head)
        return Pipeline(JsonFormat(), "json", "its first bytes")


@dataclass(frozen=True)
class Skipping:
    def by_name(self, _file: SourceFile, /) -> Pipeline | Skip | None:
        return Skip("rule 3 of ingestor.toml: skip")

    def by_head(self, _file: SourceFile, _head: bytes, /) -> Pipeline:
        raise AssertionError("its name decided")


class Unreadable:
    """A `Source` of an object that nobody may open."""

    def open(self, _file: SourceFile, /) -> ByteStream:
        raise AssertionError("nobody wants to read it")

    def current(self, file: SourceFile, /) -> SourceFile:
        return file


def worker(database: Database, pipeline: Pipeline | None = None, content: bytes = CONTENT) -> Worker:
    made = bootstrap.worker(database, Held(content), SETTINGS)
    if pipeline is None:
        return made
    route = replace(always(pipeline.format), pipeline=pipeline)  # type: ignore[type-var] # the router is a dataclass
    return replace(made, router=route)


def through(database: Database, name: str, deadline: Deadline = UNLIMITED) -> Outcome:
    return ingest(FILE, worker(database, Pipeline(shouting(name), name, f"says {name}")), deadline)


def messages(database: Database) -> list[str]:
    with database.transaction() as connection:
        rows = connection.execute("SELECT message FROM logs ORDER BY ordinal").fetchall()
    return [message for (message,) in rows]


def record(database: Database) -> ledger.FileRecord:
    with database.transaction() as connection:
        found = ledger.find_file(connection, FILE.bucket, FILE.key)
    assert found is not None
    return found


def happened(database: Database) -> list[str]:
    with database.transaction() as connection:
        return [each.event for each in ledger.file_history(connection, record(database)).events]


def test_a_row_of_the_ledger_says_how_its_file_is_read_and_why(database: Database) -> None:
    assert isinstance(through(database, "a"), Loaded)
    found = record(database)
    assert (found.format, found.format_reason, found.pipeline) == ("json", "says a", "a")


def test_what_another_pipeline_loaded_is_taken_out_and_loaded_anew(database: Database) -> None:
    assert isinstance(through(database, "a", NO_TIME), Continued)
    assert messages(database) == ["0a", "1a"]
    assert isinstance(through(database, "b"), Loaded)
    assert messages(database) == ["0b", "1b", "2b", "3b"]
    assert (record(database).rows_loaded, record(database).pipeline) == (4, "b")
    assert happened(database).count("voided") == 1


def test_the_same_pipeline_goes_on_from_the_checkpoint(database: Database) -> None:
    through(database, "a", NO_TIME)
    assert isinstance(through(database, "a"), Loaded)
    assert messages(database) == ["0a", "1a", "2a", "3a"]
    assert "voided" not in happened(database)


def test_a_file_begun_before_pipelines_were_recorded_goes_on_as_json(database: Database) -> None:
    ingest(FILE, worker(database), NO_TIME)
    with database.transaction() as connection:
        connection.execute("UPDATE processed_files SET pipeline = NULL, format = NULL")
    assert isinstance(ingest(FILE, worker(database)), Loaded)
    assert "voided" not in happened(database)


def test_two_configurations_that_void_each_others_work_end_in_a_failure_that_names_both(
    database: Database,
) -> None:
    for name in ("old", "new", "old"):
        assert isinstance(through(database, name, NO_TIME), Continued)
    failed = through(database, "new", NO_TIME)
    assert isinstance(failed, Failed)
    assert failed.kind is ErrorKind.PERMANENT
    assert "old and new" in failed.error
    assert messages(database) == ["0old", "1old"]


def test_a_person_who_retries_it_has_it_loaded_by_one_configuration(database: Database) -> None:
    for name in ("old", "new", "old", "new"):
        through(database, name, NO_TIME)
    with database.transaction() as connection:
        ledger.reopen(connection, record(database).id, accept_rejects=False)
    assert isinstance(through(database, "new"), Loaded)
    assert messages(database) == ["0new", "1new", "2new", "3new"]


def test_a_skipped_file_completes_without_being_read(database: Database) -> None:
    skipping = replace(worker(database), router=Skipping(), source=Unreadable())
    assert isinstance(ingest(FILE, skipping), Loaded)
    found = record(database)
    assert (found.status, found.checkpoint, found.format) == ("COMPLETED", 0, "skip")
    assert found.format_reason == "rule 3 of ingestor.toml: skip"


def test_a_file_that_is_to_be_skipped_by_now_keeps_none_of_its_rows(database: Database) -> None:
    through(database, "a", NO_TIME)
    assert isinstance(ingest(FILE, replace(worker(database), router=Skipping(), source=Unreadable())), Loaded)
    assert messages(database) == []
    assert record(database).rows_loaded == 0


@pytest.mark.parametrize("size", [1, 7, len(CONTENT)])
def test_the_head_is_the_same_however_the_store_cuts_its_answers(database: Database, size: int) -> None:
    router = ByHead([])
    source = replace(Held(CONTENT))
    slow = replace(worker(database), router=router, source=_Piecewise(source, size))
    assert isinstance(ingest(FILE, slow), Loaded)
    assert router.heads == [CONTENT]
    assert messages(database) == ["0", "1", "2", "3"]


def test_a_binary_file_that_a_rule_calls_lines_is_refused_by_name(database: Database) -> None:
    lines = TextFormat("lines", lambda text, _: {"text": text}, FieldMapping({}))
    content = b"PAR1\x15\x04" + bytes(500) + b"PAR1"
    failed = ingest(FILE, worker(database, Pipeline(lines, "lines", "a rule"), content))
    assert isinstance(failed, Failed)
    assert (failed.kind, "this is Parquet" in failed.error) == (ErrorKind.PERMANENT, True)
    assert record(database).checkpoint == 0


def test_an_entry_dropped_in_an_early_chunk_is_counted_in_the_checkpoint(database: Database) -> None:
    dropping = FunctionProcessor("d", lambda entry, _: Drop("even") if entry["msg"] in "02" else None)
    made = bootstrap.worker(database, Held(CONTENT), SETTINGS, processors=[dropping])
    assert isinstance(ingest(FILE, made), Loaded)
    found = record(database)
    assert (found.checkpoint, found.rows_loaded, found.rows_dropped) == (4, 2, 2)
    assert messages(database) == ["1", "3"]


@dataclass(frozen=True)
class _Piecewise:
    source: Held
    size: int

    def open(self, file: SourceFile, /) -> "_Pieces":
        return _Pieces(iter(self.source.open(file).read, b""), self.size)

    def current(self, file: SourceFile, /) -> SourceFile:
        return file


class _Pieces:
    def __init__(self, whole: Iterator[bytes], size: int) -> None:
        content = next(whole)
        self._pieces = (content[at : at + size] for at in range(0, len(content), size))

    def read(self, _size: int, /) -> bytes:
        return next(self._pieces, b"")

    def close(self) -> None:
        with suppress(StopIteration):
            next(self._pieces)
