"""`ingestor redrive`: the dead letters gone through now; what stays is told, with its reason."""

import pytest
from tests.integration.conftest import CommandLine
from tests.support.dead_letter_steps import dead_letter_count, file_at
from tests.support.ledger_steps import states
from tests.support.operating import at, failed_for_good
from tests.support.sweeping import Place

from ingestor.notifications import continuation_message


@pytest.fixture
def command(place: Place, ingestor: CommandLine) -> CommandLine:
    return at(place, ingestor)


@pytest.fixture
def three_letters(place: Place) -> None:
    """One for a person, one that can't be understood, one of an unknown object."""
    failed_for_good(place, "bad.gz")
    for body in ("not JSON", continuation_message(file_at(place, "new.gz"))):
        place.sqs.send_message(QueueUrl=place.dlq_url, MessageBody=body)


@pytest.mark.usefixtures("three_letters")
def test_it_tells_what_was_settled_what_stays_and_why(place: Place, command: CommandLine) -> None:
    done = command("redrive")
    assert done.status == 0, done.stderr
    assert "3 dead letters: 1 settled, 2 kept; 1 file new to the ledger." in done.stdout
    assert f"failed permanently: s3://{place.bucket}/bad.gz" in done.stdout
    assert "not JSON" in done.stdout
    assert states(place.tools.database) == {"bad.gz": "FAILED", "new.gz": "PENDING"}
    assert dead_letter_count(place) == 2
    assert place.sent() == []


@pytest.mark.usefixtures("three_letters")
def test_the_same_for_programs(place: Place, command: CommandLine) -> None:
    facts = command("redrive", "--json").json
    assert (facts["seen"], facts["settled"], facts["kept"], facts["registered"]) == (3, 1, 2, 1)
    assert facts["dry_run"] is False
    [settled] = [letter for letter in facts["letters"] if letter["why"] is None]
    assert settled["files"] == [f"s3://{place.bucket}/new.gz"]


@pytest.mark.usefixtures("three_letters")
def test_a_dry_run_changes_nothing_and_says_the_same(place: Place, command: CommandLine) -> None:
    facts = command("redrive", "--json", "--dry-run").json
    assert (facts["seen"], facts["settled"], facts["kept"], facts["registered"]) == (3, 1, 2, 1)
    assert states(place.tools.database) == {"bad.gz": "FAILED"}
    assert dead_letter_count(place) == 3
    assert "would be settled" in command("redrive", "--dry-run").stdout


def test_no_dead_letters_is_said(command: CommandLine) -> None:
    assert command("redrive").stdout.startswith("0 dead letters: 0 settled, 0 kept")


@pytest.mark.parametrize("name", ["DLQ_URL", "BUCKETS"])
def test_what_is_not_set_is_named(command: CommandLine, name: str) -> None:
    done = command.using({name: ""})("redrive")
    assert done.status == 2
    assert f"not set: {name}" in done.stderr


def test_a_queue_that_is_not_there_is_a_clear_error(place: Place, command: CommandLine) -> None:
    done = command("redrive", DLQ_URL=place.dlq_url + "-gone")
    assert done.status == 1
    assert f"{place.dlq_url}-gone: could not receive" in done.stderr
    assert "Traceback" not in done.stderr
