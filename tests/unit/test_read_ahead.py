"""The next item is taken meanwhile, once, and in order, whatever happens."""

import threading
from collections.abc import Iterator

import pytest

from ingestor.ingest.read_ahead import ReadAhead


def test_items_come_in_order_whether_begun_or_not() -> None:
    with ReadAhead(iter("abcd")) as items:
        assert items.next() == "a"
        items.begin()
        assert items.next() == "b"
        assert items.next() == "c"
        items.begin()
        assert items.next() == "d"


def test_beginning_twice_takes_one_item() -> None:
    with ReadAhead(iter("ab")) as items:
        items.begin()
        items.begin()
        assert items.next() == "a"
        assert items.next() == "b"


def test_an_item_is_taken_while_this_thread_does_something_else() -> None:
    taken = threading.Event()

    def source() -> Iterator[int]:
        taken.set()
        yield 1

    with ReadAhead(source()) as items:
        items.begin()
        assert taken.wait(timeout=10)
        assert items.next() == 1


def test_an_error_of_the_source_is_raised_where_its_item_is_asked_for() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise OSError("broken")

    with ReadAhead(source()) as items:
        assert items.next() == 1
        items.begin()
        with pytest.raises(OSError, match="broken"):
            items.next()


def test_the_source_rests_once_it_is_left() -> None:
    may_end = threading.Event()
    ended = False

    def source() -> Iterator[int]:
        nonlocal ended
        may_end.wait(timeout=10)
        ended = True
        yield 1

    with ReadAhead(source()) as items:
        items.begin()
        may_end.set()
    assert ended
