"""The Python interface: loads local files, or a bucket's objects, in this process, with the Lambdas' claims."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ingestor import bootstrap
from ingestor.database import Database
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.errors import ErrorKind
from ingestor.ingest import Failed, FileResult
from ingestor.ingest.outages import ingest_through_outages
from ingestor.model.source_file import SourceFile
from ingestor.outage import IMPATIENT, Patience
from ingestor.routing import Router
from ingestor.settings import Settings
from ingestor.sources import Source
from ingestor.sources.listing import pages
from ingestor.sources.local import LocalFiles, SpooledInput, local_source_file, spooled_standard_input
from ingestor.sources.watched import watched

type OnBytes = Callable[[int], None]
"""Called with the number of stored bytes read so far. It begins again at 0 when the file changed meanwhile."""


def process_local_file(
    path: str | Path,
    *,
    settings: Settings | None = None,
    database: Database | None = None,
    deadline: Deadline = UNLIMITED,
    patience: Patience = IMPATIENT,
    on_bytes: OnBytes | None = None,
    router: Router | None = None,
) -> FileResult:
    """Loads one file of this machine; loading it again changes nothing.

    `patience`: whether, and how long, an outage of the database is waited for. Raises ConfigurationError,
    DatabaseUnavailableError, SchemaError, SourceMissingError, and SourceUnavailableError for a file that may not be
    looked at. Without `settings`, the environment's are read; without `router`, `ingestor.toml` is.
    """
    settings = settings or Settings.from_environment(os.environ)
    file = local_source_file(Path(path))
    with _given_or_own(database, settings) as used:
        worker = bootstrap.worker(used, _watched(LocalFiles(), on_bytes), settings, routes=router)
        return FileResult(file, ingest_through_outages(file, worker, deadline, patience))


def process_stream(
    stream: BinaryIO,
    *,
    settings: Settings | None = None,
    database: Database | None = None,
    deadline: Deadline = UNLIMITED,
    patience: Patience = IMPATIENT,
    on_bytes: OnBytes | None = None,
    on_spooled: Callable[[SpooledInput], None] | None = None,
    router: Router | None = None,
) -> FileResult:
    """Loads what a stream holds to its end, from a temporary copy; the same bytes again change nothing.

    The key is the bytes' hash, "stdin:sha256:…". `on_spooled` sees the copy before it is loaded.
    Raises as `process_local_file` does.
    """
    settings = settings or Settings.from_environment(os.environ)
    with spooled_standard_input(stream) as spooled, _given_or_own(database, settings) as used:
        if on_spooled is not None:
            on_spooled(spooled)
        source = LocalFiles({spooled.file.key: spooled.path})
        worker = bootstrap.worker(used, _watched(source, on_bytes), settings, routes=router)
        return FileResult(spooled.file, ingest_through_outages(spooled.file, worker, deadline, patience))


def process_files(
    bucket: str,
    prefix: str = "",
    *,
    settings: Settings | None = None,
    database: Database | None = None,
    patience: Patience = IMPATIENT,
) -> list[FileResult]:
    """Lists the bucket and loads what the ledger does not have yet, one object after the other.

    An object whose key PostgreSQL can't hold is a failed file, whose key is percent-encoded.
    Raises as `process_local_file` does, and SourceUnavailableError while listing.
    """
    settings = settings or Settings.from_environment(os.environ)
    source = bootstrap.store(settings)
    with _given_or_own(database, settings) as used:
        worker = bootstrap.worker(used, source, settings)
        results: list[FileResult] = []
        for page in pages(source, bucket, prefix):
            results += [
                FileResult(file, ingest_through_outages(file, worker, UNLIMITED, patience))
                for file in page.files
            ]
            results += [
                FileResult(SourceFile(bucket, each.key), Failed(ErrorKind.PERMANENT, str(each)))
                for each in page.unusable
            ]
        return results


@contextmanager
def _given_or_own(database: Database | None, settings: Settings) -> Iterator[Database]:
    """The given database, which stays open; without one, a database of the settings, closed at the end."""
    if database is not None:
        yield database
        return
    own = bootstrap.database(settings)
    try:
        yield own
    finally:
        own.close()


def _watched(source: Source, on_bytes: OnBytes | None) -> Source:
    return source if on_bytes is None else watched(source, lambda _file, read_bytes: on_bytes(read_bytes))
