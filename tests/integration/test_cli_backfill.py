"""`ingestor backfill`: a bucket's objects into the ledger and the queue, once."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.conftest import CommandLine
from tests.support.ledger_steps import FILE, completed, states
from tests.support.sweeping import Place

from ingestor import backfill as module
from ingestor import ledger
from ingestor.backfill import Backfill, BackfillScope, backfill
from ingestor.database import Database
from ingestor.deadline import Deadline
from ingestor.errors import SourceUnavailableError
from ingestor.model.source_file import SourceFile
from ingestor.notifications import parse
from ingestor.sources import ListedPage
from ingestor.sources.s3 import S3Objects
from ingestor.sweep.context import SweepContext

ALL = ("2026/a", "2026/b", "2026/c")


@pytest.fixture
def backfilling(ingestor: CommandLine, place: Place, s3_server: str) -> CommandLine:
    """With three objects below 2026/ and one elsewhere."""
    for key in (*ALL, "other"):
        place.upload(key, b"12345")
    return ingestor.using(
        {"AWS_ENDPOINT_URL": s3_server, "BUCKETS": place.bucket, "QUEUE_URL": place.queue_url}
    )


def test_every_object_below_the_prefix_is_entered_and_queued_once(
    backfilling: CommandLine, place: Place
) -> None:
    answer = backfilling("backfill", "--bucket", place.bucket, "--prefix", "2026/")
    assert (answer.status, answer.stderr) == (0, "")
    assert answer.stdout == "3 objects, 15 bytes; queued: 3 objects, 15 bytes.\n"
    bodies = place.sent()
    assert sorted(body["key"] for body in bodies) == list(ALL)
    assert parse(json.dumps(bodies[0]))[0].size_bytes == 5
    assert states(place.tools.database) == dict.fromkeys(ALL, "PENDING")
    again = backfilling("backfill", "--bucket", place.bucket, "--prefix", "2026/", "--json")
    assert again.json == {
        "bucket": place.bucket,
        "prefix": "2026/",
        "dry_run": False,
        "objects": 3,
        "bytes": 15,
        "new_objects": 0,
        "new_bytes": 0,
        "list_requests": 1,
        "resumed_after": None,
        "is_complete": True,
        "unusable": [],
    }
    assert place.sent() == []


def test_a_dry_run_counts_and_changes_nothing_and_needs_no_queue(
    backfilling: CommandLine, place: Place
) -> None:
    completed(place.tools.database, SourceFile(place.bucket, "other", "e"))
    answer = backfilling("backfill", "--bucket", place.bucket, "--dry-run", QUEUE_URL="")
    assert answer.status == 0
    assert answer.stdout == "4 objects, 20 bytes; would be queued: 3 objects, 15 bytes.\n"
    assert states(place.tools.database) == {"other": "COMPLETED"}
    assert place.sent() == []
    with place.tools.database.transaction() as connection:
        assert ledger.read_listing(connection, place.bucket, "", ledger.Purpose.BACKFILL) is None


def test_since_leaves_out_older_objects(backfilling: CommandLine, place: Place) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    answer = backfilling("backfill", "--bucket", place.bucket, "--since", tomorrow, "--json")
    assert (answer.json["objects"], place.sent()) == (0, [])
    assert (
        backfilling("backfill", "--bucket", place.bucket, "--since", "2020-01-01", "--json").json["objects"]
        == 4
    )
    refused = backfilling("backfill", "--bucket", place.bucket, "--since", "yesterday")
    assert refused.status == 2
    assert "'yesterday' is not a date (2026-11-23)" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "variables", "status", "said"),
    [
        (["--bucket", "foreign"], {}, 2, "bucket 'foreign' is not in BUCKETS"),
        (["--bucket", "no-such-bucket"], {"BUCKETS": ""}, 1, "s3://no-such-bucket/: no such bucket"),
        (["--prefix", "x/"], {"PREFIX": "2026/"}, 2, "--prefix 'x/' does not begin with PREFIX ('2026/')"),
        ([], {"QUEUE_URL": "", "DB_HOST": ""}, 2, "not set: DB_HOST, QUEUE_URL"),
        ([], {"QUEUE_URL": "http://127.0.0.1:1/no/queue", "AWS_MAX_ATTEMPTS": "1"}, 1, "could not be asked"),
    ],
)
def test_what_can_not_work_is_said_before_anything_is_entered(
    backfilling: CommandLine,
    place: Place,
    arguments: list[str],
    variables: dict[str, str],
    status: int,
    said: str,
) -> None:
    bucket = [] if "--bucket" in arguments else ["--bucket", place.bucket]
    answer = backfilling.using(variables)("backfill", *bucket, *arguments)
    assert answer.status == status
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr
    assert states(place.tools.database) == {}


def test_a_bucket_must_be_named(backfilling: CommandLine) -> None:
    answer = backfilling("backfill")
    assert answer.status == 2
    assert "Missing option '--bucket'" in answer.stderr


def test_the_configured_prefix_is_the_default(backfilling: CommandLine, place: Place) -> None:
    assert backfilling("backfill", "--bucket", place.bucket, "--json", PREFIX="2026/").json["objects"] == 3


class TwoAPage(S3Objects):
    """Breaks off when asked for the page after `breaks_after`."""

    breaks_after: str | None = None

    def page(
        self, bucket: str, prefix: str = "", *, start_after: str = "", token: str | None = None
    ) -> ListedPage:
        assert token is None
        if start_after and start_after == self.breaks_after:
            raise SourceUnavailableError("the cable was cut")
        page = super().page(bucket, prefix, start_after=start_after)
        taken = page.files[:2]
        return ListedPage(
            taken, taken[-1].key if taken else None, is_last=page.is_last and taken == page.files
        )


@pytest.fixture
def paged(place: Place) -> SweepContext:
    for number in range(7):
        place.upload(f"{number}")
    return SweepContext(
        place.tools.database, TwoAPage(place.s3), place.tools.queue, place.tools.settings, None
    )


def ignored(_done: Backfill) -> None:
    pass


def test_broken_off_it_goes_on_after_the_last_page_entered(paged: SweepContext, place: Place) -> None:
    assert isinstance(paged.objects, TwoAPage)
    paged.objects.breaks_after = "3"
    with pytest.raises(SourceUnavailableError, match="cable"):
        backfill(paged, BackfillScope(place.bucket, ""), on_page=ignored)
    assert place.sent_keys() == ["0", "1", "2", "3"]
    paged.objects.breaks_after = None
    done = backfill(paged, BackfillScope(place.bucket, ""), on_page=ignored)
    assert (done.resumed_after, done.objects, done.new_objects, done.is_complete) == ("3", 3, 3, True)
    assert place.sent_keys() == ["4", "5", "6"]
    with paged.database.transaction() as connection:
        listing = ledger.read_listing(connection, place.bucket, "", ledger.Purpose.BACKFILL)
    assert listing is not None
    assert (listing.objects, listing.registered, listing.cursor) == (7, 7, None)


def test_stopped_it_ends_after_the_page_in_hand(paged: SweepContext, place: Place) -> None:
    seen: list[Backfill] = []
    stop = Deadline(lambda: 0 if seen else 100, reserve_seconds=1)
    done = backfill(paged, BackfillScope(place.bucket, ""), on_page=seen.append, deadline=stop)
    assert (done.objects, done.is_complete, seen) == (2, False, [done])


def test_another_since_begins_anew(paged: SweepContext, place: Place) -> None:
    seen: list[Backfill] = []
    stop = Deadline(lambda: 0 if seen else 100, reserve_seconds=1)
    backfill(paged, BackfillScope(place.bucket, ""), on_page=seen.append, deadline=stop)
    since = datetime(2020, 1, 1, tzinfo=UTC)
    done = backfill(paged, BackfillScope(place.bucket, "", since), on_page=ignored)
    assert (done.resumed_after, done.objects, done.new_objects) == (None, 7, 5)


def test_its_messages_may_wait_for_hours_before_they_are_sent_again(
    paged: SweepContext, place: Place
) -> None:
    backfill(paged, BackfillScope(place.bucket, ""), on_page=ignored)
    with paged.database.transaction() as connection:
        [due] = connection.execute(
            "SELECT min(next_attempt_at) - clock_timestamp() FROM processed_files"
        ).fetchall()[0]
    assert timedelta(hours=5) < due <= timedelta(seconds=module.DUE_SECONDS)


def test_two_at_once_queue_nothing_twice(
    paged: SweepContext, place: Place, new_database: Callable[[], Database]
) -> None:
    """The second begins while the first has entered a page."""
    other = SweepContext(new_database(), paged.objects, paged.queue, paged.settings, None)
    others: list[Backfill] = []

    def start_other(_done: Backfill) -> None:
        if not others:
            others.append(backfill(other, BackfillScope(place.bucket, ""), on_page=ignored))

    done = backfill(paged, BackfillScope(place.bucket, ""), on_page=start_other)
    assert done.new_objects + others[0].new_objects == 7
    assert sorted(place.sent_keys()) == [str(number) for number in range(7)]


def test_objects_the_ledger_has_are_left_alone(paged: SweepContext, place: Place) -> None:
    completed(paged.database, SourceFile(place.bucket, "3", "other bytes", None, 1, FILE.uploaded_at))
    assert backfill(paged, BackfillScope(place.bucket, ""), on_page=ignored).new_objects == 6
    assert states(paged.database)["3"] == "COMPLETED"
