"""Log files whose every entry is known: what was uploaded is what must be found, by content."""

import gzip
import hashlib
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

type Fate = Literal["row", "repaired", "rejected"]

MONTHS = 200
"""Back from this month: within the span that partition maintenance gives partitions to."""


@dataclass(frozen=True, slots=True)
class Entry:
    """As it stands in the file."""

    raw: bytes
    fate: Fate


@dataclass(frozen=True, slots=True)
class Content:
    """One version of one object, as it is looked for later. No two entries of all are equal: each says its place.

    `loaded` and `rejected` are the digests of its entries.
    """

    loaded: frozenset[bytes]
    rejected: frozenset[bytes]

    @property
    def entries(self) -> int:
        return len(self.loaded) + len(self.rejected)


def digest(raw: bytes) -> bytes:
    """As PostgreSQL's md5(), in binary."""
    return hashlib.md5(raw, usedforsecurity=False).digest()


@dataclass(frozen=True, slots=True)
class Made:
    """An object to be uploaded."""

    body: bytes
    content: Content


def make(name: str, entries: int, rng: random.Random, *, months: tuple[int, int] = (0, 2)) -> Made:
    """`name` is of the object and its version. `months`: how far back its entries' times reach."""
    made = tuple(_entry(name, ordinal, rng, months) for ordinal in range(entries))
    raws = [entry.raw for entry in made]
    text = b"[" + b",\n".join(raws) + b"]" if rng.random() < 0.5 else b"\n".join(raws) + b"\n"
    rejected = frozenset(digest(entry.raw) for entry in made if entry.fate == "rejected")
    loaded = frozenset(digest(entry.raw) for entry in made if entry.fate != "rejected")
    return Made(gzip.compress(text, compresslevel=1), Content(loaded, rejected))


def _entry(name: str, ordinal: int, rng: random.Random, months: tuple[int, int]) -> Entry:
    message = f"{name} entry {ordinal}"
    chance = rng.random()
    if chance < 0.04:
        return Entry(json.dumps(message).encode(), "rejected")
    if chance < 0.06:
        return Entry(json.dumps({"msg": message, "time": "no time"}).encode(), "rejected")
    fields = {"level": 30, "time": _milliseconds(rng, months), "msg": message, "req": {"id": ordinal % 7}}
    if chance < 0.09:
        return Entry(json.dumps({**fields, "odd": "a\0b"}).encode(), "repaired")
    return Entry(json.dumps({**fields, "text": "x" * rng.randrange(200)}).encode(), "row")


def _milliseconds(rng: random.Random, months: tuple[int, int]) -> int:
    now = datetime.now(UTC)
    back = (now.year * 12 + now.month - 1) - rng.randrange(months[0], months[1] + 1)
    moment = datetime(back // 12, back % 12 + 1, rng.randrange(1, 28), tzinfo=UTC)
    return int(moment.timestamp() * 1000) + rng.randrange(86_400_000)
