"""What may happen, rule by rule; Hypothesis makes up the order, and the shortest one that shows a defect."""

import sys
from datetime import timedelta

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.faults.model_books import Books
from tests.faults.model_commands import Commands
from tests.faults.model_content import Kind, ModelContent, When, written
from tests.faults.model_notifications import Forgery, forged, notification_of
from tests.faults.model_postgres import ModelPostgres
from tests.faults.model_process import Fate, Process
from tests.faults.model_schedule import COMMIT, Schedule, Stop
from tests.faults.model_service import Installation, Service
from tests.faults.model_settling import judge_the_ended, settle_model, wake_the_frozen

from ingestor.settings import OnOverwrite

KEYS = st.sampled_from(["app1/a.json", "app1/b.json", "app2/c.json"])
PREFIXES = st.sampled_from(["", "app1/", "app2/"])
CLOCK_OFFSETS = st.sampled_from([timedelta(minutes=minutes) for minutes in (0, -59, -10, 10, 59)])
ENTRIES = st.lists(st.tuples(st.sampled_from(Kind), st.sampled_from(When)), min_size=1, max_size=5)
LONG = st.lists(st.tuples(st.just(Kind.PLAIN), st.sampled_from(When)), min_size=5, max_size=9)
BEGIN = "set_config('search_path'"
OVERDUE_SECONDS = 901
"""Longer than a lease, and than a message is hidden."""
SECONDS = st.sampled_from([10, 60, 301, 901, 3601, 12 * 3600])
WHICH = st.integers(0, 9)
"""One of several, counted from the oldest."""

STOPS = st.one_of(
    st.just(Stop()), st.builds(Stop, steps=st.integers(0, 60)), st.builds(Stop, commits=st.integers(1, 8))
)
FAULTS = st.sampled_from([Fate.PROCESS_DIES, Fate.FAILS, Fate.ANSWER_IS_LOST, Fate.VANISHES])


class Machine(RuleBasedStateMachine):
    """In the end all is let settle, and the books are checked."""

    postgres: ModelPostgres
    service: Service
    commands: Commands
    books: Books

    def __init__(self) -> None:
        super().__init__()
        self.postgres.begin_anew()
        self.schedule = Schedule(self.postgres)
        self.notifications: list[str] = []
        self.uploads = 0

    @initialize(
        installation=st.builds(
            Installation,
            has_queue=st.booleans(),
            is_versioned=st.booleans(),
            on_overwrite=st.sampled_from(OnOverwrite),
            retention_days=st.sampled_from([None, 45]),
            s3_clock_offset=CLOCK_OFFSETS,
        )
    )
    def install(self, installation: Installation) -> None:
        self.service = Service(self.schedule, installation)
        self.commands = Commands(self.service)
        self.books = Books(self.service)
        self.schedule.look = self._look

    # What people and S3 do

    @rule(
        key=KEYS,
        entries=ENTRIES,
        is_corrupt=st.sampled_from([False, False, False, True]),
        copies=st.integers(0, 2),
    )
    def upload(self, key: str, entries: list[tuple[Kind, When]], *, is_corrupt: bool, copies: int) -> None:
        """`copies`: of its notification; none, and it was lost."""
        self.uploads += 1
        self._put(key, written(f"{key} {self.uploads}", entries, is_corrupt=is_corrupt), copies)

    @precondition(lambda self: self.uploads)
    @rule(key=KEYS, which=WHICH, copies=st.integers(0, 1))
    def upload_an_old_version_again(self, key: str, which: int, copies: int) -> None:
        versions = self.service.s3.versions(key)
        if versions:
            self._put(key, self.books.contents[versions[which % len(versions)].body], copies)

    @precondition(lambda self: self.uploads)
    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        self.service.s3.delete(key)

    @precondition(lambda self: self.notifications)
    @rule(which=WHICH)
    def a_notification_comes_once_more(self, which: int) -> None:
        self.service.queue.put(self.notifications[which % len(self.notifications)])

    @precondition(lambda self: self.has_queue)
    @rule(forgery=st.sampled_from(Forgery), key=KEYS)
    def somebody_forges_a_message(self, forgery: Forgery, key: str) -> None:
        self.service.queue.put(forged(forgery, key, self.service.s3))

    @precondition(lambda self: self.has_queue and self.service.queue.messages)
    @rule(which=WHICH)
    def a_message_is_lost(self, which: int) -> None:
        numbers = list(self.service.queue.messages)
        del self.service.queue.messages[numbers[which % len(numbers)]]

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: int) -> None:
        self.schedule.pass_time(seconds)

    # What the service does

    @precondition(lambda self: self.has_queue and self.service.queue.visible)
    @rule(which=WHICH, stop=STOPS)
    def handle(self, which: int, stop: Stop) -> None:
        visible = self.service.queue.visible
        self._move(self.service.handle(visible[which % len(visible)]), stop)

    @precondition(lambda self: self.has_queue)
    @rule(stop=STOPS)
    def tick(self, stop: Stop) -> None:
        self._move(self.service.tick(), stop)

    @rule(stop=STOPS)
    def maintain_partitions(self, stop: Stop) -> None:
        self._move(self.service.maintain_partitions(), stop)

    @rule(prefix=PREFIXES, stop=STOPS)
    def run(self, prefix: str, stop: Stop) -> None:
        self._move(self.commands.run(prefix), stop)

    @precondition(lambda self: self.has_queue and self.uploads)
    @rule(prefix=PREFIXES, stop=STOPS)
    def backfill(self, prefix: str, stop: Stop) -> None:
        self._move(self.commands.backfill(prefix), stop)

    @precondition(lambda self: self.has_queue)
    @rule(stop=STOPS)
    def redrive(self, stop: Stop) -> None:
        self._move(self.commands.redrive(), stop)

    @precondition(lambda self: self.uploads)
    @rule(stop=STOPS)
    def retry(self, stop: Stop) -> None:
        self._move(self.commands.retry(), stop)

    @precondition(lambda self: self.uploads)
    @rule(stop=STOPS)
    def ignore(self, stop: Stop) -> None:
        self._move(self.commands.ignore(), stop)

    @precondition(lambda self: self.uploads)
    @rule(key=KEYS, stop=STOPS)
    def reload(self, key: str, stop: Stop) -> None:
        self._move(self.commands.reload(key), stop)

    # What befalls its processes

    @precondition(lambda self: self.schedule.paused)
    @rule(which=WHICH, stop=STOPS)
    def goes_on(self, which: int, stop: Stop) -> None:
        self._move(self._paused(which), stop)

    @precondition(lambda self: self.schedule.paused)
    @rule(which=WHICH, fate=FAULTS, stop=STOPS)
    def meets_a_fault(self, which: int, fate: Fate, stop: Stop) -> None:
        process = self._paused(which)
        self.schedule.go_on(process, fate)
        self._move(process, stop)

    @precondition(lambda self: self.schedule.paused)
    @rule(which=WHICH)
    def is_short_of_time(self, which: int) -> None:
        self._paused(which).is_short_of_time = True

    @precondition(lambda self: self.schedule.paused)
    @rule(which=WHICH)
    def freezes(self, which: int) -> None:
        """Until everything else has settled; then it wakes, too late."""
        self._paused(which).is_frozen = True

    @rule(key=KEYS, entries=LONG, first=st.integers(2, 4), second=st.integers(3, 6))
    def wakes_amid_its_successor(
        self, key: str, entries: list[tuple[Kind, When]], first: int, second: int
    ) -> None:
        """The hour of the fence: each stands between two chunks of one file, and who lost its claim goes on first."""
        self.upload(key, entries, is_corrupt=False, copies=1)
        overtaken = self._load_between(first)
        self.schedule.pass_time(OVERDUE_SECONDS)
        if self.has_queue:
            self._move(self.service.tick(), Stop())
        self._load_between(second)
        if overtaken is not None:
            self.schedule.finish(overtaken)

    def teardown(self) -> None:
        try:
            if hasattr(self, "books") and sys.exception() is None:
                settle_model(self.service, self.books)
                if wake_the_frozen(self.service):
                    settle_model(self.service, self.books)
        finally:
            self.schedule.kill_all()
            if hasattr(self, "service"):
                self.service.close()

    @property
    def has_queue(self) -> bool:
        return self.service.installation.has_queue

    def _put(self, key: str, content: ModelContent, copies: int) -> None:
        self.books.contents[content.body] = content
        file = self.service.s3.put(key, content.body)
        if self.has_queue:
            self.notifications.append(notification_of(file))
            for _ in range(copies):
                self.service.queue.put(self.notifications[-1])

    def _load_between(self, commits: int) -> Process | None:
        """Loads the newest message, or by `run`, up to the transaction after so many COMMITs."""
        visible = self.service.queue.visible
        if self.has_queue and not visible:
            return None
        process = self.service.handle(visible[-1]) if self.has_queue else self.commands.run("")
        while process is not None and process.is_paused:
            if commits <= 0 and BEGIN in process.next_step:
                break
            commits -= process.next_step == COMMIT
            self.schedule.go_on(process)
        return process

    def _look(self) -> None:
        judge_the_ended(self.service)
        self.books.check_always()

    def _paused(self, which: int) -> Process:
        return self.schedule.paused[which % len(self.schedule.paused)]

    def _move(self, process: Process | None, stop: Stop) -> None:
        if process is not None:
            self.schedule.go_on_until(process, stop)
            note(f"  {process.name} {process.whereabouts}")
