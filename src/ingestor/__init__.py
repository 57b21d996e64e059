"""Log files from S3 into Postgres: every entry exactly once.

`process_local_file` and `process_files` are for Python programs; importing the package opens and reads nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingestor.api import process_files, process_local_file
    from ingestor.ingest import FileResult

__all__ = ["FileResult", "process_files", "process_local_file"]


def __getattr__(name: str) -> object:
    # Late, because a Lambda imports `ingestor.ingest` alone and pays for every module at its cold start.
    if name in __all__:
        from ingestor import api  # noqa: PLC0415 - a Lambda must not pay for it

        return getattr(api, name)
    raise AttributeError(f"module 'ingestor' has no attribute {name!r}")
