"""`ingestor ignore`: a permanent failure settled, its dead letter gone, nobody asked any more."""

import pytest
from tests.integration.conftest import CommandLine
from tests.support.dead_letter_steps import dead_letter_count, file_at
from tests.support.ledger_steps import claimed, completed, events, failed, states
from tests.support.operating import at, failed_for_good, file_record
from tests.support.sweeping import Place


@pytest.fixture
def command(place: Place, ingestor: CommandLine) -> CommandLine:
    return at(place, ingestor)


def test_the_failure_is_settled_and_its_dead_letter_gone(place: Place, command: CommandLine) -> None:
    failed_for_good(place, "test.txt", "other.gz")
    done = command("ignore", "test.txt", "--reason", "not a log file", "--json")
    assert done.status == 0, done.stderr
    assert done.json == {
        "uri": f"s3://{place.bucket}/test.txt", "dry_run": False, "dead_letters_removed": 1,
    }  # fmt: skip
    assert file_record(place, "test.txt").ignored_reason == "not a log file"
    assert states(place.tools.database) == {"test.txt": "FAILED", "other.gz": "FAILED"}
    assert dead_letter_count(place) == 1, "the other file's"
    assert place.sent() == []


def test_status_asks_nobody_about_it_and_tells_the_reason(place: Place, command: CommandLine) -> None:
    failed_for_good(place, "test.txt")
    assert command("status", "--json").json["need_person"] == 1
    command("ignore", "test.txt", "--reason", "not a log file")
    overview = command("status").stdout
    assert overview.startswith("Nothing needs attention.")
    assert "ignored: 1 failed file" in overview
    story = command("status", "test.txt").stdout
    assert "FAILED (permanent, ignored)" in story
    assert "not a log file" in story
    assert f"`ingestor retry s3://{place.bucket}/test.txt` reopens it" in story


def test_retry_takes_an_ignored_file_up_again(place: Place, command: CommandLine) -> None:
    failed_for_good(place, "test.txt")
    command("ignore", "test.txt", "--reason", "a mistake")
    assert command("retry", "test.txt").status == 0
    assert (file_record(place, "test.txt").status, file_record(place, "test.txt").ignored_at) == (
        "PENDING",
        None,
    )


def test_a_dry_run_changes_nothing(place: Place, command: CommandLine) -> None:
    failed_for_good(place, "test.txt")
    before = events(place.tools.database)
    done = command("ignore", "test.txt", "--reason", "x", "--dry-run")
    assert (done.status, "would be ignored" in done.stdout) == (0, True)
    assert (events(place.tools.database), dead_letter_count(place)) == (before, 1)


@pytest.mark.parametrize(
    ("bring_about", "said"),
    [(completed, "is COMPLETED"), (claimed, "is PROCESSING"), (failed, "its failure is transient")],
)
def test_only_a_permanent_failure_can_be_ignored(
    place: Place, command: CommandLine, bring_about: object, said: str
) -> None:
    assert callable(bring_about)
    bring_about(place.tools.database, file_at(place))
    done = command("ignore", "app.json.gz", "--reason", "x")
    assert (done.status, said in done.stderr) == (1, True)
    assert file_record(place).ignored_at is None


@pytest.mark.parametrize("arguments", [("app.json.gz",), ("app.json.gz", "--reason", " "), ()])
def test_a_key_and_a_reason_are_asked_for(command: CommandLine, arguments: tuple[str, ...]) -> None:
    assert command("ignore", *arguments).status == 2


def test_without_the_dead_letters_url_that_is_said(place: Place, command: CommandLine) -> None:
    failed_for_good(place)
    done = command("ignore", "app.json.gz", "--reason", "x", DLQ_URL="")
    assert done.status == 0
    assert "DLQ_URL is not set" in done.stderr
