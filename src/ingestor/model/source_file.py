"""The object version that a worker is asked to load: which bytes, under which key."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

LOCAL_BUCKET = "file"
"""The bucket of local files; their key is the absolute path."""

STANDARD_INPUT_KEY = "stdin:sha256:"
"""The key of what came through standard input is this and the hash of its bytes."""


class Store(StrEnum):
    """Where an object is, as `processed_files.store` has it: a file is known by store, bucket and key."""

    S3 = "s3"
    GS = "gs"
    AZ = "az"
    FILE = "file"


class ObjectName(NamedTuple):
    """What the ledger knows an object by, in the order of its index."""

    store: Store
    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One version of one object.

    `etag` identifies the bytes: two notifications with the same ETag speak of the same content. It carries no
    quotes. `version_id` is None, or "null", where the bucket isn't versioned. `uploaded_at` is when the object version
    was uploaded, `size_bytes` its stored (compressed) size. `known_since` is when the ledger first knew of the object,
    in whichever version; None where the ledger wasn't asked.
    """

    bucket: str
    key: str
    etag: str | None = None
    version_id: str | None = None
    size_bytes: int | None = None
    uploaded_at: datetime | None = None
    store: Store = Store.S3
    known_since: datetime | None = field(default=None, compare=False)

    @property
    def name(self) -> ObjectName:
        return ObjectName(self.store, self.bucket, self.key)

    @property
    def is_local(self) -> bool:
        return self.store is Store.FILE

    @property
    def uri(self) -> str:
        return self.key if self.is_local else f"{self.store}://{self.bucket}/{self.key}"

    def at_version(self, *, etag: str | None, version_id: str | None) -> "SourceFile":
        """The same key in another object version, its size and time unknown."""
        return replace(self, etag=etag, version_id=version_id, size_bytes=None, uploaded_at=None)


def why_unstorable(key: str) -> str | None:
    """Why no row of PostgreSQL can hold `key`; None: it can."""
    if "\x00" in key:
        return "the key holds NUL, which PostgreSQL refuses"
    if any("\ud800" <= character <= "\udfff" for character in key):
        return "the key is not UTF-8"
    return None


class ByteStream(Protocol):
    """The stored bytes of one object version, in order; `read` returns b"" at the end."""

    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...
