"""What is uploaded, and what must become of it: each entry a row, or rejected; repaired ones with their original."""

import gzip
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from tests.faults.model_postgres import BEGINNING


class Kind(Enum):
    """Of an entry: what becomes of it."""

    PLAIN = "becomes a row"
    REPAIRED = "becomes a row, with its exact bytes beside it"
    REJECTED = "can't become a row"


class When(Enum):
    """An entry's own time: the clocks of those who log are anybody's guess."""

    NOW = BEGINNING - timedelta(minutes=5)
    LAST_MONTH = BEGINNING - timedelta(days=25)
    """Its month has no partition yet: the row goes to the default one, and is moved."""
    LAST_YEAR = BEGINNING - timedelta(days=400)
    YEAR_1 = datetime(1, 1, 1, tzinfo=BEGINNING.tzinfo)
    YEAR_2099 = datetime(2099, 12, 31, tzinfo=BEGINNING.tzinfo)


@dataclass(frozen=True, slots=True)
class ModelEntry:
    kind: Kind
    when: When
    raw: bytes


@dataclass(frozen=True, slots=True)
class ModelContent:
    """An object's entries in their order. `is_corrupt`: its end is missing, and nobody can load all of it."""

    entries: tuple[ModelEntry, ...]
    is_corrupt: bool = False

    @property
    def body(self) -> bytes:
        text = b"".join(entry.raw + b"\n" for entry in self.entries)
        return gzip.compress(text, mtime=0)[:-8] if self.is_corrupt else text


def written(title: str, kinds: list[tuple[Kind, When]], *, is_corrupt: bool) -> ModelContent:
    """Content that no other `title` has."""
    entries = (
        ModelEntry(kind, when, _raw(f"{title}, entry {number}", kind, when))
        for number, (kind, when) in enumerate(kinds)
    )
    return ModelContent(tuple(entries), is_corrupt)


def raw_data_of(entry: ModelEntry) -> str:
    """The `raw_data` that a loaded entry has."""
    return entry.raw.decode().replace("\\u0000", "\\ufffd")


def _raw(message: str, kind: Kind, when: When) -> bytes:
    entry = {"time": when.value.isoformat(), "level": 30, "msg": message}
    match kind:
        case Kind.PLAIN:
            return json.dumps(entry).encode()
        case Kind.REPAIRED:
            return json.dumps(entry | {"msg": f"{message} \0"}).encode()
        case Kind.REJECTED:
            return json.dumps(message).encode()
