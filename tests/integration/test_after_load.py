"""What a rule wants done to a loaded object: tied to what was loaded, once, whoever dies in between."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from tests.support.after_load import (
    GOOD,
    KEY,
    Dies,
    DyingAfter,
    DyingBefore,
    Garbled,
    Refusing,
    Wanting,
    finish,
    happened,
    keys,
    load_wanting,
    make_due,
    tags,
    with_versions,
)
from tests.support.sweeping import Place

from ingestor import bootstrap
from ingestor.aws.timely import TimelyClient
from ingestor.errors import IngestorError, ServiceUnavailableError
from ingestor.ingest import ingest
from ingestor.model.source_file import SourceFile
from ingestor.routing import After
from ingestor.sources import ObjectActions
from ingestor.sources.s3.actions import S3Actions
from ingestor.sweep.after_load import AfterLoad

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_a_loaded_object_is_deleted_where_a_rule_says_so(place: Place) -> None:
    load_wanting(place, After.DELETE)
    assert finish(place) == AfterLoad(deleted=1)
    assert keys(place) == []
    assert happened(place) == ["object deleted"]
    assert finish(place) == AfterLoad()


def test_an_object_is_kept_where_no_rule_says_otherwise(place: Place) -> None:
    load_wanting(place, After.KEEP)
    assert finish(place) == AfterLoad()
    assert keys(place) == [KEY]


def test_an_object_with_a_rejected_entry_is_kept(place: Place) -> None:
    load_wanting(place, After.DELETE, GOOD + b'{"msg":"no time"}\n')
    assert finish(place) == AfterLoad()
    assert keys(place) == [KEY]


def test_an_object_that_was_overwritten_since_is_kept(place: Place) -> None:
    load_wanting(place, After.DELETE)
    place.upload(KEY, GOOD * 2)
    assert finish(place) == AfterLoad(kept=1)
    assert keys(place) == [KEY]
    assert happened(place) == ["object kept: it was overwritten since"]


def test_only_the_version_that_was_loaded_is_deleted(place: Place) -> None:
    with_versions(place)
    loaded = load_wanting(place, After.DELETE)
    assert finish(place) == AfterLoad(deleted=1)
    versions = place.s3.list_object_versions(Bucket=place.bucket)
    assert loaded.version_id is not None
    assert (versions.get("Versions", []), versions.get("DeleteMarkers", [])) == ([], [])


def test_a_version_with_the_same_bytes_that_came_later_is_not_the_one_that_was_loaded(place: Place) -> None:
    with_versions(place)
    load_wanting(place, After.DELETE)
    place.upload(KEY, GOOD)
    assert finish(place) == AfterLoad(kept=1)
    assert len(place.s3.list_object_versions(Bucket=place.bucket).get("Versions", [])) == 2
    assert happened(place) == ["object kept: it was overwritten since"]


def test_an_answer_that_is_no_answer_of_s3_is_tried_again(place: Place) -> None:
    with_versions(place)
    load_wanting(place, After.TAG)
    client = TimelyClient(cast("S3Client", Garbled()))
    with pytest.raises(ServiceUnavailableError, match=KEY):
        finish(place, S3Actions(client))
    make_due(place)
    assert finish(place) == AfterLoad(tagged=1)


def test_a_tag_joins_the_tags_that_are_there(place: Place) -> None:
    with_versions(place)
    place.s3.put_object(Bucket=place.bucket, Key=KEY, Body=GOOD, Tagging="team=a")
    file = place.tools.objects.current(SourceFile(place.bucket, KEY))
    assert file is not None
    worker = bootstrap.worker(place.tools.database, place.tools.objects, place.tools.settings)
    ingest(file, replace(worker, router=Wanting(After.TAG)))
    assert finish(place) == AfterLoad(tagged=1)
    assert tags(place) == {"team": "a", "ingestor": "loaded"}


def test_without_versions_nothing_is_tagged(place: Place) -> None:
    load_wanting(place, After.TAG)
    assert finish(place) == AfterLoad(kept=1)
    assert tags(place) == {}


@pytest.mark.parametrize("dying", [lambda _: DyingBefore(), DyingAfter])
def test_whoever_dies_over_a_deletion_leaves_it_to_the_next(
    place: Place, dying: Callable[[ObjectActions], ObjectActions]
) -> None:
    load_wanting(place, After.DELETE)
    with pytest.raises(Dies):
        finish(place, dying(bootstrap.object_actions(place.tools.settings)))
    assert finish(place) == AfterLoad()
    make_due(place)
    assert finish(place) == AfterLoad(deleted=1)
    assert keys(place) == []
    assert happened(place) == ["object deleted"]


def test_what_s3_refuses_is_said_and_tried_again(place: Place) -> None:
    load_wanting(place, After.DELETE)
    with pytest.raises(IngestorError, match="access denied"):
        finish(place, Refusing())
    make_due(place)
    assert finish(place) == AfterLoad(deleted=1)
