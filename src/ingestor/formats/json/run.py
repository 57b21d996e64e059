"""JSON values that were parsed together; where each starts is computed only when asked for."""

import re
from collections.abc import Iterator, Sequence

from ingestor.model.entry import Value, size_of

_SEPARATORS = re.compile(rb"[ \t\r\n,]*+")


class ValueRun:
    """Valid values that were parsed together: `text` holds them and their separators, from `start` on.

    `offset` is the uncompressed offset of `text[start]`.
    """

    def __init__(self, values: Sequence[Value], text: bytes, start: int, offset: int) -> None:
        self.values = values
        self._text = text
        self._start = start
        self._offset = offset
        self._offsets: list[int] | None = None

    def with_values(self, values: Sequence[Value]) -> "ValueRun":
        """The same places, other verdicts on what is there."""
        return ValueRun(values, self._text, self._start, self._offset)

    def indexes(self) -> Iterator[int]:
        """Where each value starts in `text`."""
        at = self._start
        for value in self.values:
            found = _SEPARATORS.match(self._text, at)
            at = found.end() if found else at
            yield at
            at += size_of(value)

    def offset_of(self, index: int) -> int:
        if self._offsets is None:
            shift = self._offset - self._start
            self._offsets = [at + shift for at in self.indexes()]
        return self._offsets[index]
