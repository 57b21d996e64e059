"""Loading processes and what keeps them: one that dies is replaced, its file goes on, and none outlives the parent."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from multiprocessing.connection import wait
from types import TracebackType
from typing import Self, assert_never

from ingestor import ledger
from ingestor.database import Database
from ingestor.errors import IngestorError
from ingestor.ingest import Continued, FileResult, HeldElsewhere
from ingestor.ingest.outages import claim_of_the_dead
from ingestor.model.source_file import SourceFile
from ingestor.outage import Patience
from ingestor.run.loader import ENDING_SECONDS, Loader, start_loader
from ingestor.run.loading_process import Alive, ClaimInHand, GaveUp, Message, OutageBegan, OutageEnded
from ingestor.run.watching import OnRead, ReadSoFar
from ingestor.settings import Settings

LOOK_EVERY_SECONDS = 0.2
"""How soon a request to stop reaches the processes."""

STOPPING_SECONDS = 45.0
"""A chunk in hand is committed within seconds; Kubernetes and its like kill after 30 or 60."""

SILENT_SECONDS = 30.0
"""A process with a file says every 2 s that it is alive. Silent for so long, and for its lease, it is frozen."""

STARTING_SECONDS = 120.0
"""Enough for importing boto3 on a busy machine."""

MAX_STILLBORN = 10
"""So many processes in a row died before they loaded anything: then the files aren't the cause."""


class LoadersDyingError(IngestorError):
    """No process lives long enough to load anything."""


class Processes:
    """`count` of them, each with connections of its own; `rows_per_second` is for all of them together.

    They are started when there is something to load, and live until the end of `with`. `database` is the parent's, for
    the claims of those that died, and `on_death` hears of each. `on_read` hears how far files are read.
    """

    def __init__(
        self,
        settings: Settings,
        count: int,
        rows_per_second: float | None,
        database: Database,
        patience: Patience,
        *,
        on_death: Callable[[str], None],
        on_read: OnRead,
        silent_seconds: float | None = None,
        stopping_seconds: float = STOPPING_SECONDS,
    ) -> None:
        self._settings = settings
        self._count = count
        self._rate = None if rows_per_second is None else rows_per_second / count
        self._database = database
        self._patience = patience
        self._on_death = on_death
        self._on_read = on_read
        self._silent_seconds = silent_seconds or max(SILENT_SECONDS, settings.lease_seconds)
        self._stopping_seconds = stopping_seconds
        self._stopping_since: float | None = None
        self._loaders: list[Loader] = []
        self._again: deque[SourceFile] = deque()
        self._orphans: set[SourceFile] = set()
        self._waiting: set[int] = set()
        self._stillborn = 0
        self.deaths = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_orderly = kind is None or issubclass(kind, IngestorError)
        for loader in self._loaders:
            if is_orderly:
                loader.ask_to_stop()
            else:
                loader.kill("interrupted")
        until = time.monotonic() + ENDING_SECONDS
        for loader in self._loaders:
            loader.process.join(max(0.0, until - time.monotonic()))
            loader.kill("too slow to end")
            loader.reap()
        self._loaders.clear()

    def load(self, files: Iterator[SourceFile]) -> Iterator[FileResult]:
        """Raises DatabaseUnavailableError for an outage longer than patience, SchemaError, LoadersDyingError."""
        self._stopping_since = None
        self._orphans.clear()
        is_last_given = False
        while True:
            is_last_given = self._give(files, is_last_given=is_last_given)
            if is_last_given and not self._busy and not self._again:
                return
            for loader in self._ready():
                result = self._hear(loader)
                if result is not None:
                    yield result
            self._reap_dead()
            self._watch()

    @property
    def _busy(self) -> list[Loader]:
        return [loader for loader in self._loaders if loader.file is not None]

    def _give(self, files: Iterator[SourceFile], *, is_last_given: bool) -> bool:
        """Gives a file to each process that has none. True: only files that come again are left."""
        while len(self._busy) < self._count:
            if self._patience.deadline.is_near():
                self._again.clear()
                return True
            if self._again:
                file: SourceFile | None = self._again.popleft()
            else:
                file = None if is_last_given else next(files, None)
            if file is None:
                return True
            self._idle_loader().give(file)
        return is_last_given

    def _idle_loader(self) -> Loader:
        for loader in self._loaders:
            if loader.file is None and not loader.is_gone:
                return loader
        self._loaders.append(start_loader(self._settings, self._rate, self._patience.seconds))
        return self._loaders[-1]

    def _ready(self) -> list[Loader]:
        """The processes that sent a message, or whose pipe is closed."""
        ready = set(wait([loader.pipe for loader in self._loaders], timeout=LOOK_EVERY_SECONDS))
        return [loader for loader in self._loaders if loader.pipe in ready]

    def _hear(self, loader: Loader) -> FileResult | None:
        """Handles the loader's messages. Raises the error that the loader ended for."""
        message: Message | None = loader.hear()
        match message:
            case FileResult():
                return self._taken(loader, message)
            case ClaimInHand():
                loader.claim = message
            case ReadSoFar():
                self._on_read(message)
            case OutageBegan(why=why):
                self._note_outage(loader, why)
            case OutageEnded(seconds=seconds):
                self._note_end_of_outage(loader, seconds)
            case GaveUp(error=error):
                loader.file = None
                raise error
            case Alive() | None:
                pass
            case _:
                assert_never(message)
        return None

    def _taken(self, loader: Loader, result: FileResult) -> FileResult | None:
        """The result for the caller; None: the file comes again."""
        loader.file = loader.claim = None
        self._stillborn = 0
        if isinstance(result.outcome, Continued) and self._stopping_since is None:
            self._again.append(result.file)  # somebody else told this process to stop
            return None
        if isinstance(result.outcome, HeldElsewhere) and result.file in self._orphans:
            return FileResult(result.file, claim_of_the_dead(result.file, self._settings.lease_seconds))
        return result

    def _note_outage(self, loader: Loader, why: str) -> None:
        """Reports an outage once, however many processes wait for its end."""
        if not self._waiting:
            self._patience.reporter.outage_began(why)
        self._waiting.add(id(loader))

    def _note_end_of_outage(self, loader: Loader, seconds: float) -> None:
        self._waiting.discard(id(loader))
        if not self._waiting:
            self._patience.reporter.outage_ended(seconds)

    def _reap_dead(self) -> None:
        """Their files go on. Raises LoadersDyingError, and DatabaseUnavailableError for an outage beyond patience."""
        for loader in [each for each in self._loaders if each.is_gone]:
            self._loaders.remove(loader)
            self._waiting.discard(id(loader))
            loader.reap()
            self._stillborn += not loader.has_spoken
            if self._stillborn >= MAX_STILLBORN:
                raise LoadersDyingError(
                    f"{MAX_STILLBORN} loading processes in a row died before they could load anything, the last one: "
                    f"{loader.how_it_ended}; try fewer --workers"
                )
            if loader.file is not None:
                self._let_go_on(loader, loader.file)

    def _let_go_on(self, loader: Loader, file: SourceFile) -> None:
        is_stopping = self._stopping_since is not None
        goes_on = "the next pass goes on with it" if is_stopping else "another process goes on with it"
        self.deaths += 1
        self._on_death(f"a loading process died ({loader.how_it_ended}) over {file.uri}; {goes_on}")
        if loader.claim is not None:
            self._give_back(loader.claim, loader.how_it_ended, counts=not is_stopping)
        else:
            self._orphans.add(file)
        if not is_stopping:
            self._again.append(file)

    def _give_back(self, claim: ClaimInHand, how: str, *, counts: bool) -> None:
        def give_back() -> None:
            with self._database.transaction() as connection:
                why = f"its loading process died: {how}"
                ledger.release_dead(
                    connection, file_id=claim.file_id, version=claim.version, why=why, counts=counts
                )

        self._patience.through(give_back)

    def _watch(self) -> None:
        """Kills processes that are frozen, and those that don't stop when asked to."""
        now = time.monotonic()
        for loader in self._busy:
            limit = self._silent_seconds if loader.has_spoken else STARTING_SECONDS
            if now - loader.heard_at > limit:
                loader.kill(f"frozen, silent for {limit:.0f} s")
        if not self._patience.deadline.is_near():
            return
        if self._stopping_since is None:
            self._stopping_since = now
            for loader in self._busy:
                loader.ask_to_stop()
        elif now - self._stopping_since > self._stopping_seconds:
            for loader in self._busy:
                loader.kill(f"it did not stop within {self._stopping_seconds:.0f} s")
