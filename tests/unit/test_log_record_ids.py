"""Ids: deterministic, in UUIDv7's layout, different for every entry of every object version."""

from datetime import UTC, datetime
from itertools import product
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ingestor.model.identity import Identities
from ingestor.model.instants import microseconds_of
from ingestor.model.source_file import LOCAL_BUCKET, Store

NOW = microseconds_of("2026-11-23T11:20:55.268Z")
assert NOW is not None
NOW_MS = int(datetime(2026, 11, 23, 11, 20, 55, 268_000, tzinfo=UTC).timestamp() * 1000)


def test_an_id_is_a_uuid_of_version_7_over_the_entrys_time() -> None:
    assert NOW is not None
    uuid = UUID(bytes=Identities("b", "k", "e").at(0, NOW))
    assert uuid.version == 7
    assert uuid.variant == "specified in RFC 4122"
    assert uuid.int >> 80 == NOW_MS


def test_the_same_entry_has_the_same_id_in_every_process() -> None:
    assert NOW is not None
    assert str(UUID(bytes=Identities("b", "k", "e").at(5, NOW))) == "01a20823-36e4-748f-8f6c-7ed6c44b4d2d"


def test_ids_differ_by_every_part_that_says_which_entry_it_is() -> None:
    assert NOW is not None
    objects = set(product(("b", "bk", "", "1:b"), ("k", "", "kk", "b-1:e"), (None, "", "e", "-", "e-")))
    ids = {Identities(*each).at(ordinal, NOW) for each in objects for ordinal in range(20)}
    assert len(ids) == len(objects) * 20


@given(
    st.integers(min_value=-63_113_904_000_000_000, max_value=252_455_615_999_999_999), st.integers(0, 2**62)
)
def test_any_time_and_ordinal_give_a_uuid_of_version_7(microseconds: int, ordinal: int) -> None:
    uuid = UUID(bytes=Identities("b", "k", None).at(ordinal, microseconds))
    assert uuid.version == 7


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_key_has_an_id_even_if_it_is_no_unicode(key: str, version: str) -> None:
    assert len(Identities("file", key + "\udcff", version).at(0, 0)) == 16


def test_ids_of_s3_and_of_local_files_are_those_from_before_stores_were_recorded() -> None:
    before = Identities("b", "k", "e").at(5, 0)
    assert Identities("b", "k", "e", Store.S3).at(5, 0) == before
    assert Identities("b", "k", "e", Store.FILE).at(5, 0) == before


def test_the_same_name_in_another_store_has_other_ids() -> None:
    ids = {Identities(LOCAL_BUCKET, "/a", "e", store).at(0, 0) for store in Store}
    assert len(ids) == len(Store)
