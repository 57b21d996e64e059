"""`ingestor local -q`: only failures are printed."""

import pytest
from tests.integration.conftest import CommandLine
from tests.integration.test_cli_local import ENTRIES, WriteLog, rows
from tests.support.connections import Connect


@pytest.mark.parametrize("option", ["-q", "--quiet"])
def test_what_is_loaded_is_not_printed(
    ingestor: CommandLine, write_log: WriteLog, connect: Connect, option: str
) -> None:
    write_log("app.json", [*ENTRIES, "not an object"])
    for _ in range(2):
        done = ingestor("local", option, "app.json")
        assert (done.status, done.stdout, done.stderr) == (0, "", "")
    assert rows(connect) == 5


def test_what_failed_is_printed_and_nothing_else(ingestor: CommandLine, write_log: WriteLog) -> None:
    write_log("app.json", ENTRIES)
    write_log("changed.json", ENTRIES)
    (ingestor.folder / "broken.json").write_text("[1")
    ingestor("local", "changed.json")
    write_log("changed.json", ENTRIES[:2])
    done = ingestor("local", "-q", "app.json", "missing.json", "changed.json", "broken.json")
    assert (done.status, done.stdout) == (1, "")
    first, second = done.stderr.splitlines()
    assert first.startswith("ingestor: missing.json: failed; ")
    assert second.startswith("ingestor: broken.json: failed; ")


def test_json_has_the_failures_alone(ingestor: CommandLine, write_log: WriteLog) -> None:
    write_log("app.json", ENTRIES)
    done = ingestor("local", "-q", "--json", "app.json", "missing.json")
    assert done.status == 1
    assert [each["file"] for each in done.json_lines] == ["missing.json"]


def test_an_embedded_database_is_made_without_a_word(ingestor: CommandLine, write_log: WriteLog) -> None:
    write_log("app.json", ENTRIES)
    alone = ingestor.using(dict.fromkeys(ingestor.variables, ""))
    done = alone("local", "-q", "app.json")
    assert (done.status, done.stdout, done.stderr) == (0, "", "")
    assert alone("local", "app.json").stdout.count("already loaded") == 1
