"""Many small objects and some large ones through the queue and the workers at once."""

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, LiteralString

import pytest
from tests.faults.arena import Arena
from tests.faults.conftest import MakeArena
from tests.faults.event_source import EventSource, Invocations
from tests.faults.scale import SCALE
from tests.faults.settling import conclude
from tests.faults.workers import Worker, Workers

POLLERS = 2
MOST_WAITING = 50
LARGE_FILES, LARGE_ENTRIES = (20, 100_000) if SCALE.is_long else (1, 3_000)
FUNCTION_SECONDS = 60.0
GROWTH_KIB = 24 * 1024
"""What a worker may have more at the end than after its first tenth: a chunk of a large file, twice."""

_LAGS: LiteralString = """
SELECT percentile_cont(array[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM processed_at - event_time)),
       count(*), max(extract(epoch FROM processed_at)) - min(extract(epoch FROM event_time))
FROM processed_files WHERE s3_key LIKE %s
"""


@dataclass
class Served:
    """What the workers' memory came to, each time one had answered."""

    memory_kib: list[int] = field(default_factory=list)
    seen: Invocations = field(default_factory=Invocations)
    is_uploaded: threading.Event = field(default_factory=threading.Event)
    troubles: list[str] = field(default_factory=list)


def upload(arena: Arena) -> None:
    """As fast as they are taken, the large ones spread among the small ones."""
    rng = SCALE.rng("load")
    large_every = max(1, SCALE.files // LARGE_FILES)
    for number in range(SCALE.files):
        if number % 20 == 0:
            while arena.waiting(arena.queue_url) > MOST_WAITING:
                time.sleep(0.05)
        arena.notify(arena.upload(f"small/{number:06}.json.gz", rng.choice((1, 2, 5, 10)), rng))
        if number % large_every == large_every // 2:
            arena.notify(arena.upload(f"large/{number:06}.json.gz", LARGE_ENTRIES, rng))


def poll(arena: Arena, worker: Worker, served: Served) -> None:
    source = EventSource(arena, served.seen, seconds=FUNCTION_SECONDS)
    while True:
        was_uploaded = served.is_uploaded.is_set()
        if source.poll(worker):
            served.memory_kib.append(worker.memory_kib())
        elif was_uploaded:
            return
        else:
            time.sleep(0.01)


@pytest.mark.timeout(4 * 3600)
def test_nothing_is_lost_and_no_worker_grows_under_load(
    make_arena: MakeArena, workers: Workers, report: Callable[..., None]
) -> None:
    arena = make_arena(LEASE_SECONDS="120", CHUNK_ROWS="20000", ON_OVERWRITE="skip", MAX_ATTEMPTS="5")
    arena.let_messages_wait(120)
    served = Served()
    began = time.monotonic()

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - a thread of the suite that dies is the suite's failure
            served.troubles.append(f"{type(error).__name__}: {error}")

    forked = [workers.fork("serve") for _ in range(POLLERS)]
    threads = [
        threading.Thread(target=guarded, args=(lambda worker=worker: poll(arena, worker, served),))
        for worker in forked
    ]
    for thread in threads:
        thread.start()
    guarded(lambda: upload(arena))
    served.is_uploaded.set()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - began
    for worker in forked:
        worker.end()
    assert not served.troubles
    assert served.seen == Invocations(answered=served.seen.answered), "an invocation failed"
    conclude(arena, workers, served.seen, report, patience=600, **figures(arena, served, seconds))
    early, late = thirds(served.memory_kib)
    assert late <= early + GROWTH_KIB, f"memory grew from {early} to {late} KiB"


def thirds(memory_kib: list[int]) -> tuple[int, int]:
    """The most within the first third of the invocations, and in all."""
    return max(memory_kib[: max(1, len(memory_kib) // 3)]), max(memory_kib)


def figures(arena: Arena, served: Served, seconds: float) -> dict[str, Any]:
    early, late = thirds(served.memory_kib)
    said: dict[str, Any] = {
        "loaded_in": round(seconds),
        "files_per_second": round(len(arena.uploads) / seconds, 1),
        "max_rss_mib": round(late / 1024, 1),
        "max_rss_mib_of_the_first_third": round(early / 1024, 1),
        "median_rss_mib": round(statistics.median(served.memory_kib) / 1024, 1),
    }
    with arena.connect() as connection:
        for kind in ("small", "large"):
            row = connection.execute(_LAGS, (f"{kind}/%",)).fetchone()
            assert row is not None
            (p50, p99), count, _span = row
            said |= {f"{kind}_files": count, f"{kind}_p50_s": round(p50, 2), f"{kind}_p99_s": round(p99, 2)}
    return said
