"""Where objects are: a store's bytes, pinned to one version, and what its listing says.

`Source` opens objects and says which version a key has now. `listing` goes through the keys of a store that can be
listed. The stores are `s3` and `local`; `ingestor.bootstrap` alone picks one.
"""

from typing import Protocol

from ingestor.model.source_file import ByteStream, SourceFile

__all__ = ["Source"]


class Source(Protocol):
    """Where objects are: S3, or this machine's files."""

    def open(self, file: SourceFile, /) -> ByteStream:
        """Pinned to `file`'s version: what is read is that version or an error.

        Raises SourceMissingError, ObjectSupersededError, SourceUnavailableError; so does every `read`.
        """
        ...

    def current(self, file: SourceFile, /) -> SourceFile | None:
        """The version this key has now, with size and time; None when there is no such key any more.

        Raises SourceUnavailableError.
        """
        ...
