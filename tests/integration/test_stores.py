"""A file is known by store, bucket and key: the same name elsewhere is another file, and each has one winner."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.ledger_steps import FILE, all_due, claimed, completed, failed, states
from tests.support.recorded import Held

from ingestor import bootstrap, ledger
from ingestor.api import process_local_file
from ingestor.database import Database
from ingestor.errors import ErrorKind
from ingestor.formats.json import JsonFormat
from ingestor.ingest import Failed, Loaded, ingest
from ingestor.model.source_file import LOCAL_BUCKET, SourceFile, Store
from ingestor.routing import Pipeline
from ingestor.settings import Settings

RACES = 60
IN_EACH_STORE = [replace(FILE, store=store) for store in Store]
LINE = b'{"time":1795432855268,"msg":"hello"}\n'


def race(new_database: Callable[[], Database], files: list[SourceFile]) -> list[ledger.ClaimAnswer]:
    """One claimer for each of `files`, all at once, each on a connection of its own."""
    barrier = threading.Barrier(len(files))
    answers: list[ledger.ClaimAnswer] = []

    def run(file: SourceFile, database: Database) -> None:
        with database.transaction() as connection:
            barrier.wait(timeout=30)
            answers.append(ledger.claim(connection, file, lease_seconds=60, max_attempts=5, skip_newer=True))

    threads = [threading.Thread(target=run, args=(file, new_database())) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return answers


@pytest.mark.parametrize("number", range(RACES))
def test_of_three_claimers_in_each_of_two_stores_one_of_each_wins(
    new_database: Callable[[], Database], number: int
) -> None:
    stores = [*Store][number % 4], [*Store][(number + 1) % 4]
    answers = race(new_database, [replace(FILE, store=store) for store in stores * 3])
    winners = [answer for answer in answers if isinstance(answer, ledger.Claim)]
    assert sorted(each.file.store for each in winners) == sorted(stores)
    assert all(each.version == 1 for each in winners)
    losers = [answer for answer in answers if not isinstance(answer, ledger.Claim)]
    assert all(isinstance(each, ledger.HeldByWorker) for each in losers), losers
    assert len(losers) == 4


def test_the_same_bucket_and_key_in_each_store_is_a_file_of_its_own(database: Database) -> None:
    ids = {claimed(database, file).file_id for file in IN_EACH_STORE}
    assert len(ids) == len(Store)
    with database.transaction() as connection:
        found = [ledger.find_file(connection, FILE.bucket, FILE.key, store=store) for store in Store]
    assert [each.store for each in found if each is not None] == [*Store]


@pytest.mark.parametrize("store", Store)
def test_each_lookup_by_name_finds_its_store_alone(database: Database, store: Store) -> None:
    file = replace(FILE, store=store)
    others = [each for each in IN_EACH_STORE if each != file]
    with database.transaction() as connection:
        assert ledger.register(connection, others) == others
        assert ledger.known_files(connection, FILE.bucket, [FILE.key], store=store) == {}
        assert ledger.register(connection, [file, *others]) == [file]
        assert set(ledger.known_files(connection, FILE.bucket, [FILE.key], store=store)) == {FILE.key}
        assert ledger.announce_version(connection, replace(file, etag="e2"), skip_newer=True)
        waiting = connection.execute("SELECT store FROM processed_files WHERE next_etag IS NOT NULL")
        assert waiting.fetchall() == [(store,)]
        due = ledger.due_files(connection, limit=9, bucket=FILE.bucket, prefix="", after=None, store=store)
    assert [each.file.store for each in due] == [store]


def test_the_newest_log_of_a_bucket_is_of_its_store(database: Database) -> None:
    assert FILE.uploaded_at is not None
    completed(database, replace(FILE, store=Store.GS), last_log_at=FILE.uploaded_at)
    with database.transaction() as connection:
        assert ledger.newest_log_time(connection, FILE.bucket, "") is None
        assert ledger.newest_log_time(connection, FILE.bucket, "", store=Store.GS) == FILE.uploaded_at


def test_a_listing_of_a_bucket_is_of_its_store(database: Database) -> None:
    purpose = ledger.Purpose.RECENT
    with database.transaction() as connection:
        begun = ledger.begin_listing(
            connection, "logs", "", purpose, newer_than=FILE.uploaded_at, store=Store.GS
        )
        ledger.move_listing(connection, begun, cursor="a", objects=1, registered=1, is_finished=False)
        assert ledger.read_listing(connection, "logs", "", purpose) is None
        found = ledger.read_listing(connection, "logs", "", purpose, store=Store.GS)
    assert found == replace(begun, cursor="a", objects=1, registered=1)


@pytest.mark.parametrize(
    ("asked", "store"),
    [
        ("s3://logs/a/b.json", Store.S3),
        ("gs://logs/a/b.json", Store.GS),
        ("az://acc/logs/a/b.json", Store.AZ),
    ],
)
def test_a_person_finds_a_file_by_its_uri(database: Database, asked: str, store: Store) -> None:
    names = {Store.S3: "logs", Store.GS: "logs", Store.AZ: "acc/logs", Store.FILE: "file"}
    for each, bucket in names.items():
        claimed(database, SourceFile(bucket, "a/b.json", "e1", store=each))
    with database.transaction() as connection:
        [found] = ledger.matching_files(connection, asked, path="/a/b.json")
    assert (found.store, found.uri) == (store, asked)


def test_an_s3_bucket_called_file_is_sent_again_and_a_local_file_is_not(database: Database) -> None:
    failed(database, SourceFile(LOCAL_BUCKET, "/a", "e1"), ErrorKind.TRANSIENT)
    failed(database, SourceFile(LOCAL_BUCKET, "/b", "e1", store=Store.FILE), ErrorKind.TRANSIENT)
    all_due(database)
    with database.transaction() as connection:
        page = ledger.requeue_due(connection, limit=9, max_attempts=5, buckets={LOCAL_BUCKET})
        assert ledger.read_ledger_gauges(connection).pending == 1
    assert [file.uri for file in page.files] == ["s3://file//a"]


def test_a_local_file_and_an_object_of_the_bucket_called_file_are_loaded_both(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "app.json"
    path.write_bytes(LINE)
    local = process_local_file(path, database=database)
    assert isinstance(local.outcome, Loaded)
    the_same_name = replace(local.file, store=Store.S3)
    assert isinstance(ingest(the_same_name, bootstrap.worker(database, Held(LINE), Settings())), Loaded)
    with database.transaction() as connection:
        stores = connection.execute(
            "SELECT store, count(DISTINCT l.id) FROM processed_files f JOIN logs l ON l.file_id = f.id GROUP BY 1"
        )
        assert sorted(stores.fetchall()) == [("file", 1), ("s3", 1)]


def test_rows_know_their_files_store(database: Database) -> None:
    claim = claimed(database, replace(FILE, store=Store.GS))
    assert Pipeline(JsonFormat(), "json", "").row_origin(claim.file, claim.file_id).store is Store.GS


# As a migration with two unique indexes for a moment, of which ON CONFLICT names one.
_REFUSE_ONCE = """
    CREATE SEQUENCE refusals;
    CREATE FUNCTION refuse_once() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('refusals') <= %s THEN
            RAISE unique_violation USING MESSAGE = 'duplicate key';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER refuse_once BEFORE INSERT ON processed_files FOR EACH ROW EXECUTE FUNCTION refuse_once()
"""


@pytest.mark.parametrize("times", [1, 3])
def test_a_claim_refused_as_a_duplicate_is_asked_for_again(database: Database, times: int) -> None:
    with database.transaction() as connection:
        connection.execute((_REFUSE_ONCE % times).encode())
    assert isinstance(ingest(FILE, bootstrap.worker(database, Held(LINE), Settings())), Loaded)
    assert states(database) == {FILE.key: "COMPLETED"}


def test_a_claim_refused_for_ever_is_given_back_to_the_queue(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute((_REFUSE_ONCE % 1000).encode())
    outcome = ingest(FILE, bootstrap.worker(database, Held(LINE), Settings()))
    assert isinstance(outcome, Failed)
    assert outcome.kind is ErrorKind.TRANSIENT
