"""What a rule wants done to a loaded object: tied to what was loaded, once, whoever dies in between."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from tests.support.sweeping import Place

from ingestor import bootstrap, ledger
from ingestor.deadline import UNLIMITED
from ingestor.errors import IngestorError, ServiceUnavailableError
from ingestor.formats.json import JsonFormat
from ingestor.ingest import Loaded, ingest
from ingestor.model.source_file import SourceFile
from ingestor.routing import After, Pipeline, Skip
from ingestor.sources import ObjectActions
from ingestor.sweep.after_load import AfterLoad, ObjectFinisher

KEY = "app.json"
GOOD = b'{"time":1795432855268,"msg":"hello"}\n'


@dataclass(frozen=True)
class Wanting:
    """A `Router` that wants the same of every object."""

    after: After

    def by_name(self, _file: SourceFile, /) -> Pipeline | Skip | None:
        return Pipeline(JsonFormat(), "json", "a rule", after=self.after)

    def by_head(self, _file: SourceFile, _head: bytes, /) -> Pipeline:
        raise AssertionError("its name decided")


class Dies(BaseException):
    """As SIGKILL: nothing of ours runs after it."""


@dataclass
class DyingBefore:
    """An `ObjectActions` whose process ends before it asks S3."""

    def tag(self, _file: SourceFile, /) -> None:
        raise Dies

    def delete(self, _file: SourceFile, /) -> None:
        raise Dies


@dataclass
class DyingAfter:
    """An `ObjectActions` whose process ends after S3 did it, and before anybody heard of it."""

    actions: ObjectActions

    def tag(self, file: SourceFile, /) -> None:
        self.actions.tag(file)
        raise Dies

    def delete(self, file: SourceFile, /) -> None:
        self.actions.delete(file)
        raise Dies


@dataclass
class Refusing:
    def tag(self, file: SourceFile, /) -> None:
        raise ServiceUnavailableError(f"{file.uri}: access denied")

    def delete(self, file: SourceFile, /) -> None:
        raise ServiceUnavailableError(f"{file.uri}: access denied")


def load(place: Place, after: After, body: bytes = GOOD, key: str = KEY) -> SourceFile:
    place.upload(key, body)
    file = place.tools.objects.current(SourceFile(place.bucket, key))
    assert file is not None
    worker = bootstrap.worker(place.tools.database, place.tools.objects, place.tools.settings)
    settings = place.tools.settings.model_copy(update={"max_reject_ratio": 1.0})
    outcome = ingest(file, replace(worker, router=Wanting(after), settings=settings))
    assert isinstance(outcome, Loaded)
    return file


def finish(place: Place, actions: ObjectActions | None = None) -> AfterLoad:
    own = bootstrap.object_actions(place.tools.settings)
    finisher = ObjectFinisher(place.tools.database, place.tools.objects, actions or own)
    return finisher.finish(UNLIMITED, buckets=(place.bucket,))


def make_due(place: Place) -> None:
    with place.tools.database.transaction() as connection:
        connection.execute(
            "UPDATE processed_files SET after_due_at = clock_timestamp() WHERE after_due_at IS NOT NULL"
        )


def record(place: Place) -> ledger.FileRecord:
    with place.tools.database.transaction() as connection:
        found = ledger.find_file(connection, place.bucket, KEY)
    assert found is not None
    return found


def happened(place: Place) -> list[str]:
    with place.tools.database.transaction() as connection:
        events = ledger.file_history(connection, record(place)).events
    return [f"{each.event}: {each.error}" if each.error else each.event for each in events][2:]


def keys(place: Place) -> list[str]:
    return [each["Key"] for each in place.s3.list_objects_v2(Bucket=place.bucket).get("Contents", [])]


def tags(place: Place) -> dict[str, str]:
    found = place.s3.get_object_tagging(Bucket=place.bucket, Key=KEY)["TagSet"]
    return {each["Key"]: each["Value"] for each in found}


def with_versions(place: Place) -> None:
    place.s3.put_bucket_versioning(Bucket=place.bucket, VersioningConfiguration={"Status": "Enabled"})


def test_a_loaded_object_is_deleted_where_a_rule_says_so(place: Place) -> None:
    load(place, After.DELETE)
    assert finish(place) == AfterLoad(deleted=1)
    assert keys(place) == []
    assert happened(place) == ["object deleted"]
    assert finish(place) == AfterLoad()


def test_an_object_is_kept_where_no_rule_says_otherwise(place: Place) -> None:
    load(place, After.KEEP)
    assert finish(place) == AfterLoad()
    assert keys(place) == [KEY]


def test_an_object_with_a_rejected_entry_is_kept(place: Place) -> None:
    load(place, After.DELETE, GOOD + b'{"msg":"no time"}\n')
    assert finish(place) == AfterLoad()
    assert keys(place) == [KEY]


def test_an_object_that_was_overwritten_since_is_kept(place: Place) -> None:
    load(place, After.DELETE)
    place.upload(KEY, GOOD * 2)
    assert finish(place) == AfterLoad(kept=1)
    assert keys(place) == [KEY]
    assert happened(place) == ["object kept: it was overwritten since"]


def test_an_object_overwritten_in_the_last_moment_is_kept(place: Place) -> None:
    class Overwriting:
        def tag(self, _file: SourceFile, /) -> None:
            raise AssertionError

        def delete(self, file: SourceFile, /) -> None:
            place.upload(KEY, GOOD * 3)
            bootstrap.object_actions(place.tools.settings).delete(file)

    load(place, After.DELETE)
    assert finish(place, Overwriting()) == AfterLoad(kept=1)
    assert keys(place) == [KEY]


def test_only_the_version_that_was_loaded_is_deleted(place: Place) -> None:
    with_versions(place)
    loaded = load(place, After.DELETE)
    assert finish(place) == AfterLoad(deleted=1)
    versions = place.s3.list_object_versions(Bucket=place.bucket)
    assert loaded.version_id is not None
    assert (versions.get("Versions", []), versions.get("DeleteMarkers", [])) == ([], [])


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
    load(place, After.TAG)
    assert finish(place) == AfterLoad(kept=1)
    assert tags(place) == {}


@pytest.mark.parametrize("dying", [lambda _: DyingBefore(), DyingAfter])
def test_whoever_dies_over_a_deletion_leaves_it_to_the_next(
    place: Place, dying: Callable[[ObjectActions], ObjectActions]
) -> None:
    load(place, After.DELETE)
    with pytest.raises(Dies):
        finish(place, dying(bootstrap.object_actions(place.tools.settings)))
    assert finish(place) == AfterLoad()
    make_due(place)
    assert finish(place) == AfterLoad(deleted=1)
    assert keys(place) == []
    assert happened(place) == ["object deleted"]


def test_a_file_whose_deletion_has_begun_is_never_reloaded(place: Place) -> None:
    load(place, After.DELETE)
    with pytest.raises(Dies):
        finish(place, DyingBefore())
    with place.tools.database.transaction() as connection:
        assert ledger.start_over(connection, record(place).id) is None
    assert record(place).status == "COMPLETED"


def test_a_file_that_is_reloaded_first_keeps_its_object(place: Place) -> None:
    load(place, After.DELETE)
    with place.tools.database.transaction() as connection:
        assert ledger.start_over(connection, record(place).id) is not None
    assert finish(place) == AfterLoad()
    assert keys(place) == [KEY]


def test_what_s3_refuses_is_said_and_tried_again(place: Place) -> None:
    load(place, After.DELETE)
    with pytest.raises(IngestorError, match="access denied"):
        finish(place, Refusing())
    make_due(place)
    assert finish(place) == AfterLoad(deleted=1)
