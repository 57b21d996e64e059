"""Whatever happens, in whatever order: in the end every entry is there once, or rejected, and nothing waits.

Uploads, overwrites, deletions; messages lost, doubled, late and forged; functions and commands that stop before any
step, die, break off, freeze and wake too late; months that move and expire; time, and clocks that differ. The product's
own code lives through all of it, with a real PostgreSQL; S3, the queue and time are the model's.

`make faults` makes up many more lives than `make test`. FAULT_SEED repeats them; a failure shows the shortest found.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.faults.model_machine import Machine
from tests.faults.model_postgres import ModelPostgres
from tests.faults.model_sessions import stepwise_sessions
from tests.faults.scale import SCALE

from ingestor.database import ConnectionParameters

LIVES_IN_A_SECOND = 2
LIVES = round(LIVES_IN_A_SECOND * SCALE.seconds) if SCALE.is_long else 20


@pytest.fixture
def postgres(database_parameters: ConnectionParameters) -> Iterator[ModelPostgres]:
    made = ModelPostgres(database_parameters)
    with stepwise_sessions(made):
        yield made
    made.close()


@pytest.mark.timeout(0)  # finding the shortest life takes Hypothesis minutes
def test_every_entry_is_there_once_whatever_happens(postgres: ModelPostgres) -> None:
    Machine.postgres = postgres
    run_state_machine_as_test(
        seed(SCALE.seed)(Machine),
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=30,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
