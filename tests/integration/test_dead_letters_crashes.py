"""A sweeper that dies, or isn't alone, while it goes through the dead letters."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.support.dead_letter_steps import dead_letter_count, file_at, put_dead_letters_of
from tests.support.ledger_steps import all_due, events, states
from tests.support.sweeping import Place

from ingestor.database import ConnectionParameters, Database
from ingestor.deadline import UNLIMITED
from ingestor.errors import DatabaseUnavailableError
from ingestor.queues import ReceivedMessage
from ingestor.queues.sqs import SqsQueue
from ingestor.sweep.dead_letters import settle_dead_letters
from ingestor.sweep.due import requeue_due_files


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

    def acknowledge(self, receipt_handle: str) -> None:
        self._die("delete", after=False)
        super().acknowledge(receipt_handle)
        self._die("delete", after=True)

    def defer(self, receipt_handle: str, seconds: float) -> None:
        """A killed process gives nothing back."""


@pytest.mark.parametrize("call", ["receive", "delete"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_between_any_two_calls_loses_nothing(place: Place, call: str, *, after: bool) -> None:
    files = [file_at(place, f"{number:02}") for number in range(12)]
    put_dead_letters_of(place, *files)
    with pytest.raises(Killed):
        settle_dead_letters(
            replace(place.tools, dead_letters=DyingQueue(place, call, after=after)), UNLIMITED
        )
    show_again(place)
    assert settle_dead_letters(place.tools, UNLIMITED).is_complete
    assert states(place.tools.database) == {file.key: "PENDING" for file in files}
    assert dead_letter_count(place) == 0
    all_due(place.tools.database)
    assert requeue_due_files(place.tools, UNLIMITED).sent == 12


def test_a_crash_after_a_message_was_hidden_never_comes_before_its_rows_are_committed(place: Place) -> None:
    """Deleting comes last: at every delete, the ledger already has the file."""
    put_dead_letters_of(place, *(file_at(place, f"{number:02}") for number in range(3)))
    entered: list[int] = []

    class Watching(SqsQueue):
        def acknowledge(self, receipt_handle: str) -> None:
            entered.append(len(states(place.tools.database)))
            super().acknowledge(receipt_handle)

    tools = replace(place.tools, dead_letters=Watching(place.sqs, place.dlq_url))
    assert settle_dead_letters(tools, UNLIMITED).settled == 3
    assert entered == [1, 2, 3]


def test_while_the_database_is_away_no_dead_letter_is_touched(
    place: Place, database_parameters: ConnectionParameters
) -> None:
    put_dead_letters_of(place, file_at(place))
    nowhere = Database(lambda: replace(database_parameters, port=1), "public")
    with pytest.raises(DatabaseUnavailableError):
        settle_dead_letters(replace(place.tools, database=nowhere), UNLIMITED)
    assert dead_letter_count(place) == 1


def test_two_sweepers_at_once_enter_each_file_once(
    place: Place, new_database: Callable[[], Database]
) -> None:
    put_dead_letters_of(place, *(file_at(place, "same") for _ in range(10)))
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
