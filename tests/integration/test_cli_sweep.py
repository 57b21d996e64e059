"""`ingestor sweep`: a tick on the command line, and one that only says what it would do."""

from datetime import UTC, datetime, timedelta

from tests.integration.conftest import CommandLine
from tests.support.dead_letter_steps import dead_letter_count, file_at
from tests.support.ledger_steps import all_due, failed, states
from tests.support.operating import at, failed_for_good
from tests.support.sweeping import Place


def test_a_tick_sends_what_is_due_and_says_what_it_did(place: Place, ingestor: CommandLine) -> None:
    failed(place.tools.database, file_at(place))
    all_due(place.tools.database)
    report = at(place, ingestor)("sweep", "--json")
    assert report.status == 0, report.stderr
    assert report.json["due"]["sent"] == 1
    assert place.sent_keys() == ["app.json.gz"]
    said = at(place, ingestor)("sweep").stdout
    assert "is complete" in said
    assert "()" not in said
    assert "gave up" not in said


def test_a_dry_run_finds_the_same_and_changes_nothing(place: Place, ingestor: CommandLine) -> None:
    failed(place.tools.database, file_at(place, "due"))
    all_due(place.tools.database)
    failed_for_good(place, "bad")
    place.upload("unknown")
    start = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    report = at(place, ingestor)("sweep", "--dry-run", "--json", START_FROM=start).json
    assert (report["due"]["to_send"], report["dead_letters"]["kept"]) == (1, 1)
    assert report["discovery"]["listed"] == 1
    assert place.sent_keys() == []
    assert dead_letter_count(place) == 1
    assert states(place.tools.database) == {"due": "FAILED", "bad": "FAILED"}


def test_what_is_missing_is_said(place: Place, ingestor: CommandLine) -> None:
    answer = at(place, ingestor)("sweep", BUCKETS="")
    assert (answer.status, "BUCKETS" in answer.stderr) == (2, True)
    answer = at(place, ingestor)("sweep", QUEUE_URL="")
    assert (answer.status, "QUEUE_URL" in answer.stderr) == (2, True)


def test_a_bucket_that_is_not_there_fails_its_step_alone(place: Place, ingestor: CommandLine) -> None:
    failed(place.tools.database, file_at(place))
    all_due(place.tools.database)
    answer = at(place, ingestor)("sweep", "--json", BUCKETS=f"{place.bucket},no-such-bucket-anywhere")
    assert answer.status == 1
    assert answer.json["due"]["sent"] == 1
    assert "no-such-bucket-anywhere" in answer.stderr
