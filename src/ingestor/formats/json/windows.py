"""The uncompressed bytes in windows of bounded size, from a checkpoint on, with the layout decided on the way."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingestor.errors import IngestorError, UnreadableError
from ingestor.formats import head
from ingestor.formats.json.layout import Decider, Layout
from ingestor.formats.limits import BOM


@dataclass(frozen=True, slots=True)
class Window:
    """`data` starts at `offset` of the uncompressed bytes, right after the window before it.

    `layout` is None only while the file's first value has shown neither its end nor a newline. `is_final`: the end of
    the file, checksums verified. `is_due`: time was up. `failure`: reading ended here, to be raised after `data`.
    """

    data: bytes
    offset: int
    layout: Layout | None
    is_final: bool
    is_due: bool
    failure: IngestorError | None


class Windows:
    """From uncompressed byte `start` on. A layout needs the head, so everything before `start` is read as well."""

    def __init__(
        self, pieces: Iterator[bytes], size: int, start: int, time_is_up: Callable[[], bool]
    ) -> None:
        self._size = size
        self._start = start
        self._time_is_up = time_is_up
        self._decider = Decider()
        self._pieces = head.of_log(pieces, self._decider)
        self._head: bytes | None = b""
        self._position = 0
        self._parts: list[bytes] = []
        self._held = 0
        self._rest = b""
        self._ended = False
        self._failure: IngestorError | None = None

    def next(self) -> Window:
        """Not to be called again after a window that is final or failed."""
        due = False
        while not (due or self._is_full() or (self._ended and not self._rest)):
            if self._rest:
                self._hold(self._rest)
            else:
                self._pull()
                due = self._time_is_up()
        if self._decider.peeks and due and not self._ended:
            return self._window(b"", is_due=True)
        data = b"".join(self._parts)
        self._parts, self._held = [], 0
        return self._window(data, is_due=due)

    def _is_full(self) -> bool:
        # A newline that is the last byte known leaves the layout open; one byte more closes it.
        return self._held >= self._size and not (self._decider.peeks and not self._rest)

    def _window(self, data: bytes, *, is_due: bool) -> Window:
        offset = self._position - self._held - len(data)
        is_final = self._ended and not self._rest and self._failure is None
        failure = self._failure if self._ended and not self._rest else None
        return Window(data, offset, self._decider.layout, is_final, is_due, failure)

    def _pull(self) -> None:
        try:
            piece = next(self._pieces, None)
        except IngestorError as error:
            self._failure = error
            piece = None
        self._ended = piece is None
        piece = self._without_bom(piece or b"")
        if self._decider.layout is None:
            self._decider.feed(piece)
        if self._ended and self._failure is None:
            self._decider.finish()
        self._skip(piece)

    def _without_bom(self, piece: bytes) -> bytes:
        if self._head is None:
            return piece
        self._head += piece
        if len(self._head) < len(BOM) and BOM.startswith(self._head) and not self._ended:
            return b""
        piece, self._head = self._head, None
        if piece.startswith(BOM):
            self._position = len(BOM)
        return piece.removeprefix(BOM)

    def _skip(self, piece: bytes) -> None:
        skipped = min(max(self._start - self._position, 0), len(piece))
        self._position += skipped
        self._hold(piece[skipped:])
        if self._ended and self._failure is None and self._position < self._start:
            self._failure = UnreadableError(
                f"the object ends at uncompressed byte {self._position}, before the checkpoint at {self._start}; "
                "it is not the version that was begun: upload it again"
            )

    def _hold(self, piece: bytes) -> None:
        room = max(self._size - self._held, 1)
        held, self._rest = piece[:room], piece[room:]
        self._parts.append(held)
        self._held += len(held)
        self._position += len(held)
