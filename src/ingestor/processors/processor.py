"""One step between an entry and its row, and what the step is given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ingestor.model.rows import Drop


@dataclass(frozen=True, slots=True)
class EntryContext:
    """Where an entry stands: its object, and its position in it, from 0."""

    bucket: str
    key: str
    ordinal: int


type Processed = dict[str, Any] | Drop | None
"""The entry as it is to be loaded; or why nobody wants it; or None: it stays as it is, byte for byte."""


class Processor(Protocol):
    """Deterministic: no clock, no randomness, no network. A second try of the same file must give the same rows."""

    @property
    def name(self) -> str:
        """As a rejected entry's reason gives it."""
        ...

    def process(self, entry: dict[str, Any], context: EntryContext, /) -> Processed:
        """`entry` is a copy, which may be changed and returned. An exception rejects the entry, and no other."""
        ...


@dataclass(frozen=True, slots=True)
class FunctionProcessor:
    """A `Processor` made of a function: `def enrich(entry, context)`."""

    name: str
    function: Callable[[dict[str, Any], EntryContext], Processed]

    def process(self, entry: dict[str, Any], context: EntryContext, /) -> Processed:
        return self.function(entry, context)
