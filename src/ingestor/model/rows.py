"""What becomes of an entry: a row, a rejection or a drop; and who decides that."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from msgspec import Raw

from ingestor.model.columns import Row
from ingestor.model.entry import Batch
from ingestor.model.source_file import Store

type Entity = Raw | bytes
"""The bytes of one entry."""


@dataclass(frozen=True, slots=True)
class RowOrigin:
    """Whose rows they are: the ledger's id, and the object version that the rows' ids are made from.

    Times are microseconds since 2000-01-01 UTC. `fallback_time` is the time of entries without one; None: they are
    rejected. `uploaded_at` is that of the object version, and completes times that have no year.
    """

    file_id: int
    bucket: str
    key: str
    etag: str | None
    version_id: str | None
    store: Store = Store.S3
    fallback_time: int | None = None
    uploaded_at: int | None = None

    @property
    def object_version(self) -> str | None:
        return self.etag if self.etag is not None else self.version_id


@dataclass(frozen=True, slots=True)
class Rejection:
    """An entry that can't be a row, and why.

    `failure`: the processor that failed and how, in the same words for each entry.
    """

    reason: str
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """An entry that nobody wants as a row; `reason` is what drops are counted by."""

    reason: str


@dataclass(frozen=True, slots=True)
class LossCounts:
    """How many entries were dropped, by their reasons, and how many rejected by a processor's failure, by its kind.

    Each has at most MOST_REASONS and OTHER_REASONS: a reason that quotes the entry must not fill the memory.
    """

    dropped: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "LossCounts") -> "LossCounts":
        return LossCounts(_bounded(self.dropped + other.dropped), _bounded(self.failures + other.failures))


MOST_REASONS = 100
OTHER_REASONS = "other reasons"


def _bounded(counts: Counter[str]) -> Counter[str]:
    if len(counts) <= MOST_REASONS:
        return counts
    kept = Counter(dict(counts.most_common(MOST_REASONS)))
    kept[OTHER_REASONS] += counts.total() - kept.total()
    return kept


type Mapped = Row | Rejection | Drop


class Mapper(Protocol):
    """Maps the entries of one object version to rows; made for one file by its format."""

    @property
    def unknown_fields(self) -> int:
        """How many entries so far had fields that the format's documentation doesn't name."""
        ...

    def row_of(self, text: Entity, ordinal: int, context: object = None, /) -> Mapped:
        """`ordinal` is the entry's position in the file, `context` what its framing says of it.

        Raises nothing, whatever the bytes. A field whose type its column doesn't have is None in the row.
        """
        ...

    def redacted(self, raw: bytes, /) -> bytes:
        """An entry's bytes as they may be kept where they are no row: `rejected_entries.raw` and `raw_originals`."""
        ...


@runtime_checkable
class BatchMapper(Mapper, Protocol):
    """A `Mapper` that does better when it sees many entries at once."""

    def of_batch(self, batch: Batch, /) -> Callable[..., Mapped]:
        """`row_of` for the entries of this batch, under their own ordinals, and for no others."""
        ...


@dataclass(frozen=True, slots=True)
class EditedEntry:
    """An entry whose fields were changed: `fields` as they are to be loaded, `original` as they were read of `text`."""

    fields: dict[str, Any]
    original: dict[str, Any]
    text: str


@runtime_checkable
class TextEntryMapper(Mapper, Protocol):
    """A `Mapper` of entries that are no JSON, or not all of them: their fields can be changed before they are a row."""

    def fields_of(self, text: Entity, context: object = None, /) -> dict[str, Any] | Rejection:
        """As `row_of` reads them; a new dictionary each time."""
        ...

    def row_from(self, entry: EditedEntry, ordinal: int, context: object = None, /) -> Mapped:
        """The column `message` is the entry's text, unless the field of that name was given or changed."""
        ...
