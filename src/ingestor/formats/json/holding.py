"""An object's elements on their way out: at once, or once the objects around them have said whose they are."""

from collections.abc import Sequence
from dataclasses import replace

from msgspec import Raw

from ingestor.errors import UnreadableError
from ingestor.formats.framing import Frames
from ingestor.formats.mapping import Fields
from ingestor.model.entry import InContext, Malformed, Repaired, Value, size_of

HELD_BYTES = 4 * 1024 * 1024
"""No more than this of an object's elements waits for what the object says behind them."""


class Holding:
    """`in_context`: elements are held, and get what the objects around them said."""

    def __init__(self, *, in_context: bool) -> None:
        self._in_context = in_context
        self._parents: list[Fields] = []
        self._context: tuple[Fields, ...] | None = None
        self._ready = Frames([], [])
        self._held = Frames([], [])
        self._held_bytes = 0

    def enter(self) -> None:
        """An object begins, within those that have begun."""
        self._parents.append({})
        self._context = None

    def leave(self) -> Fields:
        """The innermost object has ended; what it said."""
        self._context = None
        return self._parents.pop()

    def say(self, name: str, value: object) -> None:
        """Of the innermost object."""
        self._parents[-1][name] = value

    def take(self, values: Sequence[Value], offsets: Sequence[int]) -> None:
        """Elements, in order, and where each starts."""
        if not self._in_context:
            self._ready.values.extend(values)
            self._ready.offsets.extend(offsets)
            return
        for value, offset in zip(values, offsets, strict=True):
            if self._context is None:
                self._context = tuple(self._parents)
            self._held.values.append(_with_context(value, self._context))
            self._held.offsets.append(offset)
            self._held_bytes += size_of(value)
            if self._held_bytes > HELD_BYTES:
                self.release()

    def release(self) -> None:
        """What is said later isn't said of what was held until now."""
        self._ready.values.extend(self._held.values)
        self._ready.offsets.extend(self._held.offsets)
        self.drop()
        self._parents = [dict(members) for members in self._parents]
        self._context = None

    def drop(self) -> None:
        """What is held is no entry."""
        self._held, self._held_bytes = Frames([], []), 0

    def give(self, failure: UnreadableError | None = None) -> Frames:
        """What needs to wait no longer; all, if nothing follows but `failure`."""
        if failure is not None:
            self.release()
        ready, self._ready = self._ready, Frames([], [])
        return ready if failure is None else replace(ready, failure=failure)


def _with_context(value: Value, context: tuple[Fields, ...]) -> Value:
    match value:
        case Raw():
            return InContext(value, context)
        case Repaired():
            return replace(value, context=context)
        case InContext() | Malformed():
            return value
