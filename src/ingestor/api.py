"""For Python programs: load local files, or a bucket's objects, right here; the same claims as the Lambdas'."""

import os
from dataclasses import dataclass
from pathlib import Path

from ingestor import bootstrap
from ingestor.database import Database
from ingestor.ingest import Outcome, Worker, ingest
from ingestor.local_file import LocalFiles, local_source_file
from ingestor.settings import Settings
from ingestor.source_file import SourceFile


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file."""

    file: SourceFile
    outcome: Outcome


def process_local_file(
    path: str | Path, *, settings: Settings | None = None, database: Database | None = None
) -> FileResult:
    """Loads one file of this machine; loading it again changes nothing.

    Raises ConfigurationError, DatabaseUnavailableError, SchemaError, SourceMissingError.
    """
    settings = settings or Settings.from_environment(os.environ)
    file = local_source_file(Path(path))
    used = database or bootstrap.database(settings)
    try:
        return FileResult(file, ingest(file, Worker(used, LocalFiles(), settings)))
    finally:
        if database is None:
            used.close()


def process_files(
    bucket: str, prefix: str = "", *, settings: Settings | None = None, database: Database | None = None
) -> list[FileResult]:
    """Lists the bucket and loads what the ledger does not have yet, one object after the other.

    Raises as `process_local_file` does, and SourceUnavailableError while listing.
    """
    settings = settings or Settings.from_environment(os.environ)
    source = bootstrap.s3_objects(settings)
    used = database or bootstrap.database(settings)
    try:
        worker = Worker(used, source, settings)
        return [FileResult(file, ingest(file, worker)) for file in source.listing(bucket, prefix)]
    finally:
        if database is None:
            used.close()
