"""`ingestor psql`: the same database and schema, and rows as JSON."""

import socket

from tests.integration.conftest import CommandLine
from tests.support.connections import Connect


def test_it_runs_psql_with_its_own_arguments(ingestor: CommandLine) -> None:
    done = ingestor("psql", "-At", "-c", "SELECT current_database(), current_user", "-c", "SELECT 'two'")
    assert done.status == 0
    assert done.stdout.splitlines() == [f"{ingestor.variables['DB_NAME']}|postgres", "two"]


def test_it_reads_standard_input(ingestor: CommandLine) -> None:
    done = ingestor("psql", "-At", stdin=b"SELECT 40 + 2;\n")
    assert done.stdout == "42\n"


def test_the_schema_is_on_the_search_path(ingestor: CommandLine) -> None:
    done = ingestor("psql", "-At", "-c", "SHOW search_path", DB_SCHEMA="app_logs")
    assert done.stdout == "app_logs\n"


def test_its_exit_status_is_psqls(ingestor: CommandLine) -> None:
    assert ingestor("psql", "-c", "SELECT nonsense").status == 1
    assert ingestor("psql", "-v", "ON_ERROR_STOP=1", stdin=b"SELECT nonsense;\n").status == 3


def test_the_password_is_in_no_argument(ingestor: CommandLine) -> None:
    running = ingestor.start("psql", "-At")
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write(
        f"\\! tr '\\0' ' ' < /proc/{running.pid}/cmdline; tr '\\0' ' ' < /proc/$PPID/cmdline\n"
    )
    stdout, _ = running.communicate("\\q\n", timeout=30)
    assert "psql -At" in stdout
    assert ingestor.variables["DB_PASSWORD"] not in stdout


def test_a_server_that_takes_connections_and_never_answers_is_given_up(ingestor: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = str(mute.getsockname()[1])
        answer = ingestor("psql", "-c", "SELECT 1", DB_PORT=port, DB_CONNECT_TIMEOUT="2")
    assert answer.status == 2  # psql's own, for a bad connection
    assert "timeout expired" in answer.stderr


def test_json_prints_the_rows_of_one_query(ingestor: CommandLine) -> None:
    query = """SELECT 1 AS n, 2.50 AS price, 'NaN'::numeric AS nothing, NULL AS none, true AS yes,
        timestamptz '2026-11-23 12:00:00Z' AS at, '{"a":1,"a":123456789012345678901234567890}'::json AS raw"""
    done = ingestor("psql", "--json", "-c", query)
    assert done.status == 0
    assert done.json == [
        {
            "n": 1, "price": 2.5, "nothing": None, "none": None, "yes": True,
            "at": "2026-11-23T12:00:00Z", "raw": {"a": 123456789012345678901234567890},
        }
    ]  # fmt: skip
    assert '{"a":1,"a":123456789012345678901234567890}' in done.stdout


def test_json_takes_statements_without_rows(ingestor: CommandLine, connect: Connect) -> None:
    assert ingestor("psql", "--command=CREATE TABLE mine (n int)", "--json").json == []
    assert connect().execute("SELECT to_regclass('mine') IS NOT NULL").fetchone() == (True,)


def test_json_says_what_is_wrong_with_a_query(ingestor: CommandLine) -> None:
    done = ingestor("psql", "--json", "-c", "SELECT nonsense")
    assert (done.status, done.stdout) == (1, "")
    assert done.stderr.startswith('ingestor: the query failed: column "nonsense" does not exist')


def test_json_without_exactly_one_query_is_wrong_usage(ingestor: CommandLine) -> None:
    for arguments in ((), ("-f", "x.sql"), ("-c", "SELECT 1", "-c", "SELECT 2")):
        done = ingestor("psql", "--json", *arguments)
        assert (done.status, done.stdout) == (2, "")
        assert "--json needs one query" in done.stderr
