"""Where objects are: a store's bytes, pinned to one object version, and what its listing says.

`Source` opens objects and says which version a key has now. `Lister` says which keys there are; `listing` goes through
them. An `ObjectStore` does both. `s3` is a store, `local` a source; `ingestor.bootstrap` alone picks the store.
"""

from dataclasses import dataclass
from typing import Protocol

from ingestor.deadline import Bounded
from ingestor.model.source_file import ByteStream, SourceFile

__all__ = ["ListedLevel", "ListedPage", "Lister", "ObjectActions", "ObjectStore", "Source", "UnusableObject"]


class Source(Protocol):
    """Where objects are: S3, or this machine's files."""

    def open(self, file: SourceFile, /) -> ByteStream:
        """Opens `file`'s object version: what is read is that one, or an error is raised.

        Raises SourceMissingError, ObjectSupersededError, SourceUnavailableError; so does every `read`.
        """
        ...

    def current(self, file: SourceFile, /) -> SourceFile | None:
        """The object version that the key holds now, with size and time; None when the key is gone.

        Raises SourceUnavailableError.
        """
        ...


@dataclass(frozen=True, slots=True)
class UnusableObject:
    """An object that no row and no message can name; `key` is percent-encoded."""

    bucket: str
    key: str
    why: str

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def __str__(self) -> str:
        return f"{self.uri}: {self.why}; rename the object"


@dataclass(frozen=True, slots=True)
class ListedPage:
    """At most 1,000 keys; `files` and `unusable` are those with at least a byte. `requests`: what it took to come here.

    `last_key` is the last one that can be written down, None if none can. `token` is the endpoint's own word for where
    the next page begins, good for this process.
    """

    files: tuple[SourceFile, ...]
    last_key: str | None
    is_last: bool
    requests: int = 1
    unusable: tuple[UnusableObject, ...] = ()
    token: str | None = None


@dataclass(frozen=True, slots=True)
class ListedLevel:
    """What is directly below a prefix, at most 1,000: keys, and folders, which end in a slash, in one order."""

    entries: tuple[str, ...]
    is_last: bool


class Lister(Protocol):
    """Each method is one request. The page begins after the key `start_after`; `token` is the endpoint's word for it.

    Both raise SourceMissingError for a missing bucket, and SourceUnavailableError.
    """

    def page(
        self, bucket: str, prefix: str = "", *, start_after: str = "", token: str | None = None
    ) -> ListedPage: ...

    def level(self, bucket: str, prefix: str = "", *, start_after: str = "") -> ListedLevel: ...


class ObjectActions(Protocol):
    """What may be done to a loaded object. `file` has a version id, or else an ETag: no other bytes are touched.

    Both raise ObjectSupersededError where it is overwritten by now, SourceMissingError, ServiceUnavailableError.
    """

    def tag(self, file: SourceFile, /) -> None:
        """Adds the tag `ingestor` = `loaded`; the object's other tags stay."""
        ...

    def delete(self, file: SourceFile, /) -> None: ...


class ObjectStore(Source, Lister, Bounded, Protocol):
    """A source that can be listed. Others run it, so it may be away."""

    def answers(self, bucket: str, /) -> bool:
        """Whether the store is there and well, whatever it says of `bucket`."""
        ...
