"""How a worker's turn with one file can end."""

from dataclasses import dataclass, field

from ingestor.errors import ErrorKind
from ingestor.model.rows import LossCounts
from ingestor.model.source_file import SourceFile


@dataclass(frozen=True, slots=True)
class Loaded:
    """COMPLETED by this worker; the counts are the whole file's. `newer_waits`: replace it now.

    `losses` are those of this worker's turn: an earlier one may have had a part in the file.
    The bytes are uncompressed; the lag is from the upload to the last commit, None where the upload's time is unknown.
    """

    file_id: int
    rows_loaded: int
    rows_rejected: int
    bytes_loaded: int
    lag_seconds: float | None = None
    newer_waits: bool = False
    rows_dropped: int = 0
    unknown_fields: int = 0
    losses: LossCounts = field(default_factory=LossCounts, repr=False)


@dataclass(frozen=True, slots=True)
class AlreadyLoaded:
    """Nothing to do. `newer_skipped`: the object was overwritten since, and ON_OVERWRITE=skip left it."""

    newer_skipped: bool


@dataclass(frozen=True, slots=True)
class HeldElsewhere:
    """Another worker has the file, from the start or meanwhile; this one wrote nothing after that."""


@dataclass(frozen=True, slots=True)
class Continued:
    """Released with its checkpoint, short of time: send `file` on."""

    file: SourceFile
    checkpoint: int


@dataclass(frozen=True, slots=True)
class Failed:
    """`retry_in_seconds` is None where nothing but a person or a new version helps, or the ledger has no row."""

    kind: ErrorKind
    error: str
    retry_in_seconds: float | None = None


type Outcome = Loaded | AlreadyLoaded | HeldElsewhere | Continued | Failed


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file.

    `file` is the version that was asked for: bucket ("file" for a local one), key, ETag, size. `outcome` is one of
    Loaded, AlreadyLoaded, HeldElsewhere, Continued (stopped by the deadline; the next call goes on
    from there) and Failed, whose `error` is in the ledger too.
    """

    file: SourceFile
    outcome: Outcome
