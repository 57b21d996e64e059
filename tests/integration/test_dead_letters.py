"""The dead letters: deleted once the ledger owns what they name, else left for a person; nothing is ever lost."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.integration.ledger_steps import FILE, all_due, claimed, completed, events, failed, released, states
from tests.integration.sweeping import Place

from ingestor import ledger
from ingestor.database import ConnectionParameters, Database
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.errors import DatabaseUnavailableError, ErrorKind
from ingestor.notification import hand_on_message
from ingestor.settings import OnOverwrite
from ingestor.source_file import SourceFile
from ingestor.sqs_queue import ReceivedMessage, SqsQueue
from ingestor.sweep.dead_letters import DeadLetters, settle_dead_letters
from ingestor.sweep.due import requeue_due_files


def ours(place: Place, key: str = "app.json.gz", etag: str = "e1") -> SourceFile:
    return replace(FILE, bucket=place.bucket, key=key, etag=etag)


def bury(place: Place, *bodies: str) -> None:
    for body in bodies:
        place.sqs.send_message(QueueUrl=place.dlq_url, MessageBody=body)


def bury_file(place: Place, *files: SourceFile) -> None:
    bury(place, *map(hand_on_message, files))


def buried(place: Place) -> int:
    """Messages that anybody can see now."""
    dead_letters = place.tools.dead_letters
    assert dead_letters is not None
    depth = dead_letters.depth()
    assert depth.in_flight == 0, "a message is still hidden"
    return depth.visible


def notification(*files: SourceFile) -> str:
    """As S3 sends them, several in one message."""
    records = [
        {
            "eventVersion": "2.1",
            "eventName": "ObjectCreated:Put",
            "eventTime": "2026-11-23T12:00:00.000Z",
            "s3": {
                "bucket": {"name": file.bucket},
                "object": {"key": file.key, "eTag": file.etag, "size": 9},
            },
        }
        for file in files
    ]
    return json.dumps({"Records": records})


def test_no_dead_letters_is_no_work(place: Place) -> None:
    assert settle_dead_letters(place.tools, UNLIMITED) == DeadLetters(is_complete=True)


def test_without_a_dead_letter_queue_they_are_left_alone(place: Place) -> None:
    tools = replace(place.tools, dead_letters=None)
    assert settle_dead_letters(tools, UNLIMITED) == DeadLetters(is_complete=True)


def test_an_unknown_object_becomes_a_pending_row_and_the_next_tick_sends_it(place: Place) -> None:
    bury(place, notification(ours(place)))
    assert settle_dead_letters(place.tools, UNLIMITED) == DeadLetters(1, 1, 0, 1, is_complete=True)
    assert buried(place) == 0
    assert states(place.tools.database) == {"app.json.gz": "PENDING"}
    assert events(place.tools.database) == ["discovered"]
    assert place.sent() == [], "the step itself sends nothing"
    assert requeue_due_files(place.tools, UNLIMITED).sent == 1
    assert place.sent_keys() == ["app.json.gz"]


@pytest.mark.parametrize("bring_about", [claimed, completed, failed, released])
def test_a_message_whose_file_the_ledger_owns_is_deleted_and_the_file_left_as_it_is(
    place: Place, bring_about: Callable[[Database, SourceFile], object]
) -> None:
    bring_about(place.tools.database, ours(place))
    before = states(place.tools.database), events(place.tools.database)
    bury_file(place, ours(place))
    assert settle_dead_letters(place.tools, UNLIMITED) == DeadLetters(1, 1, 0, 0, is_complete=True)
    assert buried(place) == 0
    assert (states(place.tools.database), events(place.tools.database)) == before


def test_a_permanent_failure_waits_for_a_person_and_is_seen_at_every_tick(place: Place) -> None:
    failed(place.tools.database, ours(place), ErrorKind.PERMANENT)
    bury_file(place, ours(place))
    for _ in range(2):
        assert settle_dead_letters(place.tools, UNLIMITED) == DeadLetters(1, 0, 1, 0, is_complete=True)
        assert buried(place) == 1
    assert states(place.tools.database) == {"app.json.gz": "FAILED"}


def test_an_ignored_failure_needs_no_dead_letter(place: Place) -> None:
    claim = failed(place.tools.database, ours(place), ErrorKind.PERMANENT)
    with place.tools.database.transaction() as connection:
        assert ledger.ignore(connection, claim.file_id, "a test file")
    bury_file(place, ours(place))
    assert settle_dead_letters(place.tools, UNLIMITED).settled == 1
    assert buried(place) == 0


@pytest.mark.parametrize(
    "body",
    [
        "not JSON",
        '{"something": "else"}',
        '{"Service":"Amazon S3","Event":"s3:TestEvent"}',
        notification(SourceFile("of-somebody-else", "app.json.gz", "e1")),
    ],
    ids=["no JSON", "unknown", "names nothing", "foreign bucket"],
)
def test_what_names_no_object_of_ours_stays_for_a_person(place: Place, body: str) -> None:
    bury(place, body)
    assert settle_dead_letters(place.tools, UNLIMITED) == DeadLetters(1, 0, 1, 0, is_complete=True)
    assert buried(place) == 1
    assert states(place.tools.database) == {}


def test_a_key_outside_the_prefix_is_neither_entered_nor_deleted(place: Place) -> None:
    tools = replace(place.tools, settings=place.tools.settings.model_copy(update={"prefix": "logs/"}))
    bury_file(place, ours(place, "elsewhere/app.json.gz"))
    assert settle_dead_letters(tools, UNLIMITED).kept == 1
    assert states(tools.database) == {}


def test_of_a_message_with_several_files_all_are_entered_and_one_failure_keeps_it(place: Place) -> None:
    failed(place.tools.database, ours(place, "bad"), ErrorKind.PERMANENT)
    bury(place, notification(ours(place, "new"), ours(place, "bad")))
    assert settle_dead_letters(place.tools, UNLIMITED) == DeadLetters(1, 0, 1, 1, is_complete=True)
    assert states(place.tools.database) == {"bad": "FAILED", "new": "PENDING"}
    assert buried(place) == 1


def test_those_that_stay_do_not_hide_the_others(place: Place) -> None:
    bury(place, *["not JSON"] * 25)
    bury_file(place, *(ours(place, f"{number:02}") for number in range(25)))
    assert settle_dead_letters(place.tools, UNLIMITED) == DeadLetters(50, 25, 25, 25, is_complete=True)
    assert buried(place) == 25


def test_near_the_deadline_nothing_is_received(place: Place) -> None:
    bury_file(place, ours(place))
    assert settle_dead_letters(place.tools, Deadline(lambda: 1)) == DeadLetters()
    assert buried(place) == 1


def test_a_new_version_of_a_failed_object_reopens_it(place: Place) -> None:
    failed(place.tools.database, ours(place, etag="broken"), ErrorKind.PERMANENT)
    bury_file(place, ours(place, etag="repaired"))
    assert settle_dead_letters(place.tools, UNLIMITED).settled == 1
    assert states(place.tools.database) == {"app.json.gz": "PENDING"}
    assert requeue_due_files(place.tools, UNLIMITED).sent == 1


@pytest.mark.parametrize(("on_overwrite", "sent"), [(OnOverwrite.SKIP, 0), (OnOverwrite.REPLACE, 1)])
def test_a_new_version_of_a_completed_key_is_looked_at_where_it_replaces(
    place: Place, on_overwrite: OnOverwrite, sent: int
) -> None:
    settings = place.tools.settings.model_copy(update={"on_overwrite": on_overwrite})
    tools = replace(place.tools, settings=settings)
    completed(tools.database, ours(place, etag="old"))
    bury_file(place, ours(place, etag="new"))
    assert settle_dead_letters(tools, UNLIMITED).settled == 1
    assert states(tools.database) == {"app.json.gz": "COMPLETED"}
    assert requeue_due_files(tools, UNLIMITED).sent == sent


class Killed(BaseException):
    """The process ends here."""


class DyingQueue(SqsQueue):
    """Passes calls on until its process dies: before or after the call of that name."""

    def __init__(self, place: Place, call: str, *, after: bool) -> None:
        super().__init__(place.sqs, place.dlq_url)
        self._call = call
        self._after = after

    def _die(self, call: str, *, after: bool) -> None:
        if (call, after) == (self._call, self._after):
            raise Killed

    def receive(self, limit: int, visibility_seconds: int) -> list[ReceivedMessage]:
        self._die("receive", after=False)
        messages = super().receive(limit, visibility_seconds)
        self._die("receive", after=True)
        return messages

    def delete(self, receipt_handle: str) -> None:
        self._die("delete", after=False)
        super().delete(receipt_handle)
        self._die("delete", after=True)

    def defer(self, receipt_handle: str, seconds: float) -> None:
        """A killed process gives nothing back."""


@pytest.mark.parametrize("call", ["receive", "delete"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_between_any_two_calls_loses_nothing(place: Place, call: str, *, after: bool) -> None:
    files = [ours(place, f"{number:02}") for number in range(12)]
    bury_file(place, *files)
    with pytest.raises(Killed):
        settle_dead_letters(
            replace(place.tools, dead_letters=DyingQueue(place, call, after=after)), UNLIMITED
        )
    show_again(place)
    assert settle_dead_letters(place.tools, UNLIMITED).is_complete
    assert states(place.tools.database) == {file.key: "PENDING" for file in files}
    assert buried(place) == 0
    all_due(place.tools.database)
    assert requeue_due_files(place.tools, UNLIMITED).sent == 12


def test_a_crash_after_a_message_was_hidden_never_comes_before_its_rows_are_committed(place: Place) -> None:
    """Deleting comes last: at every delete, the ledger already has the file."""
    bury_file(place, *(ours(place, f"{number:02}") for number in range(3)))
    entered: list[int] = []

    class Watching(SqsQueue):
        def delete(self, receipt_handle: str) -> None:
            entered.append(len(states(place.tools.database)))
            super().delete(receipt_handle)

    tools = replace(place.tools, dead_letters=Watching(place.sqs, place.dlq_url))
    assert settle_dead_letters(tools, UNLIMITED).settled == 3
    assert entered == [1, 2, 3]


def test_while_the_database_is_away_no_dead_letter_is_touched(
    place: Place, database_parameters: ConnectionParameters
) -> None:
    bury_file(place, ours(place))
    nowhere = Database(lambda: replace(database_parameters, port=1), "public")
    with pytest.raises(DatabaseUnavailableError):
        settle_dead_letters(replace(place.tools, database=nowhere), UNLIMITED)
    assert buried(place) == 1


def test_two_sweepers_at_once_enter_each_file_once(
    place: Place, new_database: Callable[[], Database]
) -> None:
    bury_file(place, *(ours(place, "same") for _ in range(10)))
    other = replace(place.tools, database=new_database())

    class Meanwhile(SqsQueue):
        """The other sweeper looks after this one received its first messages."""

        is_first = True

        def receive(self, limit: int, visibility_seconds: int) -> list[ReceivedMessage]:
            messages = super().receive(min(limit, 5), visibility_seconds)
            if self.is_first:
                self.is_first = False
                assert settle_dead_letters(other, UNLIMITED).settled == 5
            return messages

    mine = settle_dead_letters(
        replace(place.tools, dead_letters=Meanwhile(place.sqs, place.dlq_url)), UNLIMITED
    )
    assert (mine.settled, mine.registered) == (5, 0)
    assert events(place.tools.database) == ["discovered"]


def show_again(place: Place) -> None:
    """As if the time for which a dead process hid its messages were over."""
    from moto.sqs.models import sqs_backends  # noqa: PLC0415 - moto's own queue, in this process

    queue = sqs_backends["123456789012"]["us-east-1"].queues[place.dlq_url.rsplit("/", 1)[1]]
    for message in queue._messages:
        message.change_visibility(0)
