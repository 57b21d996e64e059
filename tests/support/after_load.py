"""Objects that a rule wants tagged or deleted once they are loaded, and those who do it or die of it."""

from dataclasses import dataclass, replace

from botocore.parsers import ResponseParserError
from tests.support.sweeping import Place

from ingestor import bootstrap, ledger
from ingestor.deadline import UNLIMITED
from ingestor.errors import ServiceUnavailableError
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


class Garbled:
    """What a proxy's page instead of S3's answer leads to."""

    def get_object_tagging(self, **_: str) -> object:
        raise ResponseParserError("not well-formed (invalid token)")


def load_wanting(place: Place, after: After, body: bytes = GOOD, key: str = KEY) -> SourceFile:
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
