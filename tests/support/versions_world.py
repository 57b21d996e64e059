"""A key, its messages and its workers, moved by a script whose actions may come in the midst of one another."""

from dataclasses import dataclass, field
from typing import LiteralString

from tests.support.ledger_steps import all_due
from tests.support.memory_queue import MemoryQueue
from tests.support.stepped_database import Killed, SteppedDatabase
from tests.support.versions_source import BROKEN, BUCKET, ENTRIES, VersionedKey

from ingestor import bootstrap
from ingestor.database import ConnectionParameters, Database
from ingestor.deadline import UNLIMITED
from ingestor.ingest import Continued, Failed, ingest
from ingestor.notifications import continuation_message, parse
from ingestor.settings import OnOverwrite, Settings
from ingestor.sweep.context import SweepContext
from ingestor.sweep.dead_letters import settle_dead_letters
from ingestor.sweep.due import requeue_due_files

DELIVERIES = 2
"""Before a message is a dead letter."""
WORKERS_AT_ONCE = 3
ROUNDS = 25
"""More sweeps than any history needs to come to rest."""

_EMPTY: LiteralString = (
    "TRUNCATE processed_files, file_events, logs, rejected_entries, raw_originals RESTART IDENTITY"
)
_FILE: LiteralString = """
SELECT status, error_kind, etag, rows_loaded,
       (SELECT array_agg(message ORDER BY ordinal) FROM logs l WHERE l.file_id = f.id),
       coalesce(lease_expires_at, next_attempt_at) IS NOT NULL, (SELECT count(*) FROM file_events)
FROM processed_files f
"""


@dataclass(frozen=True)
class Action:
    """`what` with a letter or a message's number, whichever it needs."""

    what: str
    letter: str = "A"
    number: int = 0


@dataclass(frozen=True)
class File:
    """The ledger's one row, and what is in `logs`."""

    status: str
    error_kind: str | None
    etag: str | None
    rows_loaded: int
    messages: list[str] | None
    is_unfinished: bool
    events: int


@dataclass
class World:
    parameters: ConnectionParameters
    database: Database
    mode: OnOverwrite
    is_versioned: bool
    with_etags: bool
    script: list[Action]
    gaps: list[int]
    key: VersionedKey = field(init=False)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    dead_letters: MemoryQueue = field(default_factory=MemoryQueue)
    sent: list[str] = field(default_factory=list)
    working: int = 0
    completed: str | None = None

    def __post_init__(self) -> None:
        self.key = VersionedKey(self.is_versioned, self.step)
        self.settings = Settings(on_overwrite=self.mode, chunk_rows=2, buckets=(BUCKET,), lease_seconds=600)
        self.tools = SweepContext(
            self.database,
            self.key,  # type: ignore[arg-type]  # nothing is listed here
            self.queue,  # type: ignore[arg-type]  # in memory
            self.settings,
            self.dead_letters,  # type: ignore[arg-type]  # in memory
        )
        with self.database.transaction() as connection:
            connection.execute(_EMPTY)

    def run(self) -> None:
        while self.script:
            self.do(self.script.pop(0))

    def step(self) -> None:
        """Between two steps of a worker; how many actions come here is the next of `gaps`."""
        if self.working == 0:
            return
        for _ in range(self.gaps.pop(0) if self.gaps else 0):
            if self.script:
                self.do(self.script.pop(0))

    def do(self, action: Action) -> None:
        match action.what:
            case "upload":
                stored = self.key.upload(action.letter)
                self.sent.append(continuation_message(stored.notification(with_etag=self.with_etags)))
                self.queue.put(self.sent[-1])
            case "delete":
                self.key.delete()
            case "purge":
                self.key.purge()
            case "deliver" if self.working < WORKERS_AT_ONCE:
                self.deliver(action.number)
            case "duplicate" if self.sent:
                self.queue.put(self.sent[action.number % len(self.sent)])
            case "bury" if self.sent:
                self.dead_letters.put(self.sent[action.number % len(self.sent)])
            case "kill" if self.working:
                raise Killed
            case "expire":
                all_due(self.database)
            case "sweep":
                self.sweep()
            case _:
                pass  # nobody to deliver to, to kill, or nothing sent yet
        self.look()

    def sweep(self) -> None:
        requeue_due_files(self.tools, UNLIMITED)
        settle_dead_letters(self.tools, UNLIMITED)

    def deliver(self, number: int) -> None:
        message = self.queue.take(number)
        if message is None:
            return
        (file,) = parse(message.body, buckets=frozenset({BUCKET}))
        database = SteppedDatabase(self.parameters, self.step)
        self.working += 1
        try:
            outcome = ingest(file, bootstrap.worker(database, self.key, self.settings))
        except Killed:
            outcome = None
        finally:
            self.working -= 1
            database.close()
        if isinstance(outcome, Continued):
            self.queue.put(continuation_message(outcome.file))
        if outcome is None or isinstance(outcome, Failed):
            self.come_again(message.body, message.receive_count)

    def come_again(self, body: str, receive_count: int) -> None:
        if receive_count >= DELIVERIES:
            self.dead_letters.put(body)
        else:
            self.queue.put(body, receive_count)

    def file(self) -> File | None:
        with self.database.transaction() as connection:
            row = connection.execute(_FILE).fetchone()
        return None if row is None else File(*row)

    def look(self) -> None:
        """A completed key stays as it is where overwrites are skipped."""
        file = self.file() if self.mode is OnOverwrite.SKIP else None
        if self.completed is not None:
            assert file is not None
            assert (file.status, file.etag) == ("COMPLETED", self.completed)
        if file is not None and file.status == "COMPLETED":
            self.completed = file.etag

    def settle(self) -> None:
        """Nobody dies and nobody uploads any more; whatever waits comes, whatever is due is swept."""
        self.gaps.clear()
        for _ in range(ROUNDS):
            while self.queue.messages:
                self.deliver(0)
            all_due(self.database)
            self.sweep()
            file = self.file()
            if not self.queue.messages and (file is None or not file.is_unfinished):
                return
        raise AssertionError(f"still not at rest: {self.file()}")

    def check(self) -> None:
        assert self.key.outdated == []
        file = self.file()
        if not self.key.uploads:
            assert file is None
            return
        assert file is not None
        letters = {stored.etag: stored.letter for stored in self.key.uploads}
        current = self.key.current_upload
        # Without an ETag, a version below a delete marker is loaded by its id, or missing.
        possible = [letters[file.etag]] if file.etag else list(letters.values())
        # Announced without one and away when looked for, it may be back when it is opened: skip leaves it at that.
        assert file.etag or current is None or self.mode is OnOverwrite.SKIP
        if file.status == "COMPLETED":
            assert file.messages in [[f"{letter}{n}" for n in range(ENTRIES)] for letter in possible]
        else:
            assert (file.status, file.error_kind) == ("FAILED", "permanent")
        assert file.rows_loaded == len(file.messages or [])
        if current is None:
            return
        if self.mode is OnOverwrite.REPLACE or file.status != "COMPLETED":
            assert file.etag == current.etag
        if current.letter != BROKEN:
            assert file.status == "COMPLETED"

    def check_rest(self) -> None:
        """What stays in the dead letters moves nothing any more."""
        before = self.file()
        for _ in range(3):
            all_due(self.database)
            self.sweep()
            assert self.queue.messages == []
        assert self.file() == before
