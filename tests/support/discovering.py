"""A bucket whose objects have ages, and listings that have theirs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.support.ledger_steps import completed
from tests.support.sweeping import Place

from ingestor import ledger
from ingestor.model.source_file import SourceFile
from ingestor.sources import ListedPage
from ingestor.sources.s3 import S3Objects
from ingestor.sweep.context import SweepContext

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=400)


class Dated(S3Objects):
    """Objects as old as a test says: moto's are all new. Two keys a page, and counted."""

    def __init__(self, place: Place, ages: dict[str, timedelta]) -> None:
        super().__init__(place.s3)
        self.ages = ages
        self.pages = 0

    def page(
        self, bucket: str, prefix: str = "", *, start_after: str = "", token: str | None = None
    ) -> ListedPage:
        assert token is None
        self.pages += 1
        page = super().page(bucket, prefix, start_after=start_after)
        taken = page.files[:2]
        files = tuple(replace(file, uploaded_at=NOW - self.ages[file.key]) for file in taken)
        is_last = page.is_last and len(taken) == len(page.files)
        return ListedPage(files, taken[-1].key if taken else None, is_last=is_last)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def with_objects(place: Place, **ages: timedelta) -> SweepContext:
    """The objects uploaded so long ago, listed as such; everything since ever counts."""
    for key in ages:
        place.upload(key)
    settings = place.tools.settings.model_copy(update={"start_from": LONG_AGO})
    return replace(place.tools, objects=Dated(place, ages), settings=settings)


def loaded(place: Place, key: str, *, uploaded: datetime, last_log_at: datetime | None = None) -> None:
    current = place.tools.objects.current(SourceFile(place.bucket, key))
    etag = current.etag if current else "e"
    file = SourceFile(place.bucket, key, etag, None, 10, uploaded)
    completed(place.tools.database, file, last_log_at=last_log_at or uploaded)


def reconciled(tools: SweepContext) -> None:
    """As if the daily listing had just ended."""
    [bucket] = tools.settings.watched_buckets
    with tools.database.transaction() as connection:
        listing = ledger.begin_listing(connection, bucket, "", ledger.Purpose.RECONCILE, newer_than=LONG_AGO)
        ledger.move_listing(connection, listing, cursor=None, objects=0, registered=0, is_finished=True)


def aged(tools: SweepContext, age: str, purpose: str) -> None:
    """As if that listing had begun and ended so long ago."""
    with tools.database.transaction() as connection:
        connection.execute(
            "UPDATE listings SET started_at = started_at - %s::interval, finished_at = finished_at - %s::interval "
            "WHERE purpose = %s",
            (age, age, purpose),
        )
