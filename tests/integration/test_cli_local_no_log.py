"""What `ingestor local` says of a file that is no log, or of which too little is one."""

import gzip
import io
import tarfile

from tests.integration.conftest import CommandLine
from tests.support.connections import Connect
from tests.support.records import NO_TIME

TIMELESS = b'{"level":30,"password":"hunter2","\\u202e\xc2\x9b":1}\n' * 3


def rejected(connect: Connect) -> int:
    row = connect().execute("SELECT count(*) FROM rejected_entries").fetchone()
    assert row is not None
    return int(row[0])


def test_too_many_rejects_fail_with_the_first_reason_and_with_nothing_that_the_entry_says(
    ingestor: CommandLine, connect: Connect
) -> None:
    (ingestor.folder / "odd.json").write_bytes(TIMELESS)
    done = ingestor("local", "odd.json", "--json")
    error = done.json["error"]
    assert (done.status, done.json["state"], rejected(connect)) == (1, "failed", 3)
    assert error.endswith("all reasons are in rejected_entries")
    assert f"odd.json: {NO_TIME}: 3 of 3 entries rejected (first: entry 0," in error
    assert r' {"level":…,"password":…,"\u202e\x9b":…})' in error
    assert "MAX_REJECT_RATIO=0.5" in error
    assert "hunter2" not in done.stdout + done.stderr
    assert ingestor("status", "odd.json", "--json").json["error"] == error


def test_the_first_rejected_entry_is_named_whatever_came_before_and_after_it(ingestor: CommandLine) -> None:
    lines = [b'{"time":1795432855268}'] * 2 + [b'oops "hunter2"', b'{"time":"hunter3"}', b"[]", b"1"]
    (ingestor.folder / "odd.json").write_bytes(b"\n".join(lines))
    error = ingestor("local", "odd.json", "--json", CHUNK_ROWS="1").json["error"]
    assert 'not valid JSON: 4 of 6 entries rejected (first: entry 2, xxxx "xxxxxx0")' in error


def test_what_is_no_log_fails_without_an_entry_and_says_what_it_is(
    ingestor: CommandLine, connect: Connect
) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("app.json"))
    (ingestor.folder / "logs.json.gz").write_bytes(packed.getvalue())
    (ingestor.folder / "logs.parquet").write_bytes(b"PAR1\x15\x04" + bytes(500) + b"PAR1")
    done = ingestor("local", "logs.json.gz", "logs.parquet")
    assert done.status == 1
    assert "this is a tar archive, no log in a known format" in done.stderr
    assert "this is Parquet, no log in a known format" in done.stderr
    assert rejected(connect) == 0


def test_what_was_gzipped_twice_is_loaded(ingestor: CommandLine) -> None:
    text = b"".join(b'{"time":%d}\n' % (1795432855268 + n) for n in range(500))
    (ingestor.folder / "twice.gz").write_bytes(gzip.compress(gzip.compress(text)))
    done = ingestor("local", "twice.gz", "--json", CHUNK_ROWS="7")
    assert (done.status, done.json["rows"], done.json["rejected"]) == (0, 500, 0)


def test_where_the_details_are_is_said_once(ingestor: CommandLine) -> None:
    (ingestor.folder / "odd.json").write_bytes(TIMELESS)
    (ingestor.folder / "some.json").write_bytes(b'{"time":1795432855268}\n' * 5 + TIMELESS[:50])
    done = ingestor("local", "odd.json", "some.json")
    said = done.stdout + done.stderr
    assert said.count("details: `ingestor status odd.json`") == 1
    assert said.count("why entries were rejected: `ingestor status some.json`") == 1
    assert "story" not in said
