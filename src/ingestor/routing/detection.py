"""Which known format a file has, where no rule says so: by the key under which AWS writes it, or by its head."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property

from ingestor.formats.known import FormatOptions, KnownFormat
from ingestor.model.source_file import SourceFile
from ingestor.routing import Pipeline


@dataclass(frozen=True, slots=True)
class Detected:
    """`reason` says what the format was told by."""

    known: KnownFormat
    reason: str


@dataclass(frozen=True)
class Detection:
    """`known` are asked in their order; what none recognises is read as `otherwise`, which says what it is not."""

    known: Sequence[KnownFormat]
    otherwise: KnownFormat

    def by_key(self, key: str) -> Detected | None:
        for pattern, glob, known in self._patterns:
            if pattern.match(key):
                return Detected(known, f"its key is like {glob}")
        return None

    def by_head(self, head: bytes) -> Detected:
        for known in self.known:
            if known.recognises(head):
                return Detected(known, "its first bytes")
        return Detected(self.otherwise, "no other format begins as it does")

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str, KnownFormat]]:
        return [(re.compile(translate(glob)), glob, each) for each in self.known for glob in each.keys]


@dataclass(frozen=True, slots=True)
class DetectingRouter:
    """A `Router` without rules: each file comes through its format as it is."""

    detection: Detection

    def by_name(self, file: SourceFile, /) -> Pipeline | None:
        detected = self.detection.by_key(file.key)
        return None if detected is None else as_it_is(detected)

    def by_head(self, _file: SourceFile, head: bytes, /) -> Pipeline:
        return as_it_is(self.detection.by_head(head))


def as_it_is(detected: Detected) -> Pipeline:
    known = detected.known
    return Pipeline(known.make(FormatOptions()), known.name, detected.reason)
