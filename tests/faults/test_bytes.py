"""Whatever the bytes: entries that cover them or an error of the tree, however they are cut, and in bounded memory.

Real files and messages are mutated, and what takes a branch of the code that nothing took before is mutated further.
FAULT_SECONDS makes it longer; FAULT_SEED repeats a run. A failure shows the shortest bytes found that still do it.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from random import Random

import pytest
from tests.faults.bytes_corpus import TOKENS, files, sample_messages
from tests.faults.bytes_growth import check_memory, check_work
from tests.faults.bytes_guidance import Guidance, guided_by
from tests.faults.bytes_mutations import mutated, packed
from tests.faults.bytes_outcomes import check_message, check_rows
from tests.faults.bytes_promises import check_file
from tests.faults.bytes_shortening import shortened

SEED = int(os.environ.get("FAULT_SEED", "1"))
SECONDS = float(os.environ.get("FAULT_SECONDS", "0"))
SHARES = {"files": 0.6, "messages": 0.1, "work": 0.15, "memory": 0.15}
"""Of the time."""

pytestmark = pytest.mark.timeout(300 + 2 * SECONDS)

_WATCHED = ("ingestor.formats.json.", "ingestor.log_record.", "ingestor.notifications.")


@pytest.fixture
def rng() -> Random:
    return Random(SEED)  # noqa: S311 - it is to be repeatable


@pytest.fixture
def guidance() -> Iterator[Guidance]:
    with guided_by([each for name, each in sys.modules.items() if name.startswith(_WATCHED)]) as found:
        yield found


def cases(share: float, short: int) -> Iterator[int]:
    """`short` of them, or as many as there is time for."""
    end = time.monotonic() + SECONDS * share
    number = 0
    while time.monotonic() < end if SECONDS else number < short:
        yield number
        number += 1


def hold(check: Callable[[bytes], None], data: bytes) -> None:
    """Fails with the shortest bytes found for which the check fails in the same way."""
    try:
        check(data)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the find
        least = shortened(check, data, type(error))
        pytest.fail(f"FAULT_SEED={SEED}: {error!r:.300}\nfor {least!r}")


def file_promises(cuts: float, data: bytes) -> None:
    check_rows(data)
    check_file(data, Random(cuts))  # noqa: S311 - it is to be repeatable


def message_promises(data: bytes) -> None:
    check_message(data.decode("utf-8", "surrogateescape"))


def test_no_bytes_of_a_file_break_a_promise(guidance: Guidance, rng: Random) -> None:
    corpus, seeds = files(), files()
    for number in cases(SHARES["files"], short=250):
        plain = (
            seeds[number]
            if number < len(seeds)
            else mutated(rng, rng.choice(corpus), [*TOKENS, *corpus[-50:]])
        )
        stored = packed(rng, plain) if rng.random() < 0.4 else plain
        hold(partial(file_promises, rng.random()), stored)
        if guidance.is_new():
            corpus.append(plain)
    assert len(guidance) > 300


def test_no_message_breaks_a_promise(guidance: Guidance, rng: Random) -> None:
    corpus = [body.encode() for body in sample_messages()]
    for _ in cases(SHARES["messages"], short=3_000):
        body = mutated(rng, rng.choice(corpus), [*TOKENS, *corpus])
        hold(message_promises, body)
        if guidance.is_new():
            corpus.append(body)
    assert len(guidance) > 30


def test_the_work_grows_as_the_bytes_do(rng: Random) -> None:
    for _ in cases(SHARES["work"], short=10):
        hold(partial(check_work, fragment(rng), 300_000), fragment(rng))


def test_the_memory_does_not_grow_with_the_bytes(rng: Random) -> None:
    for number in cases(SHARES["memory"], short=4):
        if number % 4:
            hold(partial(check_memory, fragment(rng), 5_000_000), fragment(rng))
        else:
            hold(partial(check_memory, b"", 1_000_000), packed(rng, fragment(rng)))


def fragment(rng: Random) -> bytes:
    data = mutated(rng, rng.choice([each for each in files() if len(each) < 4_000]), TOKENS)
    at = rng.randint(0, len(data))
    return data[at : at + rng.choice((1, 5, 40, 400, 4_000))] or b"{"
