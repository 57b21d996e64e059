"""`ingestor status`: what needs a person comes first; each state's story says what happens next."""

import re
from typing import Any

import pytest
from tests.integration.conftest import CommandLine
from tests.support.books import Ledger, one_file_in_each_state


def test_an_empty_ledger_says_how_to_begin(ingestor: CommandLine) -> None:
    done = ingestor("status")
    assert done.status == 0
    assert "ingestor local FILE" in done.stdout


@pytest.mark.parametrize(
    ("variables", "command"),
    [
        ({"BUCKETS": "my-logs"}, "ingestor run --bucket my-logs"),
        ({"BUCKETS": "my-logs", "QUEUE_URL": "https://sqs/1/q"}, "ingestor backfill --bucket my-logs"),
    ],
)
def test_an_empty_ledger_suggests_what_loads_from_there(
    ingestor: CommandLine, variables: dict[str, Any], command: str
) -> None:
    assert f"Begin with `{command}`." in ingestor("status", **variables).stdout


def test_a_failing_file_is_in_one_section_a_uri_has_its_own_line_and_no_line_is_padded(
    ingestor: CommandLine, books: Ledger
) -> None:
    one_file_in_each_state(books)
    said = ingestor("status").stdout
    assert [line for line in said.splitlines() if line != line.rstrip()] == []
    assert said.count("s3://my-logs/cut.gz\n") == 1
    assert said.count("truncated: ends early") == 1
    assert said.count("s3://my-logs/throttled.gz\n") == 1


def test_what_is_loaded_again_on_demand_is_no_lag(ingestor: CommandLine, books: Ledger) -> None:
    books.complete(books.claim("once.gz"), 7)
    books.complete(books.claim("again.gz"), 7)
    books.start_over("again.gz")
    books.complete(books.claim("again.gz"), 7)
    assert ingestor("status", "--json").json["lag"]["files"] == 1


def test_it_leads_with_what_needs_a_person(ingestor: CommandLine, books: Ledger) -> None:
    one_file_in_each_state(books)
    done = ingestor("status")
    lines = done.stdout.splitlines()
    assert done.status == 0
    assert lines[0] == "2 files need attention"
    assert lines[1].strip() == "s3://my-logs/cut.gz"
    assert lines[2].strip() == "why:   truncated: ends early, at byte 31770"
    assert lines[3].strip().startswith("to do: fix the object and upload it again under the same key; or ")
    assert "remove the cause and run `ingestor retry s3://my-logs/cut.gz`" in lines[3]
    assert "`ingestor ignore s3://my-logs/cut.gz --reason …`" in lines[3]
    assert lines[6].strip() == "to do: run `ingestor local /logs/local.gz` to continue at entry 0"


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
    assert "Failing longest: s3://my-logs/throttled.gz" in said
    assert "rejected: 2 in 1 file" in said


def test_the_overview_in_json_holds_the_same_facts(ingestor: CommandLine, books: Ledger) -> None:
    one_file_in_each_state(books)
    facts = ingestor("status", "--json").json
    assert facts["need_person"] == 2
    assert [each["uri"] for each in facts["needs_person"]] == ["s3://my-logs/cut.gz", "/logs/local.gz"]
    assert facts["needs_person"][0]["to_do"].startswith("fix the object")
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
    assert ingestor("status").stdout.startswith("Nothing needs attention.")


@pytest.mark.parametrize(
    ("key", "next_step"),
    [
        (
            "released.gz",
            "no sweep and no run looked at its bucket in the last 2 h: run `ingestor run --bucket my",
        ),
        ("expired.gz", "its worker died or froze (its claim ended 1 min"),
        (
            "throttled.gz",
            "no sweep and no run looked at its bucket in the last 2 h: run `ingestor run --bucket my",
        ),
    ],
)
def test_where_nothing_looks_at_the_bucket_nothing_is_promised(
    ingestor: CommandLine, books: Ledger, key: str, next_step: str
) -> None:
    one_file_in_each_state(books)
    facts = ingestor("status", key, "--json").json
    assert facts["next"].startswith(next_step)
    assert "sweeper" not in facts["next"]
    assert "automatically" not in facts["next"]


@pytest.mark.parametrize(
    ("key", "status", "next_step"),
    [
        ("completed.gz", "COMPLETED", "nothing: it is loaded"),
        (
            "released.gz",
            "PENDING",
            "waits for a worker, to continue at entry 40; sent again in 1",
        ),
        ("held.gz", "PROCESSING", "a worker is loading it; its claim expires in "),
        ("expired.gz", "PROCESSING", "its worker died or froze (its claim ended 1 min"),
        ("throttled.gz", "FAILED", "retried automatically from entry 0; due in"),
        ("cut.gz", "FAILED", "needs attention: fix the object and upload it again"),
        ("local.gz", "FAILED", "needs attention: run `ingestor local /logs/local.gz` to continue at entry 0"),
    ],
)
def test_each_state_says_what_happens_next(
    ingestor: CommandLine, books: Ledger, key: str, status: str, next_step: str
) -> None:
    one_file_in_each_state(books)
    books.watch("my-logs")
    facts = ingestor("status", key, "--json").json
    assert facts["status"] == status
    assert facts["next"].startswith(next_step)
    assert facts["events"][0]["event"] == "claimed"
