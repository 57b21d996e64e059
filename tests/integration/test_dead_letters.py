"""The dead letters: deleted once the ledger owns what they name, else left for a person; nothing is ever lost."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.dead_letter_steps import (
    dead_letter_count,
    file_at,
    notification,
    put_dead_letters,
    put_dead_letters_of,
)
from tests.support.ledger_steps import FILE, claimed, completed, events, failed, released, states
from tests.support.sweeping import Place

from ingestor import ledger
from ingestor.database import Database
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.errors import ErrorKind, SourceUnavailableError
from ingestor.model.source_file import SourceFile
from ingestor.settings import OnOverwrite
from ingestor.sources.s3 import S3Objects
from ingestor.sweep.context import SweepContext
from ingestor.sweep.dead_letters import DeadLetterContext, DeadLetters, go_through, settle_dead_letters
from ingestor.sweep.due import requeue_due_files
from ingestor.sweep.owning import current_versions, own


def test_no_dead_letters_is_no_work(place: Place) -> None:
    assert settle_dead_letters(place.tools, UNLIMITED) == DeadLetters(is_complete=True)


def test_without_a_dead_letter_queue_they_are_left_alone(place: Place) -> None:
    tools = replace(place.tools, dead_letters=None)
    assert settle_dead_letters(tools, UNLIMITED) == DeadLetters(is_complete=True)


def test_an_unknown_object_becomes_a_pending_row_and_the_next_tick_sends_it(place: Place) -> None:
    put_dead_letters(place, notification(file_at(place)))
    assert settle_dead_letters(place.tools, UNLIMITED) == DeadLetters(1, 1, 0, 1, is_complete=True)
    assert dead_letter_count(place) == 0
    assert states(place.tools.database) == {"app.json.gz": "PENDING"}
    assert events(place.tools.database) == ["discovered"]
    assert place.sent() == [], "the step itself sends nothing"
    assert requeue_due_files(place.tools, UNLIMITED).sent == 1
    assert place.sent_keys() == ["app.json.gz"]


@pytest.mark.parametrize("bring_about", [claimed, completed, failed, released])
def test_a_message_whose_file_the_ledger_owns_is_deleted_and_the_file_left_as_it_is(
    place: Place, bring_about: Callable[[Database, SourceFile], object]
) -> None:
    bring_about(place.tools.database, file_at(place))
    before = states(place.tools.database), events(place.tools.database)
    put_dead_letters_of(place, file_at(place))
    assert settle_dead_letters(place.tools, UNLIMITED) == DeadLetters(1, 1, 0, 0, is_complete=True)
    assert dead_letter_count(place) == 0
    assert (states(place.tools.database), events(place.tools.database)) == before


def test_a_permanent_failure_waits_for_a_person_and_is_seen_at_every_tick(place: Place) -> None:
    failed(place.tools.database, file_at(place), ErrorKind.PERMANENT)
    put_dead_letters_of(place, file_at(place))
    for _ in range(2):
        assert settle_dead_letters(place.tools, UNLIMITED) == DeadLetters(1, 0, 1, 0, is_complete=True)
        assert dead_letter_count(place) == 1
    assert states(place.tools.database) == {"app.json.gz": "FAILED"}


def test_an_ignored_failure_needs_no_dead_letter(place: Place) -> None:
    claim = failed(place.tools.database, file_at(place), ErrorKind.PERMANENT)
    with place.tools.database.transaction() as connection:
        assert ledger.ignore(connection, claim.file_id, "a test file")
    put_dead_letters_of(place, file_at(place))
    assert settle_dead_letters(place.tools, UNLIMITED).settled == 1
    assert dead_letter_count(place) == 0


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
    put_dead_letters(place, body)
    assert settle_dead_letters(place.tools, UNLIMITED) == DeadLetters(1, 0, 1, 0, is_complete=True)
    assert dead_letter_count(place) == 1
    assert states(place.tools.database) == {}


def test_a_key_outside_the_prefix_is_neither_entered_nor_deleted(place: Place) -> None:
    tools = replace(place.tools, settings=place.tools.settings.model_copy(update={"prefix": "logs/"}))
    put_dead_letters_of(place, file_at(place, "elsewhere/app.json.gz"))
    assert settle_dead_letters(tools, UNLIMITED).kept == 1
    assert states(tools.database) == {}


def test_of_a_message_with_several_files_all_are_entered_and_one_failure_keeps_it(place: Place) -> None:
    failed(place.tools.database, file_at(place, "bad"), ErrorKind.PERMANENT)
    put_dead_letters(place, notification(file_at(place, "new"), file_at(place, "bad")))
    assert settle_dead_letters(place.tools, UNLIMITED) == DeadLetters(1, 0, 1, 1, is_complete=True)
    assert states(place.tools.database) == {"bad": "FAILED", "new": "PENDING"}
    assert dead_letter_count(place) == 1


def test_those_that_stay_do_not_hide_the_others(place: Place) -> None:
    put_dead_letters(place, *["not JSON"] * 25)
    put_dead_letters_of(place, *(file_at(place, f"{number:02}") for number in range(25)))
    assert settle_dead_letters(place.tools, UNLIMITED) == DeadLetters(50, 25, 25, 25, is_complete=True)
    assert dead_letter_count(place) == 25


def test_near_the_deadline_nothing_is_received(place: Place) -> None:
    put_dead_letters_of(place, file_at(place))
    assert settle_dead_letters(place.tools, Deadline(lambda: 1)) == DeadLetters()
    assert dead_letter_count(place) == 1


def uploaded(place: Place, content: str, key: str = "app.json.gz") -> SourceFile:
    """What the notification of this upload names."""
    place.upload(key, content.encode())
    current = place.tools.objects.current(file_at(place, key))
    assert current is not None
    return current


def replacing(place: Place) -> SweepContext:
    settings = place.tools.settings.model_copy(update={"on_overwrite": OnOverwrite.REPLACE})
    return replace(place.tools, settings=settings)


def test_a_new_version_of_a_failed_object_reopens_it(place: Place) -> None:
    failed(place.tools.database, file_at(place, etag="broken"), ErrorKind.PERMANENT)
    put_dead_letters_of(place, uploaded(place, "repaired"))
    assert settle_dead_letters(place.tools, UNLIMITED).settled == 1
    assert states(place.tools.database) == {"app.json.gz": "PENDING"}
    assert requeue_due_files(place.tools, UNLIMITED).sent == 1


@pytest.mark.parametrize(("on_overwrite", "sent"), [(OnOverwrite.SKIP, 0), (OnOverwrite.REPLACE, 1)])
def test_a_new_version_of_a_completed_key_is_looked_at_where_it_replaces(
    place: Place, on_overwrite: OnOverwrite, sent: int
) -> None:
    settings = place.tools.settings.model_copy(update={"on_overwrite": on_overwrite})
    tools = replace(place.tools, settings=settings)
    completed(tools.database, file_at(place, etag="old"))
    put_dead_letters_of(place, uploaded(place, "new"))
    assert settle_dead_letters(tools, UNLIMITED).settled == 1
    assert states(tools.database) == {"app.json.gz": "COMPLETED"}
    assert requeue_due_files(tools, UNLIMITED).sent == sent


def test_the_same_bytes_uploaded_again_reopen_a_failed_object_once(place: Place) -> None:
    file = replace(uploaded(place, "broken"), uploaded_at=FILE.uploaded_at)
    failed(place.tools.database, file, ErrorKind.PERMANENT)
    assert file.uploaded_at is not None
    again = replace(file, uploaded_at=file.uploaded_at + timedelta(hours=1))
    put_dead_letters_of(place, again)
    assert settle_dead_letters(place.tools, UNLIMITED).settled == 1
    assert states(place.tools.database) == {"app.json.gz": "PENDING"}
    with place.tools.database.transaction() as connection:
        connection.execute(
            "UPDATE processed_files SET status = 'FAILED', error_kind = 'permanent', next_attempt_at = NULL"
        )
    put_dead_letters_of(place, again)
    assert settle_dead_letters(place.tools, UNLIMITED).kept == 1
    assert states(place.tools.database) == {"app.json.gz": "FAILED"}


def test_a_message_that_stays_does_not_ask_again_and_again_for_a_stale_version(place: Place) -> None:
    tools = replacing(place)
    stale = uploaded(place, "old", "replaced")
    completed(tools.database, uploaded(place, "new", "replaced"))
    failed(tools.database, file_at(place, "bad"), ErrorKind.PERMANENT)
    put_dead_letters(place, notification(stale, file_at(place, "bad")))
    before = events(tools.database)
    for _ in range(3):
        assert settle_dead_letters(tools, UNLIMITED) == DeadLetters(1, 0, 1, 0, is_complete=True)
        assert requeue_due_files(tools, UNLIMITED).sent == 0
    assert events(tools.database) == before
    assert states(tools.database) == {"bad": "FAILED", "replaced": "COMPLETED"}


def test_a_message_about_a_key_that_is_gone_asks_for_nothing(place: Place) -> None:
    tools = replacing(place)
    completed(tools.database, file_at(place, etag="old"))
    put_dead_letters_of(place, file_at(place, etag="new"))
    assert settle_dead_letters(tools, UNLIMITED).settled == 1
    assert requeue_due_files(tools, UNLIMITED).sent == 0


def test_while_a_key_cannot_be_asked_its_message_stays_and_its_neighbours_are_settled(place: Place) -> None:
    class Refusing(S3Objects):
        def current(self, file: SourceFile, /) -> SourceFile | None:
            raise SourceUnavailableError(f"{file.uri}: access denied")

    tools = replace(replacing(place), objects=Refusing(place.s3))
    completed(tools.database, file_at(place, "replaced", etag="old"))
    put_dead_letters_of(place, file_at(place, "replaced", etag="new"), file_at(place, "unknown"))
    assert settle_dead_letters(tools, UNLIMITED) == DeadLetters(2, 1, 1, 1, is_complete=True)
    assert settle_dead_letters(replacing(place), UNLIMITED).settled == 1


def test_a_row_that_changes_after_its_key_was_asked_is_looked_at_by_a_worker(place: Place) -> None:
    """Unknown when the keys are asked, completed in another version when the message is taken over."""
    tools = replacing(place)
    newer = uploaded(place, "new")

    current = current_versions(tools.database, tools.objects, [newer], skip_newer=False)
    assert current == {}
    completed(tools.database, file_at(place, etag="old"))
    with tools.database.transaction() as connection:
        assert own(connection, [newer], current, skip_newer=False) == 0
    assert requeue_due_files(tools, UNLIMITED).sent == 1


def test_without_buckets_a_look_for_some_files_takes_over_no_other_bucket(place: Place) -> None:
    """As `ingestor retry` on somebody's machine, where BUCKETS is not set."""
    assert place.tools.dead_letters is not None
    settings = place.tools.settings.model_copy(update={"buckets": ()})
    mine = failed(place.tools.database, file_at(place), ErrorKind.PERMANENT).file
    put_dead_letters(place, notification(mine, replace(mine, bucket="of-somebody-else")))
    put_dead_letters_of(place, mine)
    with place.tools.database.transaction() as connection:
        ledger.reopen(connection, 1, accept_rejects=False)
    context = DeadLetterContext(
        place.tools.database,
        place.tools.objects,
        place.tools.dead_letters,
        settings,
        only=frozenset({mine.name}),
    )
    assert go_through(context, UNLIMITED, lambda _: None).settled == 1
    assert dead_letter_count(place) == 1, (
        "the one that names another bucket too is left for the sweeper, or a person"
    )
    assert states(place.tools.database) == {"app.json.gz": "PENDING"}
