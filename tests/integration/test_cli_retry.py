"""`ingestor retry`: reopened, sent once, and its dead letter gone."""

from dataclasses import replace

import pytest
from tests.integration.conftest import CommandLine
from tests.support.dead_letter_steps import dead_letter_count, file_at
from tests.support.ledger_steps import FILE, claimed, completed, events, failed, states
from tests.support.operating import at, failed_for_good, file_record
from tests.support.sweeping import Place

from ingestor.errors import ErrorKind
from ingestor.model.source_file import LOCAL_BUCKET, SourceFile, Store


@pytest.fixture
def command(place: Place, ingestor: CommandLine) -> CommandLine:
    return at(place, ingestor)


def test_a_failed_file_is_reopened_and_sent_and_its_dead_letter_removed(
    place: Place, command: CommandLine
) -> None:
    failed_for_good(place, "app.json.gz", "other.json.gz")
    done = command("retry", f"s3://{place.bucket}/app.json.gz", "--json")
    assert done.status == 0, done.stderr
    assert done.json == {
        "dry_run": False,
        "reopened": [f"s3://{place.bucket}/app.json.gz"],
        "sent": True,
        "dead_letters_removed": 1,
        "left_out": [],
    }
    assert states(place.tools.database) == {"app.json.gz": "PENDING", "other.json.gz": "FAILED"}
    assert place.sent_keys() == ["app.json.gz"]
    assert dead_letter_count(place) == 1, "the other file's"
    assert file_record(place).attempts == file_record(place).failures == 0


def test_a_unique_end_names_a_file_and_people_are_told(place: Place, command: CommandLine) -> None:
    failed_for_good(place, "2026/11/app.json.gz")
    done = command("retry", "app.json.gz")
    assert done.status == 0
    assert "S3 said no" in done.stdout
    assert "1 file reopened and queued; 1 dead letter removed." in done.stdout


def test_failed_takes_every_failed_file_and_none_that_was_ignored(place: Place, command: CommandLine) -> None:
    failed_for_good(place, "a", "b", "left-alone")
    failed(place.tools.database, file_at(place, "transient"))
    completed(place.tools.database, file_at(place, "done"))
    assert command("ignore", "left-alone", "--reason", "a test").status == 0
    done = command("retry", "--failed", "--json")
    assert [uri.rsplit("/", 1)[1] for uri in done.json["reopened"]] == ["a", "b", "transient"]
    assert sorted(place.sent_keys()) == ["a", "b", "transient"]
    assert dead_letter_count(place) == 0


def test_more_than_a_page_is_retried_page_by_page(place: Place, command: CommandLine) -> None:
    for number in range(205):
        failed(place.tools.database, file_at(place, f"{number:03}"))
    assert len(command("retry", "--failed", "--json").json["reopened"]) == 205
    assert len(set(place.sent_keys())) == 205


def test_matching_looks_in_keys_and_errors(place: Place, command: CommandLine) -> None:
    failed_for_good(place, "api/1", "web/1")
    assert len(command("retry", "--matching", "API", "--json", "--dry-run").json["reopened"]) == 1
    assert len(command("retry", "--matching", "s3 SAID", "--json", "--dry-run").json["reopened"]) == 2
    none = command("retry", "--matching", "nothing like it")
    assert (none.status, none.stdout) == (0, "Nothing to retry.\n")


def test_a_dry_run_changes_nothing(place: Place, command: CommandLine) -> None:
    failed_for_good(place)
    before = events(place.tools.database)
    done = command("retry", "app.json.gz", "--dry-run")
    assert "1 file would be reopened; nothing was changed." in done.stdout
    assert (events(place.tools.database), place.sent(), dead_letter_count(place)) == (before, [], 1)


def test_rejects_are_accepted_where_asked(place: Place, command: CommandLine) -> None:
    failed_for_good(place)
    assert command("retry", "app.json.gz", "--accept-rejects").status == 0
    assert claimed(place.tools.database, file_at(place)).accept_rejects


def test_twice_at_once_sends_once(place: Place, command: CommandLine) -> None:
    failed_for_good(place, *(f"{number:02}" for number in range(30)))
    both = [command.start("retry", "--failed", "--json") for _ in range(2)]
    for each in both:
        each.communicate(timeout=60)
    assert sorted(place.sent_keys()) == [f"{number:02}" for number in range(30)]
    assert events(place.tools.database).count("reopened") == 30


@pytest.mark.parametrize(
    ("bring_about", "said"), [(completed, "`ingestor reload`"), (claimed, "a worker is loading it")]
)
def test_only_what_failed_is_retried(
    place: Place, command: CommandLine, bring_about: object, said: str
) -> None:
    assert callable(bring_about)
    bring_about(place.tools.database, file_at(place))
    done = command("retry", "app.json.gz")
    assert done.status == 1
    assert said in done.stderr
    assert place.sent() == []


def test_a_bucket_that_is_not_ours_is_refused(place: Place, command: CommandLine) -> None:
    failed(place.tools.database, replace(FILE, bucket="of-somebody-else"))
    done = command("retry", "app.json.gz")
    assert done.status == 1
    assert "bucket 'of-somebody-else' is not in BUCKETS" in done.stderr
    assert states(place.tools.database) == {FILE.key: "FAILED"}


def test_without_queues_the_file_waits_in_the_ledger_and_that_is_said(
    place: Place, command: CommandLine
) -> None:
    failed_for_good(place)
    done = command("retry", "app.json.gz", QUEUE_URL="", DLQ_URL="")
    assert done.status == 0
    assert "QUEUE_URL is not set" in done.stderr
    assert "`ingestor run`" in done.stderr
    assert "DLQ_URL is not set" in done.stderr
    assert states(place.tools.database) == {"app.json.gz": "PENDING"}


def test_a_queue_that_is_not_there_is_an_error_that_says_nothing_is_lost(
    place: Place, command: CommandLine
) -> None:
    failed_for_good(place)
    done = command("retry", "app.json.gz", QUEUE_URL=place.queue_url + "-gone")
    assert done.status == 1
    assert "could not send" in done.stderr
    assert "the sweeper queues them within 15 minutes" in done.stderr
    assert "Traceback" not in done.stderr
    assert states(place.tools.database) == {"app.json.gz": "PENDING"}


def test_a_local_file_is_reopened_and_its_command_said(place: Place, command: CommandLine) -> None:
    failed(
        place.tools.database,
        SourceFile(LOCAL_BUCKET, "/logs/a b.json", "e1", store=Store.FILE),
        ErrorKind.PERMANENT,
    )
    done = command("retry", "/logs/a b.json")
    assert done.status == 0
    assert "Now run: ingestor local '/logs/a b.json'" in done.stdout
    assert place.sent() == []


def test_local_files_are_named_in_one_command(place: Place, command: CommandLine) -> None:
    for key in ("/logs/a b.json", "/logs/c.json", "stdin:sha256:1", "stdin:sha256:2"):
        failed(
            place.tools.database, SourceFile(LOCAL_BUCKET, key, "e1", store=Store.FILE), ErrorKind.PERMANENT
        )
    done = command("retry", "--failed")
    assert [line for line in done.stdout.splitlines() if line.startswith("Now run:")] == [
        "Now run: ingestor local '/logs/a b.json' /logs/c.json",
        "Now run: ingestor local -, once for each of 2 inputs",
    ]


@pytest.mark.parametrize("arguments", [(), ("app.json.gz", "--failed"), ("--failed", "--matching", "x")])
def test_it_wants_exactly_one_way_of_saying_what(command: CommandLine, arguments: tuple[str, ...]) -> None:
    done = command("retry", *arguments)
    assert done.status == 2
    assert "--failed and --matching" in done.stderr


def test_an_unknown_key_and_an_ambiguous_one_are_refused(place: Place, command: CommandLine) -> None:
    failed_for_good(place, "a/app.gz", "b/app.gz")
    assert "not in the ledger" in command("retry", "nothing.gz").stderr
    several = command("retry", "app.gz")
    assert (several.status, "2 files match" in several.stderr) == (1, True)
    assert place.sent() == []


def test_it_needs_a_database_of_ones_own(command: CommandLine) -> None:
    variables = {name: "" for name in command.variables if name.startswith("DB_")}
    done = command.using(variables)("retry", "--failed")
    assert (done.status, "DB_HOST" in done.stderr) == (2, True)
