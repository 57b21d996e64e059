"""A deletion meets a reload, an upload, or another deletion: what isn't loaded is never deleted."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from tests.support.after_load import (
    GOOD,
    KEY,
    Dies,
    DyingBefore,
    finish,
    happened,
    keys,
    load_wanting,
    make_due,
    record,
)
from tests.support.sweeping import Place
from tests.support.waiting import wait_until_somebody_waits

from ingestor import bootstrap, ledger
from ingestor.database import Database
from ingestor.model.source_file import SourceFile
from ingestor.routing import After
from ingestor.sweep.after_load import AfterLoad


def test_a_reload_that_comes_while_a_deletion_begins_waits_and_is_refused(
    place: Place, new_database: Callable[[], Database]
) -> None:
    load_wanting(place, After.DELETE)
    file_id = record(place).id
    other = new_database()

    def reload() -> SourceFile | None:
        with other.transaction() as connection:
            return ledger.start_over(connection, file_id)

    with ThreadPoolExecutor(1) as pool:
        with place.tools.database.transaction() as connection:
            assert len(ledger.begin_after_load(connection, limit=1, buckets=())) == 1
            reloading = pool.submit(reload)
            wait_until_somebody_waits(connection)
        assert reloading.result(timeout=30) is None
    make_due(place)
    assert finish(place) == AfterLoad(deleted=1)


def test_a_deletion_that_comes_while_a_file_is_reloaded_leaves_the_object(
    place: Place, new_database: Callable[[], Database]
) -> None:
    load_wanting(place, After.DELETE)
    with new_database().transaction() as connection:
        assert ledger.start_over(connection, record(place).id) is not None
        assert finish(place) == AfterLoad()
    assert finish(place) == AfterLoad()
    assert keys(place) == [KEY]


def test_two_that_finish_at_once_delete_an_object_once(place: Place) -> None:
    @dataclass
    class Meanwhile:
        """Another finishes all that is due before this one's request reaches S3."""

        others: list[AfterLoad]

        def tag(self, _file: SourceFile, /) -> None:
            raise AssertionError

        def delete(self, file: SourceFile, /) -> None:
            self.others.append(finish(place))
            bootstrap.object_actions(place.tools.settings).delete(file)

    load_wanting(place, After.DELETE)
    meanwhile = Meanwhile([])
    assert finish(place, meanwhile) == AfterLoad(deleted=1)
    assert meanwhile.others == [AfterLoad()]
    assert happened(place) == ["object deleted"]


def test_an_object_overwritten_in_the_last_moment_is_kept(place: Place) -> None:
    class Overwriting:
        def tag(self, _file: SourceFile, /) -> None:
            raise AssertionError

        def delete(self, file: SourceFile, /) -> None:
            place.upload(KEY, GOOD * 3)
            bootstrap.object_actions(place.tools.settings).delete(file)

    load_wanting(place, After.DELETE)
    assert finish(place, Overwriting()) == AfterLoad(kept=1)
    assert keys(place) == [KEY]


def test_a_file_whose_deletion_has_begun_is_never_reloaded(place: Place) -> None:
    load_wanting(place, After.DELETE)
    with pytest.raises(Dies):
        finish(place, DyingBefore())
    with place.tools.database.transaction() as connection:
        assert ledger.start_over(connection, record(place).id) is None
    assert record(place).status == "COMPLETED"


def test_a_file_that_is_reloaded_first_keeps_its_object(place: Place) -> None:
    load_wanting(place, After.DELETE)
    with place.tools.database.transaction() as connection:
        assert ledger.start_over(connection, record(place).id) is not None
    assert finish(place) == AfterLoad()
    assert keys(place) == [KEY]
