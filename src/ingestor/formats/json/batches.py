"""The decoder as its callers see it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from ingestor.errors import UnreadableError
from ingestor.formats.json.entries import Entries
from ingestor.formats.json.windows import Window, Windows
from ingestor.formats.limits import Limits
from ingestor.model.entry import Batch

WINDOW_BYTES = 128 * 1024
"""Read and parsed at once. glibc can't fill the holes that large blocks of slightly different sizes leave: decoding and
mapping 100,000 entries peaked at 87 MB with windows of 512 KiB, and at 61 MB with these."""


def batches(
    pieces: Iterator[bytes],
    limits: Limits,
    *,
    checkpoint: int = 0,
    checkpoint_offset: int = 0,
    time_is_up: Callable[[], bool],
) -> Iterator[Batch]:
    """The entries from ordinal `checkpoint` on, which follow uncompressed byte `checkpoint_offset`.

    Both as a batch before gave them (`first_ordinal` + its length, and `end_offset`), or 0. The last batch, possibly
    empty, has `is_last`: the file was read to its end and its checksums are right. `time_is_up` is asked after each
    read of the stream, of at most 256 KiB; when it is, what is complete comes at once as a batch, possibly empty.

    Raises UnreadableError (no log, truncated or corrupt compression, brackets without a unique reading), and what
    `stream.read` raises, unchanged: both after a batch with the entries before it, of which there are none while it
    can't be told whether it is a log. Doesn't close `stream`.
    """
    windows = Windows(pieces, min(limits.chunk_bytes, WINDOW_BYTES), checkpoint_offset, time_is_up)
    entries = Entries(limits, checkpoint, checkpoint_offset)
    while True:
        window = windows.next()
        if window.is_final:
            yield from _to_the_end(entries, window)
            return
        yield from _of_window(entries, window)


def _of_window(entries: Entries, window: Window) -> Iterator[Batch]:
    is_silent, failure = True, window.failure
    try:
        for batch in entries.of(window):
            is_silent = False
            yield batch
    except UnreadableError as error:
        failure = error
    has_some = not entries.batching.is_empty
    if (window.is_due and (is_silent or has_some)) or (failure is not None and has_some):
        yield entries.batching.take()
    if failure is not None:
        raise failure


def _to_the_end(entries: Entries, window: Window) -> Iterator[Batch]:
    """One batch is held back, until it is known whether it is the last."""
    held: Batch | None = None
    failure: UnreadableError | None = None
    try:
        for part in (entries.of(window), entries.finish(window)):
            for batch in part:
                if held is not None:
                    yield held
                held = batch
    except UnreadableError as error:
        failure = error
    if held is not None and not entries.batching.is_empty:
        yield held
        held = None
    last = held or entries.batching.take()
    if failure is None:
        yield replace(last, is_last=True)
        return
    if last.values:
        yield last
    raise failure
