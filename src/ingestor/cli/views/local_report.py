"""The report of `ingestor local` on each file."""

import shlex
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from ingestor import ledger
from ingestor.cli.support.terminal import count, counted, duration
from ingestor.database import Connection
from ingestor.errors import ErrorKind, IngestorError
from ingestor.ingest import AlreadyLoaded, Continued, Failed, FileResult, HeldElsewhere, Loaded
from ingestor.visible_text import visible


class LocalState(StrEnum):
    LOADED = "loaded"
    ALREADY_LOADED = "already loaded"
    CHANGED_KEPT = "changed since loading"
    HELD = "held by another worker"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def is_failure(self) -> bool:
        return self in {LocalState.HELD, LocalState.FAILED}

    @property
    def is_left_to_load(self) -> bool:
        """A failure, or stopped."""
        return self.is_failure or self is LocalState.STOPPED


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file. `file` is as it was given, `key` its key in the ledger; None when it could not even be opened.

    `rows`, `rejected` and `dropped` are the whole file's; `rows_per_second` and `dropped_by_reason` are of this
    command alone. `next` says what to do, where there is something.
    """

    file: str
    key: str | None
    state: LocalState
    rows: int
    rejected: int
    seconds: float
    rows_per_second: float | None = None
    error: str | None = None
    next: str | None = None
    dropped: int = 0
    dropped_by_reason: dict[str, int] = field(default_factory=dict)

    @property
    def summary_hint(self) -> str | None:
        """`next`, where the line of the file leaves it to the summary of all."""
        return self.next if self.rejected and not self.state.is_failure else None

    @property
    def line(self) -> str:
        facts = f"{self.file}: {self.state}"
        if self.state is LocalState.LOADED:
            facts += f", {counted(self.rows, 'row')}, {count(self.rejected)} rejected{self._dropped}, "
            facts += duration(self.seconds)
        if self.state is LocalState.HELD:
            return f"{self.file}: {self.next}"
        hint = None if self.summary_hint else self.next
        return "; ".join(part for part in (facts, self.error, hint) if part)

    @property
    def _dropped(self) -> str:
        if not self.dropped:
            return ""
        reasons = [f"{visible(reason)} {count(number)}" for reason, number in self.dropped_by_reason.items()]
        return f", {count(self.dropped)} dropped" + (f" ({', '.join(reasons)})" if reasons else "")


def unopened(name: str, error: IngestorError, *, seconds: float) -> FileReport:
    return FileReport(name, None, LocalState.FAILED, 0, 0, round(seconds, 3), error=str(error))


def report(name: str, result: FileResult, connection: Connection, *, seconds: float) -> FileReport:
    """The file's counts come from the ledger: an outcome has only those of this worker."""
    record = ledger.find_file(connection, result.file.bucket, result.file.key, store=result.file.store)
    state = _state(result)
    rate = None
    if record is not None and state is LocalState.LOADED and seconds > 0:
        rate = ledger.rows_of_last_claim(connection, record.id) / seconds
    return FileReport(
        file=name,
        key=result.file.key,
        state=state,
        rows=record.rows_loaded if record else 0,
        rejected=record.rows_rejected if record else 0,
        dropped=record.rows_dropped if record else 0,
        dropped_by_reason=_reasons(result),
        seconds=round(seconds, 3),
        rows_per_second=None if rate is None else round(rate, 1),
        error=result.outcome.error if isinstance(result.outcome, Failed) else None,
        next=_next(name, state, result, record),
    )


def _reasons(result: FileResult) -> dict[str, int]:
    """How many entries this command dropped, by reason."""
    match result.outcome:
        case Loaded(losses=losses):
            return dict(losses.dropped.most_common())
        case _:
            return {}


def _state(result: FileResult) -> LocalState:
    match result.outcome:
        case Loaded():
            return LocalState.LOADED
        case AlreadyLoaded(newer_skipped=True):
            return LocalState.CHANGED_KEPT
        case AlreadyLoaded():
            return LocalState.ALREADY_LOADED
        case HeldElsewhere():
            return LocalState.HELD
        case Continued():
            return LocalState.STOPPED
        case Failed():
            return LocalState.FAILED
        case _:
            assert_never(result.outcome)


def _next(name: str, state: LocalState, result: FileResult, record: ledger.FileRecord | None) -> str | None:
    again = f"`ingestor local {quoted(name)}`"
    match state:
        case LocalState.LOADED | LocalState.ALREADY_LOADED:
            rejects = record is not None and record.rows_rejected > 0
            return f"why entries were rejected: {status_hint(name, result)}" if rejects else None
        case LocalState.CHANGED_KEPT:
            return f"old rows kept. To replace: `ingestor local --replace {quoted(name)}`"
        case LocalState.HELD:
            left = record.due_in_seconds if record and record.is_held else None
            when = f"in {duration(left)}, when its claim expires" if left else "later"
            return f"another process is loading this file. If it died, retry {when}: {again}"
        case LocalState.STOPPED:
            return f"rerun to continue at entry {record.checkpoint if record else 0:,}: {again}"
        case LocalState.FAILED:
            if isinstance(result.outcome, Failed) and result.outcome.kind is ErrorKind.TRANSIENT:
                return f"to retry: {again}"
            return f"details: {status_hint(name, result)}"
        case _:
            assert_never(state)


def status_hint(name: str, result: FileResult) -> str:
    return f"`ingestor status {quoted(result.file.key if name == '-' else name)}`"


def loaded_beginning(earlier: ledger.LoadedInput) -> str:
    """The warning of an input that begins with `earlier`."""
    return (
        f"standard input begins with the {counted(earlier.size_bytes, 'byte')} that were loaded before as "
        f"{earlier.key}, and is a new file: {counted(earlier.rows_loaded, 'row')} will be there twice. To load only "
        f"what is new: "
        f"… | tail -c +{earlier.size_bytes + 1} | ingestor local -"
    )


def quoted(name: str) -> str:
    """A file's name for a shell; one that begins with a dash is not taken for an option."""
    return shlex.quote(f"./{name}" if name.startswith("-") and name != "-" else name)
