"""`ingestor reload`: rows out and the file sent again, in one transaction, and never under a worker's hands."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.integration.conftest import CommandLine
from tests.support.dead_letter_steps import dead_letter_count, file_at
from tests.support.ledger_steps import FILE, claimed, completed, events, failed, states
from tests.support.operating import at
from tests.support.sweeping import Place

from ingestor import bootstrap, ledger
from ingestor.database import Database
from ingestor.deadline import UNLIMITED
from ingestor.errors import ErrorKind
from ingestor.ingest import Loaded, Worker, ingest
from ingestor.model.source_file import SourceFile
from ingestor.notifications import continuation_message, parse


@pytest.fixture
def command(place: Place, ingestor: CommandLine) -> CommandLine:
    return at(place, ingestor)


def worker(place: Place) -> Worker:
    return bootstrap.worker(place.tools.database, place.tools.objects, place.tools.settings)


def loaded(place: Place, entries: int = 3, key: str = "app.json.gz") -> SourceFile:
    """An object, loaded by a real worker: one entry is rejected, and one is repaired."""
    lines = [json.dumps({"time": 1795432855268 + number, "msg": "hello"}) for number in range(entries)]
    lines += ["not JSON", '{"time":1795432855268,"msg":"\\u0000"}']
    place.upload(key, "\n".join(lines).encode())
    current = place.tools.objects.current(SourceFile(place.bucket, key))
    assert current is not None
    assert isinstance(ingest(current, worker(place), UNLIMITED), Loaded)
    return current


def rows(database: Database) -> dict[str, int]:
    with database.transaction() as connection:
        return {
            table: connection.execute(query).fetchall()[0][0]
            for table, query in (
                ("logs", "SELECT count(*) FROM logs"),
                ("rejected_entries", "SELECT count(*) FROM rejected_entries"),
                ("raw_originals", "SELECT count(*) FROM raw_originals"),
            )
        }


def test_the_rows_are_taken_out_and_the_message_loads_the_file_again(
    place: Place, command: CommandLine
) -> None:
    loaded(place)
    before = rows(place.tools.database)
    assert before == {"logs": 4, "rejected_entries": 1, "raw_originals": 1}
    done = command("reload", "app.json.gz", "--json")
    assert done.status == 0, done.stderr
    assert (done.json["rows_unloaded"], done.json["sent"]) == (4, True)
    assert rows(place.tools.database) == {"logs": 0, "rejected_entries": 0, "raw_originals": 0}
    assert states(place.tools.database) == {"app.json.gz": "PENDING"}
    [message] = place.sent()
    [file] = parse(json.dumps(message))
    assert isinstance(ingest(file, worker(place), UNLIMITED), Loaded)
    assert rows(place.tools.database) == before
    assert states(place.tools.database) == {"app.json.gz": "COMPLETED"}


def test_other_files_keep_their_rows(place: Place, command: CommandLine) -> None:
    loaded(place, key="a.gz")
    loaded(place, key="b.gz")
    assert "4 rows removed, file queued." in command("reload", "a.gz").stdout
    assert rows(place.tools.database)["logs"] == 4


def test_a_dry_run_changes_nothing(place: Place, command: CommandLine) -> None:
    loaded(place)
    before = rows(place.tools.database), events(place.tools.database)
    assert "4 rows would be removed" in command("reload", "app.json.gz", "--dry-run").stdout
    assert (rows(place.tools.database), events(place.tools.database)) == before
    assert place.sent() == []


def test_a_file_in_a_workers_hands_is_refused(place: Place, command: CommandLine) -> None:
    place.upload("app.json.gz")
    claimed(place.tools.database, file_at(place))
    done = command("reload", "app.json.gz")
    assert (done.status, "a worker is loading it" in done.stderr) == (1, True)
    assert states(place.tools.database) == {"app.json.gz": "PROCESSING"}


def test_a_worker_that_claims_meanwhile_waits_and_then_loads_from_the_first_byte(
    place: Place, new_database: Callable[[], Database]
) -> None:
    """The claim comes between the ledger's reset and the commit: it waits for the rows to be gone."""
    file = loaded(place)
    claims: list[object] = []

    def claim() -> None:
        with new_database().transaction() as connection:
            claims.append(ledger.claim(connection, file, lease_seconds=60, max_attempts=5, skip_newer=True))

    rival = threading.Thread(target=claim)
    with place.tools.database.transaction() as connection:
        file_id = connection.execute("SELECT id FROM processed_files").fetchall()[0][0]
        assert ledger.start_over(connection, file_id) is not None
        rival.start()
        rival.join(0.3)
        assert rival.is_alive(), "the claim must wait"
        connection.execute("DELETE FROM logs WHERE file_id = %s", (file_id,))
    rival.join()
    [won] = claims
    assert isinstance(won, ledger.Claim)
    assert (won.checkpoint, won.rows_loaded) == (0, 0)


def test_twice_at_once_takes_the_rows_out_once_and_loses_none(place: Place, command: CommandLine) -> None:
    loaded(place, entries=2_000)
    before = rows(place.tools.database)
    both = [command.start("reload", "app.json.gz", "--json") for _ in range(2)]
    unloaded = [json.loads(each.communicate(timeout=60)[0])["rows_unloaded"] for each in both]
    assert sorted(unloaded) == [0, before["logs"]]
    [file] = parse(json.dumps(place.sent()[0]))
    assert isinstance(ingest(file, worker(place), UNLIMITED), Loaded)
    assert rows(place.tools.database) == before


def test_an_object_that_is_gone_keeps_its_rows(place: Place, command: CommandLine) -> None:
    loaded(place)
    place.s3.delete_object(Bucket=place.bucket, Key="app.json.gz")
    done = command("reload", "app.json.gz")
    assert done.status == 1
    assert "the object no longer exists, so its 4 rows could not be loaded again" in done.stderr
    assert rows(place.tools.database)["logs"] == 4
    assert states(place.tools.database) == {"app.json.gz": "COMPLETED"}


def test_a_failed_file_is_loaded_from_its_first_byte_and_its_dead_letter_goes(
    place: Place, command: CommandLine
) -> None:
    place.upload("app.json.gz")
    failed(place.tools.database, file_at(place), ErrorKind.PERMANENT)
    place.sqs.send_message(QueueUrl=place.dlq_url, MessageBody=continuation_message(file_at(place)))
    assert command("reload", "app.json.gz", "--json").json["dead_letters_removed"] == 1
    assert dead_letter_count(place) == 0
    assert place.sent_keys() == ["app.json.gz"]


def test_a_bucket_that_is_not_ours_is_refused(place: Place, command: CommandLine) -> None:
    completed(place.tools.database, replace(FILE, bucket="of-somebody-else"))
    done = command("reload", FILE.key)
    assert (done.status, "not in BUCKETS" in done.stderr) == (1, True)


def test_without_a_queue_it_says_how_the_file_is_loaded(place: Place, command: CommandLine) -> None:
    loaded(place)
    done = command("reload", "app.json.gz", QUEUE_URL="")
    assert done.status == 0
    assert "`ingestor run`" in done.stderr
    assert states(place.tools.database) == {"app.json.gz": "PENDING"}


def test_a_local_file_is_unloaded_and_its_command_said(
    place: Place, command: CommandLine, write_log: Callable[[str, list[object]], object]
) -> None:
    write_log("mine.json", [{"time": 1795432855268}])
    assert command("local", "mine.json").status == 0
    done = command("reload", "mine.json")
    assert "Now run: ingestor local" in done.stdout
    assert rows(place.tools.database)["logs"] == 0
    assert command("local", "mine.json").status == 0
    assert rows(place.tools.database)["logs"] == 1
