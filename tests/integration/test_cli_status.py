"""`ingestor status`: what needs a person comes first; each state's story says what happens next."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.conftest import CommandLine

from ingestor import ledger
from ingestor.database import Database
from ingestor.errors import ErrorKind
from ingestor.source_file import LOCAL_BUCKET, SourceFile

UPLOADED = datetime.now(UTC) - timedelta(minutes=1)


class Ledger:
    """Brings files into the states that a person may ask about."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, key: str, *, bucket: str = "my-logs", lease: float = 120) -> ledger.Claim:
        file = SourceFile(bucket, key, etag="one", size_bytes=1000, event_time=UPLOADED)
        with self._database.transaction() as connection:
            claim = ledger.claim(connection, file, lease_seconds=lease, max_attempts=5, skip_newer=True)
        assert isinstance(claim, ledger.Claim)
        return claim

    def advance(self, claim: ledger.Claim, rows: int, *, lease: float = 120) -> ledger.Claim:
        progress = ledger.Progress(rows, 0, 100 * rows, UPLOADED, UPLOADED)
        with self._database.transaction() as connection:
            ledger.advance(connection, claim, progress, lease_seconds=lease)
        return ledger.moved(claim, progress)

    def complete(self, claim: ledger.Claim, rows: int, rejected: int = 0) -> None:
        with self._database.transaction() as connection:
            progress = ledger.Progress(rows, rejected, 100 * rows, UPLOADED, UPLOADED)
            ledger.complete(connection, claim, progress, skip_newer=True)

    def release(self, claim: ledger.Claim) -> None:
        with self._database.transaction() as connection:
            ledger.release(connection, claim, progressed=True)

    def fail(self, claim: ledger.Claim, kind: ErrorKind, error: str) -> None:
        with self._database.transaction() as connection:
            ledger.fail(connection, claim, kind, error)


@pytest.fixture
def books(database: Database) -> Ledger:
    return Ledger(database)


def one_file_in_each_state(books: Ledger) -> None:
    books.complete(books.claim("completed.gz"), 7, 2)
    books.release(books.advance(books.claim("released.gz"), 40))
    books.claim("held.gz")
    books.advance(books.claim("expired.gz"), 30, lease=-60)
    books.fail(books.claim("throttled.gz"), ErrorKind.TRANSIENT, "S3 said SlowDown")
    books.fail(books.claim("cut.gz"), ErrorKind.PERMANENT, "truncated: ends early, at byte 31770")
    books.fail(books.claim("/logs/local.gz", bucket=LOCAL_BUCKET), ErrorKind.TRANSIENT, "disk error")


def test_an_empty_ledger_says_how_to_begin(ingestor: CommandLine) -> None:
    done = ingestor("status")
    assert done.status == 0
    assert "ingestor local FILE" in done.stdout


def test_it_leads_with_what_needs_a_person(ingestor: CommandLine, books: Ledger) -> None:
    one_file_in_each_state(books)
    done = ingestor("status")
    lines = done.stdout.splitlines()
    assert done.status == 0
    assert lines[0] == "2 files waiting for a person"
    assert lines[1].strip() == "s3://my-logs/cut.gz"
    assert lines[2].strip() == "why:   truncated: ends early, at byte 31770"
    assert (
        lines[3]
        .strip()
        .startswith("to do: correct the object and upload it again under the same key; or run ")
    )
    assert "`ingestor retry s3://my-logs/cut.gz` once the cause is gone" in lines[3]
    assert "`ingestor ignore s3://my-logs/cut.gz --reason …`" in lines[3]
    assert lines[6].strip() == "to do: run `ingestor local /logs/local.gz`: it goes on at entry 0"


def test_it_counts_by_state_and_tells_throughput_lag_and_failures(
    ingestor: CommandLine, books: Ledger
) -> None:
    one_file_in_each_state(books)
    said = ingestor("status").stdout
    for state in ("COMPLETED", "PENDING", "PROCESSING", "FAILED (transient)", "FAILED (permanent)"):
        assert state in said
    assert "last hour:   1 file, 7 rows" in said
    assert re.search(r"lag, 24 h:   median \d+ min", said)
    assert "Oldest unfinished: s3://my-logs/released.gz" in said
    assert "Newest failures" in said
    assert "rejected: 2 in 1 file" in said


def test_the_overview_in_json_holds_the_same_facts(ingestor: CommandLine, books: Ledger) -> None:
    one_file_in_each_state(books)
    facts = ingestor("status", "--json").json
    assert facts["need_person"] == 2
    assert [each["uri"] for each in facts["needs_person"]] == ["s3://my-logs/cut.gz", "/logs/local.gz"]
    assert facts["needs_person"][0]["to_do"].startswith("correct the object")
    assert {(each["status"], each["error_kind"]): each["files"] for each in facts["states"]} == {
        ("COMPLETED", None): 1,
        ("PENDING", None): 1,
        ("PROCESSING", None): 2,
        ("FAILED", "transient"): 2,
        ("FAILED", "permanent"): 1,
    }
    assert facts["throughput"][0] == {"hours": 1, "files": 1, "rows": 7, "stored_bytes": 1000}
    assert facts["lag"]["files"] == 1
    assert facts["lag"]["median_seconds"] == facts["lag"]["max_seconds"] > 59
    assert facts["oldest_unfinished"]["s3_key"] == "released.gz"
    assert [each["s3_key"] for each in facts["newest_failures"]] == [
        "/logs/local.gz", "cut.gz", "throttled.gz",
    ]  # fmt: skip
    assert (facts["rows_loaded"], facts["rows_rejected"], facts["files_with_rejects"]) == (77, 2, 1)


def test_nothing_needs_a_person_when_all_goes_by_itself(ingestor: CommandLine, books: Ledger) -> None:
    books.complete(books.claim("completed.gz"), 7)
    books.claim("held.gz")
    assert ingestor("status").stdout.startswith("Nothing needs you.")


@pytest.mark.parametrize(
    ("key", "status", "next_step"),
    [
        ("completed.gz", "COMPLETED", "nothing: it is loaded"),
        (
            "released.gz",
            "PENDING",
            "its message goes on at entry 40; should that be lost, the sweeper sends it again in 1",
        ),
        ("held.gz", "PROCESSING", "a worker loads it; its claim holds for "),
        ("expired.gz", "PROCESSING", "its worker died or froze (its claim ended 1 min"),
        ("throttled.gz", "FAILED", "it is tried again by itself at entry 0; it is due in"),
        ("cut.gz", "FAILED", "nothing by itself: correct the object and upload it again"),
        ("local.gz", "FAILED", "nothing by itself: `ingestor local /logs/local.gz` goes on at entry 0"),
    ],
)
def test_each_state_says_what_happens_next(
    ingestor: CommandLine, books: Ledger, key: str, status: str, next_step: str
) -> None:
    one_file_in_each_state(books)
    facts = ingestor("status", key, "--json").json
    assert facts["status"] == status
    assert facts["next"].startswith(next_step)
    assert facts["events"][0]["event"] == "claimed"


def test_a_story_tells_state_error_and_events_in_order(ingestor: CommandLine, books: Ledger) -> None:
    claim = books.advance(books.claim("cut.gz"), 30)
    books.fail(books.advance(claim, 12), ErrorKind.PERMANENT, "truncated: ends early")
    done = ingestor("status", "s3://my-logs/cut.gz")
    said = " ".join(done.stdout.split())
    assert done.status == 0
    assert said.startswith("s3://my-logs/cut.gz state: FAILED (permanent) next: nothing by itself")
    assert "last error: truncated: ends early" in said
    assert "checkpoint: entry 42, at byte 1,200 uncompressed" in said
    assert said.index("claimed") < said.index("checkpoint (2 times) 1 42") < said.index("failed 1")


def test_a_failing_file_says_since_when_and_the_overview_shows_the_longest(
    ingestor: CommandLine, books: Ledger
) -> None:
    books.fail(books.claim("first.gz"), ErrorKind.TRANSIENT, "access denied")
    books.fail(books.claim("second.gz"), ErrorKind.TRANSIENT, "S3 said SlowDown")
    books.fail(books.claim("for-good.gz"), ErrorKind.PERMANENT, "no such key")
    story = ingestor("status", "first.gz").stdout
    assert "failing since:" in story
    assert "where:         in the ledger, to be tried again" in story
    assert "Failing longest: s3://my-logs/first.gz" in ingestor("status").stdout
    assert ingestor("status", "--json").json["longest_failing"]["s3_key"] == "first.gz"


def test_too_many_rejects_can_be_accepted(ingestor: CommandLine, books: Ledger) -> None:
    error = "s3://my-logs/odd.gz: 9 of 10 entries rejected, more than MAX_REJECT_RATIO=0.5"
    books.fail(books.claim("odd.gz"), ErrorKind.PERMANENT, error)
    told = ingestor("status", "odd.gz", "--json").json
    assert "`ingestor retry s3://my-logs/odd.gz --accept-rejects`" in told["next"]
    assert told["where"].startswith("waiting for a person")


def test_a_story_shows_the_first_rejected_entries(
    ingestor: CommandLine, write_log: Callable[[str, list[object]], Path]
) -> None:
    entries: list[object] = [{"time": 1795432855268 + n} for n in range(10)]
    write_log("app.json", [*entries, *(f"bad {n}" for n in range(7))])
    ingestor("local", "app.json")
    done = ingestor("status", "app.json")
    assert '"bad 0"' in done.stdout
    assert '"bad 4"' in done.stdout
    assert '"bad 5"' not in done.stdout
    assert "and 2 more in the table rejected_entries" in done.stdout
    first = ingestor("status", "app.json", "--json").json["first_rejected"][0]
    assert (first["ordinal"], first["raw"].strip()) == (10, '"bad 0"')
    assert first["error"]


def test_a_key_is_found_in_full_by_its_path_or_by_a_unique_end(
    ingestor: CommandLine, books: Ledger, write_log: Callable[[str, list[object]], Path]
) -> None:
    books.complete(books.claim("2026/11/app.gz"), 1)
    path = write_log("mine.json", [{"time": 1}])
    ingestor("local", "mine.json")
    (ingestor.folder / "link.json").symlink_to(path)
    for asked, uri in (
        ("s3://my-logs/2026/11/app.gz", "s3://my-logs/2026/11/app.gz"),
        ("2026/11/app.gz", "s3://my-logs/2026/11/app.gz"),
        ("app.gz", "s3://my-logs/2026/11/app.gz"),
        ("mine.json", str(path)),
        ("./link.json", str(path)),
        (str(path), str(path)),
    ):
        assert ingestor("status", asked, "--json").json["uri"] == uri


def test_an_exact_key_goes_before_keys_that_end_so(ingestor: CommandLine, books: Ledger) -> None:
    books.complete(books.claim("app.gz"), 1)
    books.complete(books.claim("old-app.gz"), 2)
    assert ingestor("status", "app.gz", "--json").json["s3_key"] == "app.gz"


def test_several_matches_are_listed_and_none_is_said_clearly(ingestor: CommandLine, books: Ledger) -> None:
    books.complete(books.claim("a/app.gz"), 1)
    books.complete(books.claim("b/app.gz"), 2)
    several = ingestor("status", "app.gz")
    assert several.status == 1
    assert "2 files match" in several.stderr
    assert "s3://my-logs/a/app.gz" in several.stdout
    assert "s3://my-logs/b/app.gz" in several.stdout
    listed = ingestor("status", "app.gz", "--json")
    assert [each["s3_key"] for each in listed.json["matches"]] == ["a/app.gz", "b/app.gz"]
    none = ingestor("status", "50%_off\\", "--json")
    assert (none.status, none.json) == (1, {"matches": []})
    assert "the ledger knows no such file" in none.stderr


def test_other_peoples_text_is_shown_not_obeyed(ingestor: CommandLine, books: Ledger) -> None:
    books.fail(
        books.claim("evil\x1b]0;title\x07[red]\n.gz"), ErrorKind.PERMANENT, "bad \x1b[2J[link=x] \u202e"
    )
    for said in (ingestor("status").stdout, ingestor("status", ".gz", FORCE_COLOR="1").stdout):
        assert "\x1b]0;" not in said
        assert "\x1b[2J" not in said
        assert "\u202e" not in said
        assert r"evil\x1b]0;title\x07[red]\n.gz" in said
        assert "[link=x]" in said


def test_there_are_no_colours_off_a_terminal_nor_with_no_color(ingestor: CommandLine, books: Ledger) -> None:
    one_file_in_each_state(books)
    assert "\x1b[" not in ingestor("status").stdout
    assert "\x1b[31m" not in ingestor("status", FORCE_COLOR="1", NO_COLOR="1").stdout
