"""Files loaded by the rules of an ingestor.toml: by commands, and by loading processes."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.conftest import CommandLine
from tests.integration.test_cli_local import WriteLog
from tests.support.configured import router_of
from tests.support.operating import at
from tests.support.recorded import Held
from tests.support.sweeping import Place

from ingestor import bootstrap
from ingestor.database import Database
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.ingest import Continued, Loaded, ingest
from ingestor.ledger import find_file
from ingestor.model.source_file import SourceFile
from ingestor.settings import Settings

ENTRIES: list[object] = [{"time": 1795432855268, "msg": "with a time"}, {"msg": "without"}]
RULES = """
[[rule]]
key = "*/tmp-*"
skip = true

[[rule]]
key = "*/app*"
time_fallback = "object"
"""


def facts(command: CommandLine, key: str) -> tuple[object, ...]:
    file = command("status", key, "--json").json
    return file["rows_loaded"], file["rows_rejected"], file["format"], file["format_reason"]


def test_a_local_file_is_loaded_as_its_rule_says(
    ingestor: CommandLine, write_log: WriteLog, tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_text(RULES)
    for name in ("tmp-1.json", "app.json", "other.json"):
        write_log(name, ENTRIES)
        assert ingestor("local", name, INGESTOR_CONFIG=str(tmp_path / "mine.toml")).status in {0, 1}
    assert facts(ingestor, "tmp-1.json") == (0, 0, "skip", "the rule at line 2 of mine.toml")
    said = " ".join(ingestor("status", "tmp-1.json").stdout.split())
    assert "format: skip (the rule at line 2 of mine.toml) pipeline: skip" in said
    assert "next: nothing: a rule skips it" in said
    assert "where: not read" in said
    assert facts(ingestor, "app.json")[:3] == (2, 0, "json")
    assert facts(ingestor, "other.json")[:3] == (1, 1, "json")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_run_loads_as_the_rules_say(
    ingestor: CommandLine, place: Place, tmp_path: Path, workers: str
) -> None:
    (tmp_path / "mine.toml").write_text(RULES)
    command = at(place, ingestor).using({"INGESTOR_CONFIG": str(tmp_path / "mine.toml")})
    place.upload("a/tmp-1.json", b"not even a log")
    place.upload("a/app.json", b'{"time":1795432855268,"msg":"a"}\n{"msg":"b"}\n')
    done = command("run", "--bucket", place.bucket, "--workers", workers, "--json")
    assert (done.status, done.json["loaded"], done.json["rows"]) == (0, 2, 2), done.stderr


@pytest.mark.parametrize(
    "arguments", [["local", "app.json"], ["run", "--bucket", "b"], ["run", "--bucket", "b", "--workers", "2"]]
)
def test_a_command_that_loads_refuses_a_wrong_file_before_anything_else(
    tmp_path: Path, arguments: list[str]
) -> None:
    (tmp_path / "app.json").write_text("{}")
    (tmp_path / "ingestor.toml").write_text('[[rule]]\nformt = "json"\nkey = 1\n')
    done = CommandLine(tmp_path, {})(*arguments)
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "ingestor: ingestor.toml is wrong:",
        "  line 2, [[rule]]: `formt` is not an option; did you mean `format`?",
        "  line 3, [[rule]]: `key` must be a string or an array of strings, not an integer",
    ]
    assert not (tmp_path / ".ingestor").exists()


def test_how_old_an_object_was_when_the_ledger_first_knew_of_it_is_the_same_on_a_second_try(
    database: Database,
) -> None:
    with database.transaction() as connection:
        (now,) = connection.execute("SELECT clock_timestamp()").fetchone() or (None,)
    content = b"".join(b'{"time":1795432855268,"n":%d}\n' % number for number in range(4))
    file = SourceFile("bucket", "key", etag="e", uploaded_at=now - timedelta(hours=2, minutes=59))
    rules = '[[rule]]\nolder_than = "3h"\nskip = true'
    worker = bootstrap.worker(database, Held(content), Settings(chunk_rows=2), routes=router_of(rules))
    assert isinstance(ingest(file, worker, Deadline(lambda: 0)), Continued)
    later = replace(worker, router=router_of(rules))
    with database.transaction() as connection:
        # As if the second try came two minutes after: by its clock, the object is too old by now.
        connection.execute(
            "UPDATE processed_files SET created_at = created_at - interval '2 minutes', "
            "event_time = event_time - interval '2 minutes'"
        )
    loaded = ingest(file, later, UNLIMITED)
    assert isinstance(loaded, Loaded)
    assert loaded.rows_loaded == 4

    older = replace(file, key="older", uploaded_at=now - timedelta(hours=3, minutes=1))
    assert isinstance(ingest(older, worker, UNLIMITED), Loaded)
    with database.transaction() as connection:
        record = find_file(connection, "bucket", "older", store=older.store)
    assert record is not None
    assert (record.rows_loaded, record.format) == (0, "skip")


def test_a_run_does_to_loaded_objects_what_the_rules_say(
    ingestor: CommandLine, place: Place, tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_text('[[rule]]\nkey = "done/*"\nafter = "delete"\n')
    command = at(place, ingestor).using({"INGESTOR_CONFIG": str(tmp_path / "mine.toml")})
    for key in ("done/a.json", "kept/b.json"):
        place.upload(key)
    place.upload("done/rejected.json", b'{"msg":"no time"}\n' + b'{"time":1795432855268}\n' * 3)
    assert command("run", "--bucket", place.bucket).status == 0
    left = [each["Key"] for each in place.s3.list_objects_v2(Bucket=place.bucket)["Contents"]]
    assert left == ["done/rejected.json", "kept/b.json"]
    refused = command("reload", f"s3://{place.bucket}/done/a.json")
    assert (refused.status, "no longer exists" in refused.stderr) == (1, True)
