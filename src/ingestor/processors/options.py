"""What a rule of `ingestor.toml` says about its entries: which are dropped, and how the others are changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ingestor.processors.changes import Rename, SetFields, read_rename, read_set
from ingestor.processors.conditions import DropWhen, read_drop_when
from ingestor.processors.mapper import Steps
from ingestor.processors.mistakes import OptionMistake
from ingestor.processors.processor import Processor
from ingestor.processors.python import NamedProcessor, read_processors
from ingestor.processors.redaction import Redaction, read_redact
from ingestor.processors.sampling import Sample, read_sample

PROCESSING_OPTIONS = ("drop_when", "sample", "rename", "set", "processors", "redact")
"""The keys of a rule that are read here, in the order in which they act."""


@dataclass(frozen=True, slots=True)
class ProcessingOptions:
    """`written` is the rule's own words, which tell one configuration from another."""

    drop_when: tuple[DropWhen, ...] = ()
    sample: Sample | None = None
    changes: tuple[Processor, ...] = ()
    python: tuple[Processor, ...] = ()
    redaction: Redaction | None = None
    written: str = "{}"

    @classmethod
    def from_table(
        cls, table: Mapping[str, Any], folder: Path | None = None
    ) -> "ProcessingOptions | list[OptionMistake]":
        """Keys other than PROCESSING_OPTIONS are somebody else's. Modules of Python processors are found in `folder`,
        where the configuration is, or as any other; they are imported here.
        """
        reading = _Reading({name: table[name] for name in PROCESSING_OPTIONS if name in table}, folder)
        options = reading.options()
        return reading.mistakes or options

    @property
    def is_empty(self) -> bool:
        return self.written == "{}"

    @property
    def steps(self) -> Steps:
        return Steps(self.drop_when, self.sample, self.changes + self.python)

    def fingerprint(self) -> str | None:
        """The same for the same options and the same source of their Python; None: nothing is done to entries."""
        if self.is_empty:
            return None
        sources = [each.source for each in self.python if isinstance(each, NamedProcessor)]
        return sha256("\0".join([self.written, *sources]).encode()).hexdigest()


class _Reading:
    def __init__(self, table: Mapping[str, Any], folder: Path | None) -> None:
        self.mistakes: list[OptionMistake] = []
        self._table = table
        self._folder = folder

    def options(self) -> ProcessingOptions:
        """Without what has a mistake."""
        table = self._table
        drops: list[DropWhen] = []
        python: list[Processor] = []
        if "drop_when" in table:
            drops = self._kept(*read_drop_when(table["drop_when"]))
        if "processors" in table:
            python = self._kept(*read_processors(table["processors"], self._folder))
        sample = read_sample(table["sample"]) if "sample" in table else None
        rename = read_rename(table["rename"]) if "rename" in table else None
        set_fields = read_set(table["set"]) if "set" in table else None
        redaction = read_redact(table["redact"]) if "redact" in table else None
        if isinstance(redaction, list):
            self.mistakes += redaction
            redaction = None
        self.mistakes += [each for each in (sample, rename, set_fields) if isinstance(each, OptionMistake)]
        return ProcessingOptions(
            tuple(drops),
            sample if isinstance(sample, Sample) else None,
            tuple(each for each in (rename, set_fields) if isinstance(each, Rename | SetFields)),
            tuple(python),
            redaction,
            json.dumps(table, default=str),
        )

    def _kept[T](self, read: list[T], mistakes: list[OptionMistake]) -> list[T]:
        self.mistakes += mistakes
        return read
