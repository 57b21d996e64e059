"""The first step of a sweep, with a real queue: what is due is sent, and what couldn't be is found again."""

from dataclasses import replace

import pytest
from tests.support.ledger_steps import FILE, all_due, claimed, failed, released, states
from tests.support.sweeping import Place, RefusingQueue

from ingestor.deadline import UNLIMITED, Deadline
from ingestor.errors import ServiceUnavailableError
from ingestor.notifications import parse
from ingestor.sweep.due import PAGE, Due, requeue_due_files


def test_an_empty_ledger_sends_nothing(place: Place) -> None:
    assert requeue_due_files(place.tools, UNLIMITED) == Due(is_complete=True)
    assert place.sent() == []


def test_what_is_due_is_sent_as_a_message_the_handler_understands(place: Place) -> None:
    file = replace(FILE, bucket=place.bucket, key="größe 1+1 🚀.json.gz", version_id="v1")
    failed(place.tools.database, file)
    all_due(place.tools.database)
    assert requeue_due_files(place.tools, UNLIMITED).sent == 1
    message = place.sqs.receive_message(QueueUrl=place.queue_url)["Messages"][0]["Body"]
    assert parse(message, buckets=frozenset({place.bucket}), prefix="") == (file,)


def test_more_than_a_page_is_sent_page_by_page(place: Place) -> None:
    for number in range(PAGE + 5):
        released(place.tools.database, replace(FILE, bucket=place.bucket, key=f"{number:03}"))
    all_due(place.tools.database)
    assert requeue_due_files(place.tools, UNLIMITED) == Due(sent=PAGE + 5, is_complete=True)
    assert sorted(place.sent_keys()) == [f"{number:03}" for number in range(PAGE + 5)]


def test_near_the_deadline_nothing_more_is_taken_and_the_rest_says_so(place: Place) -> None:
    failed(place.tools.database, replace(FILE, bucket=place.bucket))
    all_due(place.tools.database)
    assert requeue_due_files(place.tools, Deadline(lambda: 1)) == Due(is_complete=False)
    assert states(place.tools.database) == {FILE.key: "FAILED"}


def test_a_lost_send_is_found_at_a_later_tick(place: Place) -> None:
    claimed(place.tools.database, replace(FILE, bucket=place.bucket))
    all_due(place.tools.database)
    with pytest.raises(ServiceUnavailableError, match="refused 1 of 1"):
        requeue_due_files(replace(place.tools, queue=RefusingQueue()), UNLIMITED)
    assert requeue_due_files(place.tools, UNLIMITED).sent == 0
    all_due(place.tools.database)
    assert requeue_due_files(place.tools, UNLIMITED).sent == 1


def test_worn_out_files_are_told_and_not_sent(place: Place) -> None:
    tools = replace(place.tools, settings=place.tools.settings.model_copy(update={"max_attempts": 1}))
    claimed(tools.database, replace(FILE, bucket=place.bucket))
    all_due(tools.database)
    assert requeue_due_files(tools, UNLIMITED) == Due(worn_out=1, is_complete=True)
    assert place.sent() == []
