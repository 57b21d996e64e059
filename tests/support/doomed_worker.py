"""A worker that meets its end at a chosen step: its process kills or stops itself before the n-th round trip.

`python doomed_worker.py PARAMETERS_JSON FILE SIGNAL STEP ON_OVERWRITE` prints the outcome, if it lives to see one.
Every round trip to PostgreSQL, COPY's included, passes psycopg's `Connection.wait`: those are the steps.
"""

import itertools
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import psycopg

from ingestor.api import process_local_file
from ingestor.database import ConnectionParameters, Database
from ingestor.settings import OnOverwrite, Settings


def meet_its_end(ending: signal.Signals, step: int) -> None:
    steps = itertools.count(1)
    wait: Callable[..., Any] = psycopg.Connection.wait

    def doomed_wait(*args: object, **kwargs: object) -> object:
        if next(steps) == step:
            os.kill(os.getpid(), ending)
        return wait(*args, **kwargs)

    psycopg.Connection.wait = doomed_wait  # type: ignore[method-assign, assignment]  # the one place all round trips pass


def main() -> None:
    parameters, path, ending, step, on_overwrite = sys.argv[1:]
    connection_parameters = ConnectionParameters(**json.loads(parameters))
    settings = Settings(lease_seconds=1, chunk_rows=2, on_overwrite=OnOverwrite(on_overwrite))
    meet_its_end(signal.Signals[ending], int(step))
    database = Database(lambda: connection_parameters, settings.db_schema)
    result = process_local_file(path, settings=settings, database=database)
    sys.stdout.write(f"{type(result.outcome).__name__}\n")
    database.close()


if __name__ == "__main__":
    main()
